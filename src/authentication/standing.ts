// Whether a token whose signature is good still stands: everything that may have changed since it
// was made. Asked at every request, so that whatever is withdrawn is withdrawn at once.
import type { Directory } from '#directory';
import type { AccessToken, AccessTokenClaims } from './access-token.ts';
import { decideRevocation } from './revocation.ts';
import { TokenRefused } from './token-refused.ts';

/** Clocks of one installation hardly differ; Entra's own validators allow 300 s. */
const SKEW_S = 60;

/** Issuer of access tokens of version 1: `https://login.D[:port]/{tenantId}/`. */
export function tokenIssuer(login: string, tenantId: string): string {
  return `${login}/${tenantId}/`;
}

/** Issuer of access tokens of version 2, and of id tokens. */
export function tokenIssuerV2(login: string, tenantId: string): string {
  return `${login}/${tenantId}/v2.0`;
}

export interface Expected {
  readonly directory: Directory;
  readonly issuers: readonly string[];
  readonly audiences: ReadonlySet<string>;
  readonly nowS: number;
}

/** Throws TokenRefused, with the reason as a code. */
export function requireStanding({ kid, claims }: AccessToken, expected: Expected): void {
  const { directory, issuers, audiences, nowS } = expected;
  requireKey({ kid, claims }, directory, nowS);
  if (!issuers.includes(claims.iss)) {
    throw new TokenRefused({
      code: 'issuer',
      found: claims.iss,
      expected: issuers[0] ?? '',
    });
  }
  if (claims.tid !== directory.tenantId) {
    throw new TokenRefused({ code: 'tenant', found: claims.tid });
  }
  if (!audiences.has(claims.aud)) {
    throw new TokenRefused({ code: 'audience', found: claims.aud });
  }
  if (claims.nbf > nowS + SKEW_S) throw new TokenRefused({ code: 'notYetValid' });
  if (claims.exp <= nowS - SKEW_S) throw new TokenRefused({ code: 'expired' });
  const what = decideRevocation(directory, claims);
  if (what !== undefined) {
    throw new TokenRefused({ code: 'revoked', what }, claimsChallenge(claims, nowS));
  }
}

/**
 * A key that an emergency withdrew proves nothing any more. Its tokens are still told apart from
 * nonsense, so that clients which understand claims challenges fetch a new one by themselves.
 */
function requireKey({ kid, claims }: AccessToken, { signingKeys }: Directory, nowS: number): void {
  if (signingKeys.verificationKey(kid) !== undefined) return;
  if (signingKeys.recognize(kid) === undefined) throw new TokenRefused({ code: 'unknownKey' });
  throw new TokenRefused({ code: 'revoked', what: 'key' }, claimsChallenge(claims, nowS));
}

/** Asks for a token issued from now on; only of callers that said they understand (`cp1`). */
function claimsChallenge(claims: AccessTokenClaims, nowS: number): string | undefined {
  if (!claims.xms_cc?.some((capability) => capability.toLowerCase() === 'cp1')) return undefined;
  const value = String(Math.floor(nowS));
  const request = { access_token: { nbf: { essential: true, value } } };
  return Buffer.from(JSON.stringify(request)).toString('base64');
}
