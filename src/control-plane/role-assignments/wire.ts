// Role assignments on the wire. Ids of roles are printed in the subscription's form below a
// subscription, without one elsewhere; what was never set is `null`.
import { parseResourceId, type RoleAssignment, scopeParts } from '#resources';

export interface RenderAssignmentOptions {
  /** The answer to the PUT that created it: recorded with `createdBy: null`. */
  readonly created?: boolean;
}

export function renderRoleAssignment(
  assignment: RoleAssignment,
  { created }: RenderAssignmentOptions = {},
): unknown {
  const { name, scope } = assignment;
  return {
    properties: {
      roleDefinitionId: roleDefinitionIdAt(scope, assignment.roleDefinitionName),
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope,
      condition: assignment.condition ?? null,
      conditionVersion: assignment.conditionVersion ?? null,
      createdOn: assignment.createdOn,
      updatedOn: assignment.updatedOn,
      createdBy: created ? null : assignment.createdBy,
      updatedBy: assignment.updatedBy,
      delegatedManagedIdentityResourceId: assignment.delegatedManagedIdentityResourceId ?? null,
      description: assignment.description ?? null,
      canDelegate: assignment.canDelegate,
    },
    id: roleAssignmentId(assignment),
    type: 'Microsoft.Authorization/roleAssignments',
    name,
  };
}

export function roleAssignmentId({ scope, name }: Pick<RoleAssignment, 'scope' | 'name'>): string {
  return `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

export function roleDefinitionIdAt(scope: string, name: string): string {
  const id = parseResourceId(scope);
  const subscriptionId = id && scopeParts(id).subscriptionId;
  const prefix = subscriptionId === undefined ? '' : `/subscriptions/${subscriptionId}`;
  return `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
}
