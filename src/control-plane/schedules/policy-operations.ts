// Role management policies and which role each is for. Every role that can be assigned at a scope
// has one there; changing it asks for the right to write it and for the right to assign the role.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { type RoleManagementPolicy, resourcePath } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { checkAssignableScope } from '../containers.ts';
import { invalidFilter, parseFilter } from '../filter.ts';
import { scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import { parseRoleDefinitionId } from '../role-assignments/role-assignment.ts';
import { changePolicy, findPolicy, policyChangeSchema, policyName } from './policy.ts';
import { renderPolicy, renderPolicyAssignment } from './wire.ts';

const POLICIES = '/{scope}/providers/Microsoft.Authorization/roleManagementPolicies';
const ASSIGNMENTS = '/{scope}/providers/Microsoft.Authorization/roleManagementPolicyAssignments';
const ACTION = 'Microsoft.Authorization/roleManagementPolicies';

/** What is known of the assignments that the policy rules: their role, not who gets them. */
const ROLE = 'Microsoft.Authorization/roleAssignments:RoleDefinitionId';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = {
  versions: armVersions.schedules,
  success: 200,
  errors: [resourceManagerErrors.notFound],
};

export function rolePolicyRows(management: Management): readonly ArmRow[] {
  return [...policyRows(management), ...policyAssignmentRows(management)];
}

function policyRows(management: Management): readonly ArmRow[] {
  const read = { kind: 'action', action: `${ACTION}/read` } as const;
  const names = scopedNames('policyName');
  return [
    armRow({
      ...{ ...base, id: 'RoleManagementPolicies_ListForScope', method: 'GET', path: POLICIES },
      ...{ access: read, audit: 'RoleManagementPolicyList', params: scopedNames() },
      handle: ({ params, request }) =>
        renderList({
          request,
          items: policiesAt(management, params.scope ?? '/', request.query.$filter),
          key: ({ roleDefinitionName }) => roleDefinitionName,
          render: renderPolicy,
        }),
    }),
    armRow({
      ...{ ...base, id: 'RoleManagementPolicies_Get', method: 'GET' },
      ...{ path: `${POLICIES}/{policyName}`, access: read, params: names },
      audit: 'RoleManagementPolicyGet',
      handle: ({ params }) => ({ body: renderPolicy(policyNamed(management, params)) }),
    }),
    armRow({
      ...{ ...base, id: 'RoleManagementPolicies_Update', method: 'PATCH' },
      ...{ path: `${POLICIES}/{policyName}`, params: names, body: policyChangeSchema },
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'RoleManagementPolicyPatch',
      handle: async (call) => {
        const policy = policyNamed(management, call.params);
        checkAssignableScope(management, policy.scope);
        management.require(call, {
          action: 'Microsoft.Authorization/roleAssignments/write',
          scope: policy.scope,
          attributes: { request: { [ROLE]: policy.roleDefinitionName }, partial: true },
        });
        const changed: RoleManagementPolicy = {
          ...changePolicy(policy, call.body.properties.rules ?? []),
          updatedOn: new Date(management.clock.now()).toISOString(),
          updatedBy: callerOf(call).objectId,
        };
        const name = policyName(policy.scope, policy.roleDefinitionName);
        await management.storage
          .view(call.grant)
          .transact(async (transaction) =>
            transaction.put(resourcePath('roleManagementPolicy', name), changed),
          );
        return { body: renderPolicy(changed) };
      },
    }),
  ];
}

function policyAssignmentRows(management: Management): readonly ArmRow[] {
  const access = {
    kind: 'action',
    action: 'Microsoft.Authorization/roleManagementPolicyAssignments/read',
  } as const;
  return [
    armRow({
      ...{ ...base, id: 'RoleManagementPolicyAssignments_ListForScope', method: 'GET' },
      ...{ path: ASSIGNMENTS, access, params: scopedNames() },
      audit: 'RoleManagementPolicyAssignmentList',
      handle: ({ params, request }) =>
        renderList({
          request,
          items: policiesAt(management, params.scope ?? '/', request.query.$filter),
          key: ({ roleDefinitionName }) => roleDefinitionName,
          render: renderPolicyAssignment,
        }),
    }),
    armRow({
      ...{ ...base, id: 'RoleManagementPolicyAssignments_Get', method: 'GET' },
      ...{ path: `${ASSIGNMENTS}/{policyName}`, access, params: scopedNames('policyName') },
      audit: 'RoleManagementPolicyAssignmentGet',
      handle: ({ params }) => {
        const [policy = ''] = (params.policyName ?? '').split('_');
        const found = policyNamed(management, { ...params, policyName: policy });
        return { body: renderPolicyAssignment(found) };
      },
    }),
  ];
}

/** One per role; `roleDefinitionId eq '…'` picks one. */
function policiesAt(
  { resources }: Management,
  scope: string,
  filter: string | undefined,
): readonly RoleManagementPolicy[] {
  let only: string | undefined;
  for (const clause of parseFilter(filter)) {
    if (clause.kind === 'equals' && clause.name === 'roledefinitionid') {
      only = parseRoleDefinitionId(clause.value);
    } else if (clause.name !== 'atscope') {
      throw invalidFilter(filter ?? '');
    }
  }
  return [...resources.roleDefinitions()]
    .filter(({ name }) => only === undefined || name === only)
    .map(({ name }) => findPolicy(resources, { scope, roleDefinitionName: name }));
}

function policyNamed(management: Management, params: PathParams): RoleManagementPolicy {
  const { scope = '/', policyName: wanted = '' } = params;
  for (const role of management.resources.roleDefinitions()) {
    if (policyName(scope, role.name) !== wanted.toLowerCase()) continue;
    return findPolicy(management.resources, { scope, roleDefinitionName: role.name });
  }
  throw new ApiError(resourceManagerErrors.notFound);
}
