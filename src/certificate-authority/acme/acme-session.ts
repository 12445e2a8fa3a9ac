// Requests to an ACME server (RFC 8555 §6): each signed by the account's key over its own address
// and a nonce. Every address has to be of the directory's own origin, whatever the server says.
import { createHash, createHmac } from 'node:crypto';
import { type KeyMaterial, publicJwk, sign } from '#cryptography';
import { decodeBase64Url, encodeBase64Url, parse, parseJson, type Schema, z } from '#kernel';
import type { AcmePorts, ReceivedAnswer } from './acme-ports.ts';

/** Some servers turn good nonces down at random, to see that clients try again (§6.5). */
const NONCE_TRIES = 10;
const DETAIL_CHARS_MAX = 500;
const URL_CHARS_MAX = 1024;

const acmeUrl = z.url().max(URL_CHARS_MAX);
const directorySchema = z.looseObject({
  newNonce: acmeUrl,
  newAccount: acmeUrl,
  newOrder: acmeUrl,
});
const problemSchema = z.looseObject({
  type: z.string().max(256).default('about:blank'),
  detail: z.string().default(''),
});

/** The server said no. */
export class AcmeProblem extends Error {
  /** The last part of its type: `rateLimited`, `rejectedIdentifier`, … */
  readonly type: string;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(answer: ReceivedAnswer, nowMs: number) {
    const { type, detail } = readProblem(answer.body);
    super(detail.slice(0, DETAIL_CHARS_MAX));
    this.name = 'AcmeProblem';
    this.type = type.split(':').at(-1) ?? '';
    this.status = answer.status;
    this.retryAfterSeconds = retryAfterSeconds(answer, nowMs);
  }

  /** It may say yes later. */
  get isPassing(): boolean {
    const words = ['rateLimited', 'badNonce'];
    return this.status === 429 || this.status >= 500 || words.includes(this.type);
  }
}

export interface AccountKey {
  readonly key: KeyMaterial;
  /** The account's address, once there is one. */
  readonly kid?: string;
}

export interface ExternalAccount {
  readonly kid: string;
  /** base64url. */
  readonly hmacKey: string;
}

export class AcmeSession {
  readonly #ports: AcmePorts;
  readonly #account: AccountKey;
  #directory: z.infer<typeof directorySchema> | undefined;
  #nonce: string | undefined;

  constructor(ports: AcmePorts, account: AccountKey) {
    this.#ports = ports;
    this.#account = account;
  }

  async directory(): Promise<z.infer<typeof directorySchema>> {
    if (this.#directory === undefined) {
      const url = this.#ports.directory;
      const answer = await this.#ports.send({ url, method: 'GET', headers: {} });
      if (answer.status !== 200) throw new AcmeProblem(answer, this.#ports.clock.now());
      this.#directory = parse(directorySchema, parseJson(answer.body), 'body');
    }
    return this.#directory;
  }

  /** Signed POST; without a payload it only reads (§6.3). Throws AcmeProblem. */
  async post(url: string, payload?: unknown): Promise<ReceivedAnswer> {
    this.#assertOwn(url);
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#ports.send({
        url,
        method: 'POST',
        headers: { 'content-type': 'application/jose+json' },
        body: await this.#sign(url, payload),
      });
      this.#nonce = answer.headers['replay-nonce'];
      if (answer.status < 400) return answer;
      const problem = new AcmeProblem(answer, this.#ports.clock.now());
      if (problem.type !== 'badNonce' || tries === NONCE_TRIES) throw problem;
    }
  }

  async read<T>(url: string, schema: Schema<T>): Promise<T> {
    const { body } = await this.post(url);
    return parse(schema, parseJson(body), 'body');
  }

  /** What proves to the server that whoever answers a challenge holds the account (§8.1). */
  keyAuthorization(token: string): string {
    return `${token}.${thumbprint(this.#account.key)}`;
  }

  /** Binds a new account to one that the server's operator knows (§7.3.4). */
  bindExternalAccount({ kid, hmacKey }: ExternalAccount, url: string): unknown {
    const key = decodeBase64Url(hmacKey);
    if (key === undefined || key.length === 0) throw new TypeError('the HMAC key is not base64url');
    const header = encode({ alg: 'HS256', kid, url });
    const payload = encode(publicJwk(this.#account.key));
    const signature = createHmac('sha256', key).update(`${header}.${payload}`).digest();
    return { protected: header, payload, signature: encodeBase64Url(signature) };
  }

  async #sign(url: string, payload: unknown): Promise<string> {
    const { key, kid } = this.#account;
    const nonce = this.#nonce ?? (await this.#newNonce());
    this.#nonce = undefined;
    const who = kid === undefined ? { jwk: publicJwk(key) } : { kid };
    const header = encode({ alg: 'ES256', nonce, url, ...who });
    const body = payload === undefined ? '' : encode(payload);
    const digest = createHash('sha256').update(`${header}.${body}`).digest();
    const signature = await sign({ key, algorithm: 'ES256', digest });
    return JSON.stringify({
      protected: header,
      payload: body,
      signature: encodeBase64Url(signature),
    });
  }

  async #newNonce(): Promise<string> {
    const { newNonce } = await this.directory();
    this.#assertOwn(newNonce);
    const answer = await this.#ports.send({ url: newNonce, method: 'HEAD', headers: {} });
    const nonce = answer.headers['replay-nonce'];
    if (nonce === undefined) throw new Error('the ACME server gave no nonce');
    return nonce;
  }

  #assertOwn(url: string): void {
    if (new URL(url).origin !== new URL(this.#ports.directory).origin) {
      throw new Error('the ACME server named an address of another server');
    }
  }
}

/** Seconds, or a date; nothing else counts, and nothing beyond a day. */
export function retryAfterSeconds(
  { headers }: Pick<ReceivedAnswer, 'headers'>,
  nowMs: number,
): number | undefined {
  const text = headers['retry-after'] ?? '';
  const seconds = /^\d{1,9}$/.test(text)
    ? Number(text)
    : Math.ceil((Date.parse(text) - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), 86_400) : undefined;
}

/** RFC 7638. */
function thumbprint(key: KeyMaterial): string {
  const jwk = publicJwk(key);
  if (jwk.kty !== 'EC') throw new Error('an account has an EC key');
  const { crv, kty, x, y } = jwk;
  const text = JSON.stringify({ crv, kty, x, y });
  return encodeBase64Url(createHash('sha256').update(text).digest());
}

function encode(value: unknown): string {
  return encodeBase64Url(Buffer.from(JSON.stringify(value)));
}

function readProblem(body: string): z.infer<typeof problemSchema> {
  try {
    return parse(problemSchema, parseJson(body), 'body');
  } catch {
    return { type: 'about:blank', detail: '' };
  }
}
