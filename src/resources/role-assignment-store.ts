// Role assignments as records. The same role for the same principal at the same scope can exist
// only once (and once more for each just-in-time schedule), which a claim record guards.

import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import { type Claim, resourcePath, uniquePath } from './paths.ts';
import type { RoleAssignment } from './records.ts';
import { isSameId } from './resource-id.ts';
import { noteAssigned } from './role-definition-store.ts';

/**
 * Creates or updates. Throws RoleAssignmentUpdateNotPermitted if the name stands for another scope,
 * principal or role, RoleAssignmentExists if the same grant has another name.
 */
export async function putRoleAssignment(
  transaction: Transaction,
  assignment: RoleAssignment,
): Promise<{ readonly created: boolean; readonly assignment: RoleAssignment }> {
  const path = resourcePath('roleAssignment', assignment.name);
  const before = await transaction.get<RoleAssignment>(path);
  if (before !== undefined && !isSameGrant(before, assignment)) {
    throw new ApiError(resourceManagerErrors.roleAssignmentUpdate);
  }
  const claimPath = grantPath(assignment);
  const claim = await transaction.get<Claim>(claimPath);
  if (claim !== undefined && !isSameId(claim.owner, assignment.name)) {
    const id = claim.owner.replaceAll('-', '');
    throw new ApiError(resourceManagerErrors.roleAssignmentExists, { id });
  }
  await noteAssigned(transaction, assignment);
  const { createdOn, createdBy } = before ?? assignment;
  const after = { ...assignment, createdOn, createdBy };
  transaction.put<Claim>(claimPath, { owner: assignment.name });
  transaction.put(path, after);
  return { created: before === undefined, assignment: after };
}

/** `undefined` if there is none. */
export async function deleteRoleAssignment(
  transaction: Transaction,
  name: string,
): Promise<RoleAssignment | undefined> {
  const path = resourcePath('roleAssignment', name);
  const before = await transaction.get<RoleAssignment>(path);
  if (before === undefined) return undefined;
  transaction.delete(path);
  transaction.delete(grantPath(before));
  return before;
}

function isSameGrant(a: RoleAssignment, b: RoleAssignment): boolean {
  return (
    isSameId(a.scope, b.scope) &&
    isSameId(a.principalId, b.principalId) &&
    isSameId(a.roleDefinitionName, b.roleDefinitionName) &&
    (a.scheduleId ?? '') === (b.scheduleId ?? '')
  );
}

function grantPath(assignment: RoleAssignment): string {
  const { scope, principalId, roleDefinitionName, scheduleId } = assignment;
  const grant = [scope, principalId, roleDefinitionName, scheduleId ?? ''].join('|');
  return uniquePath('role-assignment', grant);
}
