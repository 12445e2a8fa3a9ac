export type { AccessToken, AccessTokenClaims } from './access-token.ts';
export {
  type Audiences,
  type ResourceEndpoints,
  type ResourceName,
  resourceAudiences,
} from './audiences.ts';
export { Authenticator, type AuthenticatorOptions } from './authenticator.ts';
export { type ChainLink, decideChain, parseLink, renderLink } from './revocation.ts';
export { tokenIssuer, tokenIssuerV2 } from './standing.ts';
export {
  type Revocation,
  type TokenRefusal,
  TokenRefused,
} from './token-refused.ts';
export { type AssertionContext, openUserAssertion } from './user-assertion.ts';
