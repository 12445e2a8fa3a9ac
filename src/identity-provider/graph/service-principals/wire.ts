// Service principals on Microsoft Graph's wire ↔ our records.

import type { Application, ServicePrincipal } from '#directory';
import { isGuid, z } from '#kernel';
import { exposedScopes, renderAppRoles } from '../applications/exposed-permissions.ts';
import { renderPasswords } from '../applications/wire.ts';
import type { WireObject } from '../odata/entity.ts';

const tags = z.array(z.string().max(256)).max(64).nullish();

export const createServicePrincipalBody = z.object({
  appId: z.string().refine(isGuid),
  displayName: z.string().max(256).nullish(),
  accountEnabled: z.boolean().nullish(),
  appRoleAssignmentRequired: z.boolean().nullish(),
  tags,
});

export const updateServicePrincipalBody = z.object({
  accountEnabled: z.boolean().optional(),
  displayName: z.string().min(1).max(256).optional(),
  appRoleAssignmentRequired: z.boolean().optional(),
  tags,
});

export type ServicePrincipalBody = z.infer<typeof updateServicePrincipalBody>;

/** Names and roles that a service principal shows are those of its application. */
export function renderServicePrincipal(
  principal: ServicePrincipal,
  application: Application | undefined,
  tenantId: string,
): WireObject {
  const { appId } = principal;
  return {
    id: principal.id,
    deletedDateTime: principal.deletedDateTime ?? null,
    accountEnabled: principal.accountEnabled,
    alternativeNames:
      principal.managedIdentityResourceId === undefined
        ? []
        : ['isExplicit=True', principal.managedIdentityResourceId],
    appDisplayName: application?.displayName ?? principal.displayName,
    appId,
    appOwnerOrganizationId: application === undefined ? null : tenantId,
    appRoleAssignmentRequired: principal.appRoleAssignmentRequired ?? false,
    createdDateTime: principal.createdDateTime,
    displayName: principal.displayName,
    servicePrincipalNames: [appId, ...(application?.identifierUris ?? [])],
    servicePrincipalType: principal.servicePrincipalType,
    signInAudience: application?.signInAudience ?? null,
    tags: principal.tags,
    appRoles: renderAppRoles(application),
    keyCredentials: [],
    oauth2PermissionScopes: exposedScopes(principal, application),
    passwordCredentials: renderPasswords(application, principal.id),
  };
}
