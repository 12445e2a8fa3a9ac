// The rules of role assignments: what a request must say, and what conditions may look at. Who may
// write one is decided with the request's own attributes, so that a conditioned administrator hands
// out only what the condition allows.
import { type Attributes, ConditionSyntaxError, parseCondition } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, isGuid, z } from '#kernel';
import {
  isSameId,
  isWithin,
  type Resources,
  type RoleAssignment,
  type RoleDefinition,
} from '#resources';
import type { Management } from '../management.ts';

const propertiesSchema = z.looseObject({
  roleDefinitionId: z.string(),
  principalId: z.string(),
  principalType: z.string().nullish(),
  description: z.string().max(2048).nullish(),
  condition: z.string().max(16_384).nullish(),
  conditionVersion: z.string().nullish(),
  delegatedManagedIdentityResourceId: z.string().max(2048).nullish(),
  canDelegate: z.boolean().nullish(),
});

/** Versions before 2018 let the properties stand at the top. */
export const roleAssignmentSchema = z.union([
  z.looseObject({ properties: propertiesSchema }).transform(({ properties }) => properties),
  propertiesSchema,
]);

export type RoleAssignmentInput = z.infer<typeof roleAssignmentSchema>;

const ROLE_ID = /(?:^|\/)providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i;

/** The GUID at the end of a role definition's id, in any of its forms, or alone. */
export function parseRoleDefinitionId(id: string): string {
  const name = ROLE_ID.exec(id)?.[1] ?? id;
  if (isGuid(name)) return name.toLowerCase();
  throw new ApiError(resourceManagerErrors.roleDefinitionIdInvalid, { id: id.slice(0, 200) });
}

/** Attributes of `@Request[…]` on write and `@Resource[…]` on delete. */
export function assignmentAttributes(
  assignment: Pick<RoleAssignment, 'roleDefinitionName' | 'principalId' | 'principalType'>,
): NonNullable<Attributes['request']> {
  return {
    'Microsoft.Authorization/roleAssignments:RoleDefinitionId': assignment.roleDefinitionName,
    'Microsoft.Authorization/roleAssignments:PrincipalId': assignment.principalId,
    'Microsoft.Authorization/roleAssignments:PrincipalType': assignment.principalType,
  };
}

const PRINCIPAL_TYPES = ['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device'] as const;

/**
 * The type of the principal, which must exist. Azure lets a client that names the type skip the
 * look-up because its directory replicates; ours does not, so an unknown principal is refused
 * either way.
 */
export function checkPrincipal(
  { directory, tenantId }: Management,
  { principalId, principalType }: Pick<RoleAssignmentInput, 'principalId' | 'principalType'>,
): string {
  if (!isGuid(principalId)) {
    const args = { id: principalId.slice(0, 64) };
    throw new ApiError(resourceManagerErrors.principalIdInvalid, args);
  }
  const given = principalType ?? undefined;
  if (given !== undefined && !PRINCIPAL_TYPES.some((type) => isSameId(type, given))) {
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'principalType' });
  }
  const found = directory.principalType(principalId);
  if (found === undefined) {
    const args = { id: principalId.replaceAll('-', ''), tenantId };
    throw new ApiError(resourceManagerErrors.principalNotFound, args);
  }
  if (given !== undefined && !isSameId(found, given)) {
    const args = { id: principalId.replaceAll('-', ''), found, given };
    throw new ApiError(resourceManagerErrors.principalTypeMismatch, args);
  }
  return found;
}

/** Throws RoleDefinitionDoesNotExist, or if a custom role is not meant for this scope. */
export function checkRole(resources: Resources, name: string, scope: string): RoleDefinition {
  const role = resources.roleDefinition(name);
  if (role === undefined) {
    const id = name.replaceAll('-', '');
    throw new ApiError(resourceManagerErrors.roleDefinitionMissing, { id });
  }
  const assignable = role.assignableScopes.some((one) => isAssignableAt(resources, one, scope));
  if (!assignable) {
    throw new ApiError(resourceManagerErrors.roleNotAssignable, { scope, name });
  }
  return role;
}

function isAssignableAt(resources: Resources, assignableScope: string, scope: string): boolean {
  const outer = assignableScope.startsWith('/') ? assignableScope : `/${assignableScope}`;
  if (isWithin(scope, outer)) return true;
  const group = /^\/providers\/Microsoft\.Management\/managementGroups\/([^/]+)$/i.exec(outer)?.[1];
  return group !== undefined && resources.groupsAbove(scope).some((one) => isSameId(one, group));
}

/** Throws with the position of what is wrong. Only the grammar of version 2.0 is known. */
export function checkCondition({ condition, conditionVersion }: RoleAssignmentInput): {
  readonly condition?: string;
  readonly conditionVersion?: string;
} {
  if (condition == null || condition === '') {
    if (conditionVersion == null || conditionVersion === '') return {};
    throw conditionInvalid('A condition version was given without a condition.');
  }
  const version = conditionVersion ?? '2.0';
  if (version !== '2.0') throw conditionInvalid('The condition version must be 2.0.');
  const parsed = parseCondition(condition);
  if (parsed instanceof ConditionSyntaxError) {
    throw conditionInvalid(
      `The condition is not valid at position ${parsed.position}: ${parsed.message}.`,
    );
  }
  return { condition, conditionVersion: version };
}

function conditionInvalid(detail: string): ApiError {
  return new ApiError(resourceManagerErrors.conditionInvalid, { detail });
}
