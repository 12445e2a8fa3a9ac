// For the tests of this folder: an identity provider that answers what a test says, and remembers
// what it was asked.
import { ManualClock, unixSeconds } from '#kernel';
import type { LocalRequest } from './local-request.ts';
import { TokenCache } from './token-cache.ts';
import type { IssuedToken, TokenQuestion, UpstreamAnswer } from './upstream.ts';

export const IDENTITY = {
  clientId: '11111111-1111-4111-8111-111111111111',
  objectId: '22222222-2222-4222-8222-222222222222',
  resourceId: '/subscriptions/s/resourcegroups/g/providers/P/userAssignedIdentities/worker',
};

export class FakeProvider {
  readonly clock = new ManualClock();
  readonly asked: TokenQuestion[] = [];
  readonly log: string[] = [];
  answer: UpstreamAnswer | undefined;

  readonly tokens = new TokenCache(async (question) => {
    this.asked.push(question);
    return this.answer ?? { kind: 'token', token: this.token() };
  }, this.clock);

  token(changes: Partial<IssuedToken> = {}): IssuedToken {
    const nowS = unixSeconds(this.clock);
    return {
      access_token: `token-${this.asked.length}`,
      expires_on: String(nowS + 3599),
      not_before: String(nowS),
      resource: 'https://vault.example',
      token_type: 'Bearer',
      client_id: IDENTITY.clientId,
      object_id: IDENTITY.objectId,
      msi_res_id: IDENTITY.resourceId,
      ...changes,
    };
  }
}

export const PORT = 40342;

/** As a program on this machine sends it in IMDS's form. */
export function localRequest(changes: Partial<LocalRequest> = {}): LocalRequest {
  return {
    method: 'GET',
    path: '/metadata/identity/oauth2/token',
    query: { 'api-version': '2018-02-01', resource: 'https://vault.example' },
    remoteAddress: '127.0.0.1',
    ...changes,
    headers: { host: `127.0.0.1:${PORT}`, metadata: 'true', ...changes.headers },
  };
}
