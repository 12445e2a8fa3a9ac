// `refresh_token`: goes on with an earlier sign-in, for any resource. The account is looked at anew
// each time, so what was withdrawn since ends here.

import { decideChain } from '#authentication';
import { familyClients, isFamilyClient, type User } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import { issueUserTokens, requireUserAccess } from './issue.ts';
import type { RefreshFamily } from './refresh-token.ts';
import { redeemRefreshToken } from './refresh-token-store.ts';
import {
  requireClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import { requestedUserScope } from './user-scope.ts';
import type { IssuedTokens } from './wire.ts';

export async function refreshTokenGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, view } = request;
  const client = await requireClient(context, form);
  requirePrincipal(context, client);
  const scope = requestedUserScope(context, request);
  const text = requireParameter(form, 'refresh_token');
  const { appId } = client.application;
  const clientIds = isFamilyClient(appId) ? familyClients : new Set([appId]);
  const permit = (session: RefreshFamily) => {
    requireUserAccess(context.directory, {
      client,
      scope,
      user: requireLiveSession(context, session),
    });
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

function requireLiveSession({ directory }: LoginContext, family: RefreshFamily): User {
  const user = directory.user(family.userId);
  if (user === undefined) throw new ApiError(oauthErrors.refreshTokenRevoked);
  if (!user.accountEnabled) throw new ApiError(oauthErrors.userDisabled);
  const validFrom = user.signInSessionsValidFromDateTime;
  if (validFrom !== undefined && family.signedInAtS * 1000 < Date.parse(validFrom)) {
    throw new ApiError(oauthErrors.refreshTokenRevoked);
  }
  if (decideChain(directory, family.chain ?? []) !== undefined) {
    throw new ApiError(oauthErrors.refreshTokenRevoked);
  }
  return user;
}
