// Makes the tokens once it is settled who gets them and for what.
import { isFamilyClient, type User } from '#directory';
import { unixSeconds } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import {
  ACCESS_TOKEN_LIFETIME_S,
  renderAccessTokenClaims,
  type TokenSubject,
} from './access-token.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import { parseClientCapabilities } from './client-capabilities.ts';
import { signJwt } from './jwt.ts';
import type { TargetResource } from './target-resource.ts';
import type { UserScope } from './user-scope.ts';
import { renderClientInfo, renderIdTokenClaims } from './user-tokens.ts';
import type { IssuedTokens, TokenForm } from './wire.ts';

export interface AccessTokenContent {
  readonly client: AuthenticatedClient;
  readonly resource: TargetResource;
  readonly subject: TokenSubject;
  /** The request's `claims` parameter. */
  readonly claims: string | undefined;
}

export async function issueAccessToken(
  context: LoginContext,
  content: AccessTokenContent,
): Promise<IssuedTokens> {
  const { directory, clock, endpoints } = context;
  const nowS = unixSeconds(clock);
  const claims = renderAccessTokenClaims({
    ...content,
    login: endpoints.login,
    tenantId: directory.tenantId,
    clientCapabilities: parseClientCapabilities(content.claims),
    nowS,
  });
  return {
    accessToken: await signJwt(directory.signingKeys.current(), claims),
    issuedAtS: nowS,
    lifetimeS: ACCESS_TOKEN_LIFETIME_S,
    resource: content.resource,
  };
}

export interface UserTokenContent {
  readonly client: AuthenticatedClient;
  readonly user: User;
  readonly scope: UserScope;
  readonly methods: readonly string[];
  readonly signedInAtS: number;
  readonly refreshToken: string | undefined;
  readonly nonce?: string | undefined;
  readonly form: TokenForm;
}

/** Access token, id token, and what MSAL keeps beside them. */
export async function issueUserTokens(
  context: LoginContext,
  content: UserTokenContent,
): Promise<IssuedTokens> {
  const { client, user, scope, methods, signedInAtS, form, refreshToken } = content;
  const { directory, endpoints } = context;
  const { tenantId } = directory;
  const { appId } = client.application;
  const subject = { kind: 'user', user, scopes: scope.granted, methods, signedInAtS } as const;
  const { resource } = scope;
  const issued = await issueAccessToken(context, {
    client,
    resource,
    subject,
    claims: form.claims,
  });
  const idToken = renderIdTokenClaims({
    login: endpoints.login,
    tenantId,
    clientId: appId,
    user,
    nonce: content.nonce,
    nowS: issued.issuedAtS,
  });
  return {
    ...issued,
    scope: scope.echoed.join(' '),
    idToken: await signJwt(directory.signingKeys.current(), idToken),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(form.client_info === '1' ? { clientInfo: renderClientInfo(user, tenantId) } : {}),
    ...(isFamilyClient(appId) ? { familyId: '1' } : {}),
  };
}
