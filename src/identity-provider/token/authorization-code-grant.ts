// `authorization_code`: the code that a browser brought, for tokens. It is bound to the client, the
// redirect URI and the proof key of the request that it answers. Only pages redeem the codes of
// pages (an `Origin` that is registered), and pages redeem no others.
import { oauthErrors, signInErrors } from '#errors';
import { ApiError, type ErrorDefinition } from '#kernel';
import {
  type CodeContent,
  findCode,
  type Redemption,
  redeemCode,
} from '../authorize/authorization-code.ts';
import { decideProofKey } from '../authorize/proof-key.ts';
import { requireOrigin } from '../authorize/redirect-uri.ts';
import { requireAskedConsent } from '../consent/consent.ts';
import type { LoginContext } from '../login-context.ts';
import { requestedUserScope } from '../resource/user-scope.ts';
import { issueUserTokens } from './issue.ts';
import { SPA_LIFETIME_MS } from './refresh-token.ts';
import { newFamily } from './refresh-token-store.ts';
import {
  requireClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import { requireLiveSession } from './user-session.ts';
import type { IssuedTokens, TokenForm } from './wire.ts';

export async function authorizationCodeGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, view } = request;
  const code = requireParameter(form, 'code');
  const content = await findCode(view, code);
  const client = await requireClient(context, form, content?.reply.platform);
  requirePrincipal(context, client);
  if (content === undefined) throw new ApiError(signInErrors.codeMalformed);
  // Before the code is touched: who is at the wrong place cannot spoil it either.
  if (content.reply.clientId !== client.application.appId) {
    throw new ApiError(signInErrors.codeOfAnotherClient);
  }
  requireOrigin(client.application, content.reply.platform, request.origin);
  const scope = requestedUserScope(context, {
    acceptsResource: content.isV1 || request.acceptsResource,
    form: { scope: form.scope ?? content.scope, resource: form.resource ?? content.resource },
  });
  const { userId, methods, signedInAtS, reply } = content;
  const clientId = client.application.appId;
  const isOffline = scope.openid.includes('offline_access') || content.isV1;
  const started = isOffline
    ? newFamily(
        { userId, clientId, methods, signedInAtS, ...boundsOf(context, reply) },
        context.clock,
      )
    : undefined;
  const user = requireLiveSession(context, content);
  requireAskedConsent(context.directory, { client: client.application, user, scope });
  const redemption = await redeemCode(view, code, {
    isRightful: (found) => decideRedemption(found, form) === undefined,
    family: started?.family,
    nowMs: context.clock.now(),
  });
  requireRedeemed(redemption, form);
  return issueUserTokens(context, {
    client,
    user,
    scope,
    methods,
    signedInAtS,
    refreshToken: started?.refreshToken,
    nonce: content.nonce,
    form,
  });
}

function boundsOf({ clock }: LoginContext, { platform }: CodeContent['reply']) {
  return { platform, ...(platform === 'spa' ? { endsMs: clock.now() + SPA_LIFETIME_MS } : {}) };
}

/** What is wrong with the request for this code, if anything. */
function decideRedemption(content: CodeContent, form: TokenForm): ErrorDefinition | undefined {
  if (form.redirect_uri !== content.reply.redirectUri) return signInErrors.codeRedirectUri;
  const isProved = decideProofKey(content.codeChallenge, form.code_verifier);
  return isProved ? undefined : signInErrors.codeVerifierWrong;
}

function requireRedeemed(redemption: Redemption, form: TokenForm): void {
  switch (redemption.verdict) {
    case 'redeemed':
      return;
    case 'unknown':
      throw new ApiError(signInErrors.codeMalformed);
    case 'expired':
      throw new ApiError(signInErrors.codeExpired);
    case 'replayed':
      throw new ApiError(signInErrors.codeRedeemed, {}, { reason: { code: 'CodeReplayed' } });
    case 'refused': {
      const error = decideRedemption(redemption.content, form) ?? oauthErrors.malformedRequest;
      throw new ApiError(error, { redirectUri: form.redirect_uri ?? '' });
    }
  }
}
