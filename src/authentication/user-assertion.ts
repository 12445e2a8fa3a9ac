// Opens an access token that a client presents as an assertion (on-behalf-of). It has to stand like
// any other, whichever of the two forms it has, and be for one of the names given.
import type { Directory } from '#directory';
import type { Clock } from '#kernel';
import { type AccessTokenClaims, openAccessToken } from './access-token.ts';
import { requireStanding, tokenIssuer, tokenIssuerV2 } from './standing.ts';

export interface AssertionContext {
  readonly directory: Directory;
  readonly clock: Clock;
  /** `https://login.D[:port]` */
  readonly login: string;
  /** Names of the client that presents it. */
  readonly audiences: ReadonlySet<string>;
}

/** Throws TokenRefused. */
export function openUserAssertion(token: string, context: AssertionContext): AccessTokenClaims {
  const { directory, clock, login, audiences } = context;
  const { signingKeys, tenantId } = directory;
  const opened = openAccessToken(token, (kid) => signingKeys.recognize(kid));
  const issuers = [tokenIssuer(login, tenantId), tokenIssuerV2(login, tenantId)];
  requireStanding(opened, { directory, issuers, audiences, nowS: clock.now() / 1000 });
  return opened.claims;
}
