// What a person still has to be asked before an application acts in his name. Microsoft's own
// clients (az, PowerShell) are not asked about, as in Entra; every application of the tenant is.
import { type Directory, directoryRoleIds, wellKnownAppIds } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { TargetResource } from '../resource/target-resource.ts';
import { type ConsentQuestion, decideConsent } from './decide-consent.ts';
import { grantedScopes } from './granted-scopes.ts';

export interface WantedConsent {
  /** Object ids of service principals. */
  readonly clientId: string;
  readonly resourceId: string;
  /** Values of scopes that nobody consented to yet. */
  readonly scopes: readonly string[];
  /** What they mean, for the person. */
  readonly permissions: readonly string[];
  readonly needsAdministrator: boolean;
}

/** `undefined` for a client about which nobody is asked. No scopes: all is consented to. */
export function wantedConsent(
  directory: Directory,
  question: ConsentQuestion,
): WantedConsent | undefined {
  const { client, scope } = question;
  if (directory.applicationByAppId(client.appId) === undefined) return undefined;
  const resourceAppId = appIdOf(scope.resource);
  const clientId = directory.servicePrincipalByAppId(client.appId)?.id;
  const resourceId = directory.servicePrincipalByAppId(resourceAppId)?.id;
  if (clientId === undefined || resourceId === undefined) return undefined;
  if (resourceAppId === client.appId) return undefined;
  return { clientId, resourceId, ...missingOf(directory, question, { clientId, resourceId }) };
}

/**
 * What a person let an application have in a browser it may not stretch with the tokens it got: no
 * other resource without consent. Throws AADSTS65001.
 */
export function requireAskedConsent(directory: Directory, question: ConsentQuestion): void {
  const wanted = wantedConsent(directory, question);
  if (wanted === undefined || wanted.scopes.length === 0) return;
  const { appId, displayName } = question.client;
  throw new ApiError(oauthErrors.consentRequired, { appId, displayName });
}

type Missing = Pick<WantedConsent, 'scopes' | 'permissions' | 'needsAdministrator'>;

function missingOf(
  directory: Directory,
  question: ConsentQuestion,
  ids: { readonly clientId: string; readonly resourceId: string },
): Missing {
  const { owner } = question.scope.resource;
  if (owner.kind === 'application') {
    const { missing } = decideConsent(directory, question);
    return {
      scopes: missing.map(({ value }) => value),
      permissions: missing.map(
        (one) => one.userConsentDisplayName ?? one.adminConsentDisplayName ?? one.value,
      ),
      needsAdministrator: missing.some(({ type }) => type === 'Admin'),
    };
  }
  const { user, scope } = question;
  const held = grantedScopes(directory, { ...ids, userId: user.id });
  const scopes = scope.granted.filter((value) => !held.includes(value));
  return { scopes, permissions: [describePlane(owner.name, scopes)], needsAdministrator: false };
}

/**
 * Who may consent for everyone. To act in the directory as whoever comes by, a Global Administrator
 * too, is a Global Administrator's alone to give.
 */
export function mayConsentForAll(
  directory: Directory,
  userId: string,
  wanted: Pick<WantedConsent, 'resourceId' | 'scopes'>,
): boolean {
  const held = directory.directoryRoles(userId);
  const { globalAdministrator, applicationAdministrator } = directoryRoleIds;
  if (held.has(globalAdministrator)) return true;
  return held.has(applicationAdministrator) && !givesDirectory(directory, wanted);
}

/** More of Microsoft Graph than one's own profile: all that the person may do in the directory. */
export function givesDirectory(
  directory: Directory,
  { resourceId, scopes }: Pick<WantedConsent, 'resourceId' | 'scopes'>,
): boolean {
  const graph = directory.servicePrincipalByAppId(wellKnownAppIds.microsoftGraph)?.id;
  return resourceId === graph && scopes.some((scope) => !PROFILE_SCOPES.has(scope));
}

const PROFILE_SCOPES = new Set(['User.Read', 'openid', 'profile', 'email', 'offline_access', '']);

const PLANES = {
  vault: wellKnownAppIds.keyVault,
  management: wellKnownAppIds.resourceManager,
  graph: wellKnownAppIds.microsoftGraph,
} as const;

const PLANE_WORDS = {
  vault: 'Use secrets, keys and certificates as you, wherever you have access',
  management: 'Manage resources as you, wherever you have access',
  graph: 'Read and manage the directory as you, as far as you may',
} as const;

function appIdOf({ owner }: TargetResource): string {
  return owner.kind === 'plane' ? PLANES[owner.name] : owner.application.appId;
}

function describePlane(name: keyof typeof PLANE_WORDS, scopes: readonly string[]): string {
  const isProfile = name === 'graph' && !scopes.includes('user_impersonation');
  return isProfile ? 'Read your name and your account' : PLANE_WORDS[name];
}
