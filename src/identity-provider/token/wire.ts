// The token endpoint's form and answers. Unknown parameters are ignored (MSAL sends many).
import { type Result, z } from '#kernel';
import type { TargetResource } from '../resource/target-resource.ts';

const SHORT_MAX = 512;
const LONG_MAX = 16_384;
const short = z.string().max(SHORT_MAX).optional();
const long = z.string().max(LONG_MAX).optional();

export const tokenForm = z.object({
  grant_type: short,
  client_id: short,
  client_secret: short,
  client_assertion: long,
  client_assertion_type: short,
  client_info: short,
  username: short,
  password: short,
  refresh_token: short,
  assertion: long,
  requested_token_use: short,
  code: short,
  code_verifier: short,
  redirect_uri: z.string().max(4096).optional(),
  device_code: short,
  scope: long,
  resource: long,
  claims: long,
  'client-request-id': short,
});

export type TokenForm = z.infer<typeof tokenForm>;

/** Who signed in and by what, for the sign-in log. */
export interface SignedIn {
  readonly credential: string;
  /** Of a person or a service principal. */
  readonly userId?: string;
  readonly servicePrincipalId?: string;
  readonly userPrincipalName?: string;
}

/** What a grant produced, before it is put into the dialect that the client spoke. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly issuedAtS: number;
  readonly lifetimeS: number;
  readonly resource: TargetResource;
  readonly signedIn: SignedIn;
  /** Only where a person signed in: `scp`, and `scope` of the v2.0 answer. */
  readonly granted?: readonly string[];
  readonly scope?: string;
  readonly idToken?: string;
  readonly refreshToken?: string;
  readonly clientInfo?: string;
  readonly familyId?: string;
}

/** v2.0 and ADFS: times are numbers (a string crashed az's device login). */
export function renderTokens(issued: IssuedTokens): Readonly<Record<string, unknown>> {
  return {
    token_type: 'Bearer',
    expires_in: issued.lifetimeS,
    ext_expires_in: issued.lifetimeS,
    access_token: issued.accessToken,
    ...renderUserPart(issued),
  };
}

/** v1 with `resource`: times are strings, as Entra's v1 endpoint sends them. */
export function renderTokensV1(issued: IssuedTokens): Readonly<Record<string, unknown>> {
  return {
    token_type: 'Bearer',
    expires_in: String(issued.lifetimeS),
    ext_expires_in: String(issued.lifetimeS),
    expires_on: String(issued.issuedAtS + issued.lifetimeS),
    not_before: String(issued.issuedAtS),
    resource: issued.resource.audience,
    access_token: issued.accessToken,
    ...renderUserPart(issued),
    ...(issued.granted === undefined ? {} : { scope: issued.granted.join(' ') }),
  };
}

function renderUserPart(issued: IssuedTokens): Readonly<Record<string, unknown>> {
  return {
    scope: issued.scope,
    refresh_token: issued.refreshToken,
    id_token: issued.idToken,
    client_info: issued.clientInfo,
    foci: issued.familyId,
  };
}

/** RFC 6749 §5.1: no cache may keep a token. */
export function uncached(body: unknown): Result {
  return { body, headers: { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' } };
}
