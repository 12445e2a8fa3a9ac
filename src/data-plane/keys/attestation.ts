// Who asks for a key to be released: a token in which an attestation service says what runs where.
// Only services that the operator has named are believed, each with the keys he gave for it; the
// token chooses neither issuer, key address nor algorithm.
import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { type RecipientJwk, readRecipient } from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError, type Clock, z } from '#kernel';
import { decideRelease, type ReleaseRules } from './release-policy.ts';

export interface AttestationAuthority {
  /** `iss` of its tokens, and `authority` in release policies. */
  readonly issuer: string;
  /** JSON Web Key Set. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384'];
const SKEW_SECONDS = 60;

/** What a verified token says, and the key of the environment that it speaks for. */
export interface Attested {
  readonly issuer: string;
  readonly claims: JWTPayload;
  readonly recipient: ReturnType<typeof readRecipient>;
  /** `kid` that the environment gave its key. */
  readonly recipientId: string;
}

export class Attestations {
  readonly #keys: ReadonlyMap<string, ReturnType<typeof createLocalJWKSet>>;
  readonly #clock: Clock;

  constructor(authorities: readonly AttestationAuthority[], clock: Clock) {
    this.#keys = new Map(
      authorities.map(({ issuer, jwks }) => [
        withoutSlash(issuer),
        createLocalJWKSet({ keys: [...jwks.keys] }),
      ]),
    );
    this.#clock = clock;
  }

  /** Throws AccessDenied with one text, whatever is wrong; the reason goes to the log. */
  async require(token: string, rules: ReleaseRules): Promise<Attested> {
    const attested = await this.#verify(token);
    const policed = decideRelease(rules, {
      authority: (given) => withoutSlash(given) === withoutSlash(attested.issuer),
      claims: attested.claims,
    });
    if (!policed) throw refused('the policy does not allow this environment');
    return attested;
  }

  async #verify(token: string): Promise<Attested> {
    const issuer = withoutSlash(claimedIssuer(token) ?? '');
    const keys = this.#keys.get(issuer);
    if (keys === undefined) throw refused('no configured authority has issued this token');
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        requiredClaims: ['iss', 'exp'],
        currentDate: new Date(this.#clock.now()),
        clockTolerance: SKEW_SECONDS,
      });
      return { issuer, claims: payload, ...recipientIn(payload) };
    } catch (cause) {
      throw cause instanceof errors.JOSEError ? refused(cause.code) : cause;
    }
  }
}

/** Only to look up which keys to verify with. */
function claimedIssuer(token: string): string | undefined {
  try {
    const { iss }: { readonly iss?: unknown } = decodeJwt(token);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

const recipientSchema = z.object({
  'x-ms-runtime': z.object({
    keys: z
      .array(
        z.looseObject({
          kty: z.string(),
          kid: z.string().max(256).optional(),
          n: z.string().max(1024).optional(),
          e: z.string().max(16).optional(),
          use: z.unknown().optional(),
          key_use: z.unknown().optional(),
          key_ops: z.unknown().optional(),
        }),
      )
      .max(20),
  }),
});

/** Name that Azure's confidential machines give the key that secrets are to be wrapped for. */
const EPHEMERAL_KEY = 'TpmEphemeralEncryptionKey';

function recipientIn(claims: JWTPayload) {
  const found = recipientSchema.safeParse(claims);
  const keys = (found.data?.['x-ms-runtime'].keys ?? []).filter(({ kty }) => kty === 'RSA');
  const chosen = keys.find(({ kid }) => kid === EPHEMERAL_KEY) ?? keys.find(isForEncryption);
  if (chosen?.n === undefined || chosen.e === undefined) throw refused('no key to encrypt for');
  const jwk: RecipientJwk = { n: chosen.n, e: chosen.e };
  try {
    return { recipient: readRecipient(jwk), recipientId: chosen.kid ?? EPHEMERAL_KEY };
  } catch {
    throw refused('the key to encrypt for is not an RSA key of 2048 to 4096 bits');
  }
}

function isForEncryption(jwk: Readonly<Record<string, unknown>>): boolean {
  const uses = [jwk.use, jwk.key_use, jwk.key_ops].flat();
  return uses.some((use) => use === 'enc' || use === 'encrypt' || use === 'wrapKey');
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}

function refused(reason: string): ApiError {
  return new ApiError(keyErrors.attestationUnverified, {}, { reason });
}
