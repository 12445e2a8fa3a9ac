// Makes the tokens once it is settled who gets them and for what.
import type { ChainLink } from '#authentication';
import { type Directory, isFamilyClient, type User } from '#directory';
import { unixSeconds } from '#kernel';
import { requireConsent } from '../consent/decide-consent.ts';
import type { LoginContext } from '../login-context.ts';
import type { TargetResource } from '../resource/target-resource.ts';
import type { UserScope } from '../resource/user-scope.ts';
import {
  ACCESS_TOKEN_LIFETIME_S,
  renderAccessTokenClaims,
  type TokenSubject,
} from './access-token.ts';
import { requireUserAssigned, userRoles } from './app-roles.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import { parseClientCapabilities } from './client-capabilities.ts';
import { signJwt } from './jwt.ts';
import { renderClientInfo, renderIdTokenClaims } from './user-tokens.ts';
import type { IssuedTokens, SignedIn, TokenForm } from './wire.ts';

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
    signedIn: signedIn(content),
  };
}

function signedIn({ client, subject }: AccessTokenContent): SignedIn {
  const credential = client.method;
  if (subject.kind === 'app') return { credential, servicePrincipalId: subject.principal.id };
  const { id: userId, userPrincipalName } = subject.user;
  return { credential: subject.methods[0] ?? credential, userId, userPrincipalName };
}

export interface UserTokenContent {
  readonly client: AuthenticatedClient;
  readonly user: User;
  readonly scope: UserScope;
  readonly methods: readonly string[];
  readonly signedInAtS: number;
  readonly refreshToken: string | undefined;
  readonly nonce?: string | undefined;
  /** Of a token that was passed on: by whom. */
  readonly chain?: readonly ChainLink[] | undefined;
  readonly form: TokenForm;
}

export interface UserAccess {
  readonly client: AuthenticatedClient;
  readonly user: User;
  readonly scope: UserScope;
}

export interface GrantedAccess {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/**
 * What the client may have in this person's name. Throws AADSTS50105 for a person who was not
 * assigned to the application, AADSTS65001 where consent is missing. Ask before a refresh token is
 * replaced: what is refused here must not cost the client its session.
 */
export function requireUserAccess(
  directory: Directory,
  { client, user, scope }: UserAccess,
): GrantedAccess {
  const { application } = client;
  const { owner } = scope.resource;
  const principal = directory.servicePrincipalByAppId(application.appId);
  if (principal) requireUserAssigned(directory, user, principal);
  if (owner.kind === 'application') requireUserAssigned(directory, user, owner.principal);
  const scopes = requireConsent(directory, { client: application, user, scope });
  if (owner.kind === 'plane') return { scopes, roles: [] };
  const { appRoles } = owner.application;
  return { scopes, roles: userRoles(directory, user, { appRoles, principal: owner.principal }) };
}

/** Access token, id token, and what MSAL keeps beside them. */
export async function issueUserTokens(
  context: LoginContext,
  content: UserTokenContent,
): Promise<IssuedTokens> {
  const { client, user, scope, methods, signedInAtS, form, refreshToken, chain = [] } = content;
  const { directory } = context;
  const { appId } = client.application;
  const { resource } = scope;
  const access = requireUserAccess(directory, content);
  const { claims } = form;
  const subject = { kind: 'user', user, methods, signedInAtS, chain, ...access } as const;
  const issued = await issueAccessToken(context, { client, resource, subject, claims });
  const idToken = renderIdToken(context, content, issued.issuedAtS);
  return {
    ...issued,
    granted: access.scopes,
    scope: echo(scope, access.scopes),
    idToken: await signJwt(directory.signingKeys.current(), idToken),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(form.client_info === '1' ? { clientInfo: renderClientInfo(user, directory.tenantId) } : {}),
    ...(isFamilyClient(appId) ? { familyId: '1' } : {}),
  };
}

function renderIdToken(
  { directory, endpoints }: LoginContext,
  { client, user, nonce }: UserTokenContent,
  nowS: number,
) {
  const { appId, appRoles } = client.application;
  const principal = directory.servicePrincipalByAppId(appId);
  return renderIdTokenClaims({
    login: endpoints.login,
    tenantId: directory.tenantId,
    clientId: appId,
    user,
    nonce,
    roles: principal ? userRoles(directory, user, { appRoles, principal }) : [],
    nowS,
  });
}

/** What was asked for and what came of it, under the resource's name as the client wrote it. */
function echo({ echoed, resourceName }: UserScope, granted: readonly string[]): string {
  return [...new Set([...granted.map((name) => `${resourceName}/${name}`), ...echoed])].join(' ');
}
