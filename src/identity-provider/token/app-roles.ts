// App roles: what an application says a caller may be, and who was assigned that. They go into the
// token as `roles`; an application may also want nobody at all without one.
// https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps
import type { AppRole, AppRoleAssignment, Directory, ServicePrincipal, User } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { TargetResource } from '../resource/target-resource.ts';

type MemberType = 'User' | 'Application';

/** Values of roles that an application holds on the resource. Throws AADSTS501051. */
export function requireAppRoles(
  directory: Directory,
  client: ServicePrincipal,
  { owner, audience }: TargetResource,
): readonly string[] {
  if (owner.kind === 'plane') return [];
  const { principal: resource, application } = owner;
  const held = heldOn(directory, [client.id], resource);
  if (resource.appRoleAssignmentRequired === true && held.length === 0) {
    throw new ApiError(oauthErrors.clientWithoutAppRole, {
      appId: client.appId,
      displayName: client.displayName,
      resource: audience,
      resourceName: resource.displayName,
    });
  }
  return roleValues(application.appRoles, held, 'Application');
}

/** Values of roles that a person holds on an application, directly or through a group. */
export function userRoles(
  directory: Directory,
  user: User,
  target: { readonly appRoles: readonly AppRole[]; readonly principal: ServicePrincipal },
): readonly string[] {
  const held = heldOn(directory, holders(directory, user), target.principal);
  return roleValues(target.appRoles, held, 'User');
}

/** Throws AADSTS50105 if the application is for those only who were assigned to it. */
export function requireUserAssigned(
  directory: Directory,
  user: User,
  principal: ServicePrincipal,
): void {
  if (principal.appRoleAssignmentRequired !== true) return;
  if (heldOn(directory, holders(directory, user), principal).length > 0) return;
  const { appId, displayName } = principal;
  throw new ApiError(oauthErrors.userWithoutAppRole, { appId, displayName });
}

/** The person and his groups; as in Entra, groups within groups hand no app role down. */
function holders(directory: Directory, user: User): readonly string[] {
  return [user.id, ...directory.directMemberOf(user.id)];
}

function heldOn(
  directory: Directory,
  holderIds: readonly string[],
  resource: ServicePrincipal,
): readonly AppRoleAssignment[] {
  return holderIds
    .flatMap((id) => directory.appRolesHeldBy(id))
    .filter(({ resourceId }) => resourceId === resource.id);
}

function roleValues(
  declared: readonly AppRole[],
  held: readonly AppRoleAssignment[],
  memberType: MemberType,
): readonly string[] {
  const ids = new Set(held.map(({ appRoleId }) => appRoleId));
  return declared.flatMap(({ id, value, isEnabled, allowedMemberTypes }) =>
    value !== null && isEnabled && allowedMemberTypes.includes(memberType) && ids.has(id)
      ? [value]
      : [],
  );
}
