// One application of a test instance, calling over plain HTTPS with tokens of its own. Tests use it
// to prepare what a client under test then meets, and to send what no client would.
import { z } from '#kernel';
import type { Answer, Sent, Wire } from './wire.ts';

/** What a caller has to know of an instance. */
export interface Endpoints {
  readonly login: string;
  readonly management: string;
  readonly graph: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly vaultSuffix: string;
  readonly wire: Wire;
  vaultUrl(name: string): string;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Object id of the service principal. */
  readonly objectId: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly path: string;
  readonly json?: unknown;
  readonly apiVersion?: string;
  readonly from?: string;
}

export const ARM_VERSIONS = {
  keyVault: '2026-02-01',
  authorization: '2022-04-01',
  resources: '2023-07-01',
} as const;

const TOKEN = z.object({ access_token: z.string(), expires_in: z.number() });

export class Caller {
  readonly endpoints: Endpoints;
  readonly credentials: Credentials;
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(endpoints: Endpoints, credentials: Credentials) {
    this.endpoints = endpoints;
    this.credentials = credentials;
  }

  get objectId(): string {
    return this.credentials.objectId;
  }

  /** An access token for `resource`, kept for the life of this caller. */
  token(resource: string): Promise<string> {
    const known = this.#tokens.get(resource);
    if (known !== undefined) return known;
    const issued = this.issueToken(resource);
    this.#tokens.set(resource, issued);
    return issued;
  }

  /** A new access token, each time. */
  async issueToken(resource: string): Promise<string> {
    const answer = await this.requestToken(resource);
    return answer.expect(200).read(TOKEN).access_token;
  }

  requestToken(resource: string): Promise<Answer> {
    const { login, tenantId, wire } = this.endpoints;
    return wire.send({
      method: 'POST',
      url: `${login}/${tenantId}/oauth2/v2.0/token`,
      form: {
        grant_type: 'client_credentials',
        client_id: this.credentials.clientId,
        client_secret: this.credentials.clientSecret,
        scope: `${resource}/.default`,
      },
    });
  }

  vaultToken(): Promise<string> {
    return this.token(`https://${this.endpoints.vaultSuffix.slice(1)}`);
  }

  /** Resource Manager. The path starts with `/`; the api-version is Key Vault's unless given. */
  async arm(options: CallOptions): Promise<Answer> {
    const { management } = this.endpoints;
    const url = withVersion(management, options, ARM_VERSIONS.keyVault);
    return this.#send(options, { url, token: await this.token(management) });
  }

  /** Microsoft Graph v1.0. The path starts after `/v1.0`. */
  async graph(options: CallOptions): Promise<Answer> {
    const { graph } = this.endpoints;
    return this.#send(options, {
      url: `${graph}/v1.0${options.path}`,
      token: await this.token(graph),
    });
  }

  /** The data plane of one vault. */
  async vault(name: string, options: CallOptions): Promise<Answer> {
    const url = withVersion(this.endpoints.vaultUrl(name), options, '7.6');
    return this.#send(options, { url, token: await this.vaultToken() });
  }

  #send(options: CallOptions, sent: Sent): Promise<Answer> {
    return this.endpoints.wire.send({
      ...sent,
      method: options.method ?? 'GET',
      json: options.json,
      from: options.from,
    });
  }
}

function withVersion(base: string, options: CallOptions, fallback: string): string {
  const separator = options.path.includes('?') ? '&' : '?';
  const version = options.apiVersion ?? fallback;
  return `${base}${options.path}${separator}api-version=${version}`;
}
