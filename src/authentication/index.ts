export type { AccessToken, AccessTokenClaims } from './access-token.ts';
export {
  type Audiences,
  type ResourceEndpoints,
  type ResourceName,
  resourceAudiences,
} from './audiences.ts';
export {
  Authenticator,
  type AuthenticatorOptions,
  decideRevocation,
  tokenIssuer,
} from './authenticator.ts';
export {
  type Revocation,
  type TokenRefusal,
  TokenRefused,
} from './token-refused.ts';
