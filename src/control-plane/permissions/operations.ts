// What the caller may do at a scope: the permissions of every role that reaches it, as Azure's
// portal and clients ask before they offer something. It tells only of the caller himself.
import { lapseOf } from '#authorization';
import type { Operation } from '#kernel';
import type { RoleAssignment, RolePermission } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { scopedNames } from '../handling.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import { outerScopes } from '../role-assignments/operations.ts';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.authorization, success: 200, errors: [] };

export function permissionRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Permissions_ListForScope',
      method: 'GET',
      path: '/{scope}/providers/Microsoft.Authorization/permissions',
      access: { kind: 'authenticated' },
      audit: 'PermissionList',
      params: scopedNames(),
      handle: (call) => {
        const { objectId } = callerOf(call);
        const value = permissionsOf(management, objectId, call.params.scope ?? '/');
        return { body: { value } };
      },
    }),
  ];
}

function permissionsOf(
  management: Management,
  objectId: string,
  scope: string,
): readonly RolePermission[] {
  const { resources, directory, clock } = management;
  const outer = new Set(outerScopes(scope, resources.groupsAbove(scope)));
  const groups = directory.memberOf(objectId);
  const principals = new Set([objectId.toLowerCase(), ...groups]);
  const nowMs = clock.now();
  const permissions: RolePermission[] = [];
  for (const assignment of resources.assignmentIndex().of(principals)) {
    if (!outer.has(assignment.scope.toLowerCase())) continue;
    if (lapseOf(assignment, groups, nowMs) !== undefined) continue;
    const role = resources.roleDefinition(assignment.roleDefinitionName);
    permissions.push(...(role?.permissions ?? []).map((one) => conditioned(one, assignment)));
  }
  return permissions;
}

function conditioned(permission: RolePermission, assignment: RoleAssignment): RolePermission {
  const { condition, conditionVersion } = assignment;
  if (condition === undefined) return permission;
  return { ...permission, condition, ...(conditionVersion && { conditionVersion }) };
}
