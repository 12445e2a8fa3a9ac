// `refresh_token`: goes on with an earlier sign-in, for any resource. The account is looked at anew
// each time, so what was withdrawn since ends here.

import { familyClients, isFamilyClient } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import { requireOrigin } from '../authorize/redirect-uri.ts';
import { requireAskedConsent } from '../consent/consent.ts';
import type { LoginContext } from '../login-context.ts';
import { requestedUserScope } from '../resource/user-scope.ts';
import { issueUserTokens, requireUserAccess } from './issue.ts';
import type { RefreshFamily } from './refresh-token.ts';
import { findPlatformOf, redeemRefreshToken } from './refresh-token-store.ts';
import {
  requireClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import { requireLiveSession } from './user-session.ts';
import type { IssuedTokens } from './wire.ts';

export async function refreshTokenGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, view } = request;
  const text = requireParameter(form, 'refresh_token');
  const platform = await findPlatformOf(view, text);
  const client = await requireClient(context, form, platform);
  requirePrincipal(context, client);
  const scope = requestedUserScope(context, request);
  const { appId } = client.application;
  const clientIds = isFamilyClient(appId) ? familyClients : new Set([appId]);
  requireOrigin(client.application, platform, request.origin);
  const permit = (session: RefreshFamily) => {
    const user = requireLiveSession(context, session);
    requireUserAccess(context.directory, { client, scope, user });
    if (session.platform === undefined && session.chain === undefined) return;
    requireAskedConsent(context.directory, { client: client.application, user, scope });
  };
  const redeemed = await redeemRefreshToken(view, { text, clientIds, permit }, context.clock);
  const { verdict, family, refreshToken } = redeemed;
  if (family === undefined) throw new ApiError(oauthErrors.refreshTokenInvalid);
  if (verdict === 'expired') throw new ApiError(oauthErrors.refreshTokenExpired);
  if (verdict === 'stolen') {
    const reason = { code: 'RefreshTokenReused', familyId: family.familyId };
    throw new ApiError(oauthErrors.refreshTokenRevoked, {}, { reason });
  }
  const user = requireLiveSession(context, family);
  const { methods, signedInAtS, chain } = family;
  return issueUserTokens(context, {
    client,
    user,
    scope,
    methods,
    signedInAtS,
    refreshToken,
    chain,
    form,
  });
}
