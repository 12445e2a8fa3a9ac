// Custom roles as records. A role's name is unique in the tenant, built-in ones included; a role
// that is assigned to someone cannot be deleted.

import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import { builtInRoles } from './built-in-roles.ts';
import { type Claim, resourcePath, uniquePath } from './paths.ts';
import type { RoleAssignment, RoleDefinition } from './records.ts';
import { isSameId } from './resource-id.ts';

/**
 * Creates or replaces. Throws RoleDefinitionExists or RoleDefinitionWithSameNameExists, or what
 * `mayReplace` throws of the role that is there, which may be newer than what the caller has seen.
 */
export async function putRoleDefinition(
  transaction: Transaction,
  role: RoleDefinition,
  mayReplace: (before: RoleDefinition) => void,
): Promise<{ readonly created: boolean; readonly role: RoleDefinition }> {
  refuseBuiltIn(role);
  const path = resourcePath('roleDefinition', role.name);
  const before = await transaction.get<RoleDefinition>(path);
  if (before !== undefined) mayReplace(before);
  const claimPath = uniquePath('role-name', role.roleName);
  const claim = await transaction.get<Claim>(claimPath);
  if (claim !== undefined && !isSameId(claim.owner, role.name)) {
    throw new ApiError(resourceManagerErrors.roleNameTaken);
  }
  if (before !== undefined && !isSameId(before.roleName, role.roleName)) {
    transaction.delete(uniquePath('role-name', before.roleName));
  }
  const created = before === undefined;
  const after: RoleDefinition = {
    ...role,
    ...(before?.createdOn !== undefined && { createdOn: before.createdOn }),
    ...(before?.createdBy !== undefined && { createdBy: before.createdBy }),
  };
  transaction.put<Claim>(claimPath, { owner: role.name });
  transaction.put(path, after);
  return { created, role: after };
}

/**
 * `undefined` if there is none. Throws RoleDefinitionHasAssignments. Having read when the role was
 * last assigned, the deletion does not commit if it is assigned in the meantime.
 */
export async function deleteRoleDefinition(
  transaction: Transaction,
  name: string,
  isAssigned: () => boolean,
): Promise<RoleDefinition | undefined> {
  const path = resourcePath('roleDefinition', name);
  const before = await transaction.get<RoleDefinition>(path);
  if (before === undefined) return undefined;
  await transaction.get<Claim>(lastAssignedPath(name));
  if (isAssigned()) throw new ApiError(resourceManagerErrors.roleInUse);
  transaction.delete(lastAssignedPath(name));
  transaction.delete(path);
  transaction.delete(uniquePath('role-name', before.roleName));
  return before;
}

/**
 * Called when the role is assigned: it must be there, and its deletion at the same moment has to
 * look again. Written without being read, so that assignments of one role do not meet each other.
 */
export async function noteAssigned(
  transaction: Transaction,
  { roleDefinitionName, name }: Pick<RoleAssignment, 'roleDefinitionName' | 'name'>,
): Promise<void> {
  if (builtInRoles.some((role) => isSameId(role.name, roleDefinitionName))) return;
  const path = resourcePath('roleDefinition', roleDefinitionName);
  if ((await transaction.get<RoleDefinition>(path)) === undefined) {
    const id = roleDefinitionName.replaceAll('-', '');
    throw new ApiError(resourceManagerErrors.roleDefinitionMissing, { id });
  }
  transaction.put<Claim>(lastAssignedPath(roleDefinitionName), { owner: name });
}

function lastAssignedPath(roleDefinitionName: string): string {
  return uniquePath('role-last-assigned', roleDefinitionName);
}

function refuseBuiltIn(role: RoleDefinition): void {
  if (builtInRoles.some(({ name }) => isSameId(name, role.name))) {
    throw new ApiError(resourceManagerErrors.roleDefinitionBuiltIn);
  }
  if (builtInRoles.some(({ roleName }) => isSameId(roleName, role.roleName))) {
    throw new ApiError(resourceManagerErrors.roleNameTaken);
  }
}
