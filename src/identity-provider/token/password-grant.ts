// `password`: a person's name and password, handed over by the client. Only where no second factor
// and no change of password is due.
import { signInErrors } from '#errors';
import { ApiError, unixSeconds } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import { requestedUserScope } from '../resource/user-scope.ts';
import { notBeforeSessionCut } from './access-token.ts';
import { issueUserTokens } from './issue.ts';
import { startFamily } from './refresh-token-store.ts';
import {
  requireClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import { signInByPassword } from './user-sign-in.ts';
import type { IssuedTokens } from './wire.ts';

const METHODS = ['pwd'];

export async function passwordGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, view, clientAddress } = request;
  const client = await requireClient(context, form);
  requirePrincipal(context, client);
  const scope = requestedUserScope(context, request);
  const user = await signInByPassword(context, {
    userName: requireParameter(form, 'username'),
    password: requireParameter(form, 'password'),
    clientAddress,
  });
  // There is nobody to ask for the second one.
  if (context.directory.hasSecondFactor(user.id)) {
    const { audience } = scope.resource;
    throw new ApiError(signInErrors.secondFactorRequiredGrant, { resource: audience });
  }
  const signedInAtS = notBeforeSessionCut(user, unixSeconds(context.clock));
  const clientId = client.application.appId;
  const family = { userId: user.id, clientId, methods: METHODS, signedInAtS };
  const isOffline = scope.openid.includes('offline_access') || request.acceptsResource;
  const refreshToken = isOffline ? await startFamily(view, family, context.clock) : undefined;
  return issueUserTokens(context, {
    client,
    user,
    scope,
    methods: METHODS,
    signedInAtS,
    refreshToken,
    form,
  });
}
