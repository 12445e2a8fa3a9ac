// On-behalf-of: a service that was called with a person's token gets one for the next service,
// still in that person's name. The assertion must stand as it would at the service itself, be for
// this client, and be a person's. What is passed on ends when anything before it in the chain ends.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
import {
  type AccessTokenClaims,
  type ChainLink,
  openUserAssertion,
  parseLink,
  TokenRefused,
} from '#authentication';
import type { User } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import { requireAskedConsent } from '../consent/consent.ts';
import type { LoginContext } from '../login-context.ts';
import { requestedUserScope } from '../resource/user-scope.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import { issueUserTokens, requireUserAccess } from './issue.ts';
import { startFamily } from './refresh-token-store.ts';
import {
  requireConfidentialClient,
  requireParameter,
  requirePrincipal,
  type TokenRequest,
} from './token-request.ts';
import type { IssuedTokens } from './wire.ts';

const ON_BEHALF_OF = 'on_behalf_of';
/** Services in a row that pass one person's token on. */
const CHAIN_MAX = 8;

export async function onBehalfOfGrant(
  context: LoginContext,
  request: TokenRequest,
): Promise<IssuedTokens> {
  const { form, view } = request;
  const client = await requireConfidentialClient(context, form);
  requirePrincipal(context, client);
  const value = requireParameter(form, 'requested_token_use');
  if (value !== ON_BEHALF_OF) throw new ApiError(oauthErrors.onBehalfOfUse, { value });
  const scope = requestedUserScope(context, request);
  const assertion = openAssertion(context, client, requireParameter(form, 'assertion'));
  const user = requirePerson(context, client, assertion);
  requireUserAccess(context.directory, { client, user, scope });
  // For our own planes too: a token for the service alone is no leave to use them in his name.
  requireAskedConsent(context.directory, { client: client.application, user, scope });
  const session = {
    userId: user.id,
    clientId: client.application.appId,
    methods: assertion.amr ?? [],
    signedInAtS: assertion.auth_time ?? assertion.iat,
    chain: extendChain(assertion),
  };
  const isOffline = scope.openid.includes('offline_access') || request.acceptsResource;
  const refreshToken = isOffline ? await startFamily(view, session, context.clock) : undefined;
  return issueUserTokens(context, { ...session, client, user, scope, refreshToken, form });
}

function openAssertion(
  { directory, clock, endpoints }: LoginContext,
  { application }: AuthenticatedClient,
  token: string,
): AccessTokenClaims {
  const { appId, identifierUris, displayName } = application;
  const audiences = new Set([appId, ...identifierUris]);
  try {
    return openUserAssertion(token, { directory, clock, login: endpoints.login, audiences });
  } catch (cause) {
    if (!(cause instanceof TokenRefused)) throw cause;
    const { refusal } = cause;
    const why = { cause, reason: { ...refusal } };
    if (refusal.code === 'expired' || refusal.code === 'notYetValid') {
      throw new ApiError(oauthErrors.onBehalfOfNotInTime, {}, why);
    }
    if (refusal.code === 'revoked') throw new ApiError(oauthErrors.refreshTokenRevoked, {}, why);
    if (refusal.code === 'audience') {
      const audience = refusal.found;
      throw new ApiError(oauthErrors.onBehalfOfAudience, { audience, appId, displayName }, why);
    }
    throw new ApiError(oauthErrors.onBehalfOfInvalid, {}, why);
  }
}

function requirePerson(
  { directory }: LoginContext,
  { application }: AuthenticatedClient,
  assertion: AccessTokenClaims,
): User {
  const user = assertion.idtyp === 'user' ? directory.user(assertion.oid) : undefined;
  if (user && extendChain(assertion).length <= CHAIN_MAX) return user;
  throw new ApiError(oauthErrors.onBehalfOfApplication, { appId: application.appId });
}

/** The chain of what the assertion passes on, its own client at the end. */
function extendChain({ chain = [], appid, azp, cred, iat }: AccessTokenClaims): ChainLink[] {
  const own = { appId: appid ?? azp ?? '', credentialId: cred, issuedAtS: iat };
  return [...chain.map(parseLink), own];
}
