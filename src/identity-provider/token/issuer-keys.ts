// Public keys of outside issuers (Kubernetes, GitHub, …), uploaded with the federated credential or
// fetched from the issuer's own https address. Fetching is a port: this folder opens no connection.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Clock, z } from '#kernel';

/** GETs an https URL and answers its JSON. Follows no redirect; bounds time and size itself. */
export type FetchJson = (url: string) => Promise<unknown>;

const KEPT_MS = 3_600_000;
/** A kid we do not know, or a failure, asks the issuer again, but not more often than this. */
const REFRESH_MS = 60_000;
const ISSUERS_MAX = 100;

const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(100),
});
const configurationSchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

export type KeySet = z.infer<typeof keySetSchema>;

interface Asked {
  readonly answer: Promise<KeySet>;
  readonly askedMs: number;
}

export class IssuerKeys {
  readonly #fetchJson: FetchJson | undefined;
  readonly #clock: Clock;
  readonly #asked = new Map<string, Asked>();

  constructor(fetchJson: FetchJson | undefined, clock: Clock) {
    this.#fetchJson = fetchJson;
    this.#clock = clock;
  }

  /** The issuer's key of this id, or its only one. Rejects if it cannot be had. */
  async find(
    issuer: string,
    options: { readonly uploaded: unknown; readonly kid: string | undefined },
  ): Promise<KeyObject> {
    const { uploaded, kid } = options;
    const { keys } =
      uploaded === undefined ? await this.#fetched(issuer, kid) : keySetSchema.parse(uploaded);
    const named = keys.filter((key) => kid === undefined || key.kid === kid);
    const [only, ...others] = named;
    if (only === undefined || others.length > 0) throw new Error('the issuer has no such key');
    return createPublicKey({ key: only, format: 'jwk' });
  }

  /**
   * One question to an issuer at a time, and its answer, a failure too, stands for a minute: an
   * unsigned assertion is enough to make us ask, and must not become a way to make us knock.
   */
  async #fetched(issuer: string, kid: string | undefined): Promise<KeySet> {
    const asked = this.#asked.get(issuer);
    const ageMs = this.#clock.now() - (asked?.askedMs ?? Number.NEGATIVE_INFINITY);
    if (asked && ageMs < REFRESH_MS) return asked.answer;
    const kept = asked && ageMs < KEPT_MS ? await asked.answer.catch(() => undefined) : undefined;
    if (kept && (kid === undefined || kept.keys.some((key) => key.kid === kid))) return kept;
    if (this.#asked.size >= ISSUERS_MAX) this.#asked.clear();
    const answer = this.#fetch(issuer);
    this.#asked.set(issuer, { answer, askedMs: this.#clock.now() });
    return answer;
  }

  async #fetch(issuer: string): Promise<KeySet> {
    if (this.#fetchJson === undefined) throw new Error('no keys were uploaded for this issuer');
    const base = requireHttps(issuer).replace(/\/$/, '');
    const address = `${base}/.well-known/openid-configuration`;
    const configuration = configurationSchema.parse(await this.#fetchJson(address));
    // OpenID Connect Discovery §4.3: the document must be the issuer's own.
    if (configuration.issuer !== issuer) throw new Error('the document names another issuer');
    return keySetSchema.parse(await this.#fetchJson(requireHttps(configuration.jwks_uri)));
  }
}

function requireHttps(address: string): string {
  if (new URL(address).protocol === 'https:') return address;
  throw new Error('an issuer is reached by https only');
}
