// Role assignments on the wire. Ids of roles are printed in the subscription's form if the
// assignment, or the list that was asked for, lies in one; what was never set is `null`.
import { parseResourceId, type RoleAssignment, scopeParts } from '#resources';

export interface RenderAssignmentOptions {
  /** The answer to the PUT that created it: recorded with `createdBy: null`. */
  readonly created?: boolean;
  /** The scope whose list it stands in: what a subscription inherits is printed in its form. */
  readonly listedAt?: string;
}

export function renderRoleAssignment(
  assignment: RoleAssignment,
  { created, listedAt = '/' }: RenderAssignmentOptions = {},
): unknown {
  const { name, scope, roleDefinitionName } = assignment;
  const formScope = subscriptionOf(scope) === undefined ? listedAt : scope;
  return {
    properties: {
      roleDefinitionId: roleDefinitionIdAt(formScope, roleDefinitionName),
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
  const subscriptionId = subscriptionOf(scope);
  const prefix = subscriptionId === undefined ? '' : `/subscriptions/${subscriptionId}`;
  return `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
}

function subscriptionOf(scope: string): string | undefined {
  const id = parseResourceId(scope);
  return id && scopeParts(id).subscriptionId;
}
