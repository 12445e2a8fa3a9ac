// Token → Principal. The signature is checked once per token; everything that may have changed
// since (time, key, principal, application, credential, sessions) is checked at every request, so
// whatever is withdrawn is withdrawn at once.

import type { Directory } from '#directory';
import type { Clock, Principal } from '#kernel';
import { type AccessToken, type AccessTokenClaims, openAccessToken } from './access-token.ts';
import { TokenCache } from './token-cache.ts';
import { type Revocation, TokenRefused } from './token-refused.ts';

/** Clocks of one installation hardly differ; Entra's own validators allow 300 s. */
const SKEW_S = 60;
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

/** Issuer of access tokens: `https://login.D[:port]/{tenantId}/`. */
export function tokenIssuer(login: string, tenantId: string): string {
  return `${login}/${tenantId}/`;
}

export class Authenticator {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #issuer: string;
  readonly #cache = new TokenCache(CACHE_ENTRIES_MAX);
  /** Principals already built, by the token they came from. */
  readonly #principals = new WeakMap<AccessToken, Principal>();

  constructor(options: AuthenticatorOptions) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#issuer = tokenIssuer(options.login, options.directory.tenantId);
  }

  /** `audiences` are the plane's own. Throws TokenRefused, with the reason as a code. */
  authenticate(authorizationHeader: string | undefined, audiences: ReadonlySet<string>): Principal {
    const opened = this.#open(authorizationHeader);
    this.#check(opened, audiences);
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
    const opened = openAccessToken(token, (kid) => signingKeys.verificationKey(kid));
    this.#cache.keep(token, opened);
    return opened;
  }

  #check({ kid, claims }: AccessToken, audiences: ReadonlySet<string>): void {
    if (this.#directory.signingKeys.verificationKey(kid) === undefined) {
      throw new TokenRefused({ code: 'unknownKey' });
    }
    if (claims.iss !== this.#issuer) {
      throw new TokenRefused({ code: 'issuer', found: claims.iss, expected: this.#issuer });
    }
    if (claims.tid !== this.#directory.tenantId) {
      throw new TokenRefused({ code: 'tenant', found: claims.tid });
    }
    if (!audiences.has(claims.aud)) {
      throw new TokenRefused({ code: 'audience', found: claims.aud });
    }
    const nowS = this.#clock.now() / 1000;
    if (claims.nbf > nowS + SKEW_S) throw new TokenRefused({ code: 'notYetValid' });
    if (claims.exp <= nowS - SKEW_S) throw new TokenRefused({ code: 'expired' });
    const what = decideRevocation(this.#directory, claims);
    if (what !== undefined) {
      throw new TokenRefused({ code: 'revoked', what }, claimsChallenge(claims, nowS));
    }
  }
}

/** What has been withdrawn from under a token, or `undefined` if it still stands. */
export function decideRevocation(
  directory: Directory,
  claims: AccessTokenClaims,
): Revocation | undefined {
  const appId = applicationId(claims);
  if (!directory.isEnabled(claims.oid)) return 'principal';
  if (claims.idtyp === 'user') {
    const validFrom = directory.user(claims.oid)?.signInSessionsValidFromDateTime;
    if (validFrom !== undefined && claims.iat * 1000 < Date.parse(validFrom)) return 'session';
    if (directory.servicePrincipalByAppId(appId)?.accountEnabled === false) return 'application';
  }
  if (claims.cred === undefined) return undefined;
  const application = directory.applicationByAppId(appId);
  if (application === undefined) return 'application';
  const { cred } = claims;
  const stands =
    application.passwordCredentials.some(({ keyId }) => keyId === cred) ||
    application.keyCredentials.some(({ keyId }) => keyId === cred) ||
    application.federatedIdentityCredentials.some(
      ({ id, trustedSince }) =>
        id === cred &&
        (trustedSince === undefined || claims.iat * 1000 >= Date.parse(trustedSince)),
    );
  return stands ? undefined : 'credential';
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

function applicationId(claims: AccessTokenClaims): string {
  return claims.appid ?? claims.azp ?? '';
}

const AUDITED_CLAIMS = ['upn', 'name', 'idtyp', 'appidacr', 'scp', 'uti', 'xms_mirid'] as const;

function toPrincipal(claims: AccessTokenClaims): Principal {
  const audited: Record<string, string> = {};
  for (const name of AUDITED_CLAIMS) {
    const value = claims[name];
    if (value !== undefined) audited[name] = value;
  }
  return {
    type: claims.idtyp === 'user' ? 'User' : 'ServicePrincipal',
    tenantId: claims.tid,
    objectId: claims.oid,
    applicationId: applicationId(claims),
    issuer: claims.iss,
    claims: audited,
  };
}

/** Asks for a token issued from now on; only of callers that said they understand (`cp1`). */
function claimsChallenge(claims: AccessTokenClaims, nowS: number): string | undefined {
  if (!claims.xms_cc?.some((capability) => capability.toLowerCase() === 'cp1')) return undefined;
  const value = String(Math.floor(nowS));
  const request = { access_token: { nbf: { essential: true, value } } };
  return Buffer.from(JSON.stringify(request)).toString('base64');
}
