// One token service behind every address of the token endpoint: it finds the grant and runs it. The
// addresses differ only in how the resource is named and how the answer is written.
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import { authorizationCodeGrant } from './authorization-code-grant.ts';
import { clientCredentialsGrant } from './client-credentials-grant.ts';
import { DEVICE_CODE_GRANT, deviceCodeGrant } from './device-code-grant.ts';
import { onBehalfOfGrant } from './on-behalf-of-grant.ts';
import { passwordGrant } from './password-grant.ts';
import { refreshTokenGrant } from './refresh-token-grant.ts';
import { requireParameter, type TokenRequest } from './token-request.ts';
import type { IssuedTokens } from './wire.ts';

type Grant = (context: LoginContext, request: TokenRequest) => Promise<IssuedTokens>;

const grants: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', authorizationCodeGrant],
  ['client_credentials', clientCredentialsGrant],
  ['device_code', deviceCodeGrant],
  [DEVICE_CODE_GRANT, deviceCodeGrant],
  ['password', passwordGrant],
  ['urn:ietf:params:oauth:grant-type:jwt-bearer', onBehalfOfGrant],
  ['refresh_token', refreshTokenGrant],
]);

/** Throws Entra's refusals. */
export function grantTokens(context: LoginContext, request: TokenRequest): Promise<IssuedTokens> {
  const grantType = requireParameter(request.form, 'grant_type');
  const grant = grants.get(grantType);
  if (grant === undefined) throw new ApiError(oauthErrors.grantUnsupported, { grantType });
  return grant(context, request);
}
