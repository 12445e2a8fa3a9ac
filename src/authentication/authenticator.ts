// Token → Principal. The signature is checked once per token; everything that may have changed
// since (time, key, principal, application, credential, sessions) is checked at every request, so
// whatever is withdrawn is withdrawn at once.

import type { Directory } from '#directory';
import type { Clock, Principal } from '#kernel';
import { type AccessToken, type AccessTokenClaims, openAccessToken } from './access-token.ts';
import { applicationId } from './revocation.ts';
import { requireStanding, tokenIssuer } from './standing.ts';
import { TokenCache } from './token-cache.ts';
import { TokenRefused } from './token-refused.ts';

const CACHE_ENTRIES_MAX = 10_000;
const TOKEN_LENGTH_MAX = 16_384;
/** As clients write it; `BEARER` also takes other letters and more spaces. */
const SCHEME = 'Bearer ';
const BEARER = /^Bearer +([A-Za-z0-9_.-]+) *$/i;

export interface AuthenticatorOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  /** `https://login.D[:port]` */
  readonly login: string;
}

export class Authenticator {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #issuers: readonly string[];
  readonly #cache = new TokenCache(CACHE_ENTRIES_MAX);
  /** Principals already built, by the token they came from. */
  readonly #principals = new WeakMap<AccessToken, Principal>();

  constructor(options: AuthenticatorOptions) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    // Tokens for the planes are of version 1, always; those of version 2 are for applications.
    this.#issuers = [tokenIssuer(options.login, options.directory.tenantId)];
  }

  /** `audiences` are the plane's own. Throws TokenRefused, with the reason as a code. */
  authenticate(authorizationHeader: string | undefined, audiences: ReadonlySet<string>): Principal {
    const opened = this.#open(authorizationHeader);
    requireStanding(opened, {
      directory: this.#directory,
      issuers: this.#issuers,
      audiences,
      nowS: this.#clock.now() / 1000,
    });
    const known = this.#principals.get(opened);
    if (known) return known;
    const principal = toPrincipal(opened.claims);
    this.#principals.set(opened, principal);
    return principal;
  }

  #open(header: string | undefined): AccessToken {
    // Only tokens that opened are kept, so what is found needs no look at its spelling.
    if (header?.startsWith(SCHEME)) {
      const usual = this.#cache.find(header.slice(SCHEME.length));
      if (usual !== undefined) return usual;
    }
    const token = readBearer(header);
    const known = this.#cache.find(token);
    if (known !== undefined) return known;
    const { signingKeys } = this.#directory;
    const opened = openAccessToken(token, (kid) => signingKeys.recognize(kid));
    this.#cache.keep(token, opened);
    return opened;
  }
}

function readBearer(header: string | undefined): string {
  if (header === undefined) throw new TokenRefused({ code: 'missing' });
  if (!/^Bearer(?: |$)/i.test(header)) throw new TokenRefused({ code: 'missing' });
  if (header.length > TOKEN_LENGTH_MAX) throw new TokenRefused({ code: 'malformed' });
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) {
    throw new TokenRefused({ code: header.trim().length > 6 ? 'malformed' : 'missing' });
  }
  return token;
}

const AUDITED_CLAIMS = ['upn', 'name', 'idtyp', 'appidacr', 'scp', 'uti', 'xms_mirid'] as const;

function toPrincipal(claims: AccessTokenClaims): Principal {
  const audited: Record<string, string> = {};
  for (const name of AUDITED_CLAIMS) {
    const value = claims[name];
    if (value !== undefined) audited[name] = value;
  }
  // How he signed in: rules of just-in-time access may ask for a second factor (`mfa`).
  if (claims.amr !== undefined && claims.amr.length > 0) audited.amr = claims.amr.join(' ');
  return {
    type: claims.idtyp === 'user' ? 'User' : 'ServicePrincipal',
    tenantId: claims.tid,
    objectId: claims.oid,
    applicationId: applicationId(claims),
    issuer: claims.iss,
    claims: audited,
  };
}
