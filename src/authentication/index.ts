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
  TokenRefused,
  type TokenRefusal,
} from './token-refused.ts';
