// Role assignments at every scope, by name, by id and in lists.
import { resourceManagerErrors } from '#errors';
import { ApiError, isGuid, type Operation, type Result } from '#kernel';
import {
  deleteRoleAssignment,
  isSameId,
  isWithin,
  parseResourceId,
  putRoleAssignment,
  type RoleAssignment,
} from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { checkAssignableScope } from '../containers.ts';
import { invalidFilter, parseFilter } from '../filter.ts';
import { type ArmCall, scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import { refuseLockedWrite } from '../locks/lock.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import {
  assignmentAttributes,
  checkCondition,
  checkPrincipal,
  checkRole,
  parseRoleDefinitionId,
  type RoleAssignmentInput,
  roleAssignmentSchema,
} from './role-assignment.ts';
import { renderRoleAssignment, roleAssignmentId } from './wire.ts';

const LIST = '{scope}/providers/Microsoft.Authorization/roleAssignments';
const ONE = `/${LIST}/{roleAssignmentName}`;
const ACTION = 'Microsoft.Authorization/roleAssignments';
/** Azure's limit for a subscription; ours is for the tenant, to bound the index in memory. */
const ASSIGNMENTS_MAX = 200_000;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.authorization, success: 200, errors: [] };
const names = scopedNames('roleAssignmentName');

export function roleAssignmentRows(management: Management): readonly ArmRow[] {
  return [createRow(management), deleteRow(management), ...readRows(management)];
}

function createRow(management: Management): ArmRow {
  return armRow(
    {
      ...base,
      id: 'RoleAssignments_Create',
      method: 'PUT',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'RoleAssignmentCreate',
      success: 201,
      params: names,
      body: roleAssignmentSchema,
      errors: [
        resourceManagerErrors.principalNotFound,
        resourceManagerErrors.roleDefinitionMissing,
        resourceManagerErrors.roleAssignmentExists,
        resourceManagerErrors.roleAssignmentUpdate,
      ],
      handle: (call) => createAssignment(management, call),
    },
    { decidedBy: 'handler' },
  );
}

/**
 * The decision sees what is asked for, as the condition of the caller's own role may limit it. The
 * type of the principal is the directory's, not the caller's word.
 */
async function createAssignment(
  management: Management,
  call: ArmCall<RoleAssignmentInput>,
): Promise<Result> {
  const { resources, storage } = management;
  const { scope = '/', roleAssignmentName: name = '' } = call.params;
  const input = call.body;
  const roleDefinitionName = parseRoleDefinitionId(input.roleDefinitionId);
  const asked = {
    roleDefinitionName,
    principalId: input.principalId,
    principalType: management.directory.principalType(input.principalId) ?? '',
  };
  const written = roleAssignmentId({ scope, name });
  const grant = management.require(call, {
    action: `${ACTION}/write`,
    scope: written,
    attributes: { request: assignmentAttributes(asked) },
  });
  refuseLockedWrite(management, written);
  if (!isGuid(name))
    throw new ApiError(resourceManagerErrors.roleAssignmentNameInvalid, { id: name });
  const id = checkAssignableScope(management, scope);
  checkRole(resources, roleDefinitionName, scope);
  const principalType = checkPrincipal(management, input);
  if (resources.roleAssignments().size >= ASSIGNMENTS_MAX) {
    throw new ApiError(resourceManagerErrors.roleAssignmentLimit);
  }
  const now = new Date(management.clock.now()).toISOString();
  const by = callerOf(call).objectId;
  const { description, delegatedManagedIdentityResourceId, canDelegate } = input;
  const wanted: RoleAssignment = {
    name: name.toLowerCase(),
    scope: id.text,
    ...asked,
    principalType,
    ...checkCondition(input),
    ...(description != null && { description }),
    ...(delegatedManagedIdentityResourceId != null && { delegatedManagedIdentityResourceId }),
    ...(canDelegate != null && { canDelegate }),
    createdOn: now,
    updatedOn: now,
    createdBy: by,
    updatedBy: by,
  };
  const { assignment } = await storage
    .view(grant)
    .transact((transaction) => putRoleAssignment(transaction, wanted));
  return { body: renderRoleAssignment(assignment, { created: true }) };
}

function deleteRow(management: Management): ArmRow {
  return armRow(
    {
      ...base,
      id: 'RoleAssignments_Delete',
      method: 'DELETE',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'RoleAssignmentDelete',
      params: names,
      handle: async (call) => {
        const assignment = findAssignment(management, call.params);
        if (assignment === undefined) return { status: 204 };
        // Time-bound assignments are ended through their schedule.
        if (assignment.scheduleId !== undefined) return { status: 204 };
        const deleted = await management.storage
          .view(call.grant)
          .transact((transaction) => deleteRoleAssignment(transaction, assignment.name));
        return deleted ? { body: renderRoleAssignment(deleted) } : { status: 204 };
      },
    },
    {
      attributes: (params) => {
        const assignment = findAssignment(management, params);
        return assignment && { resource: assignmentAttributes(assignment) };
      },
    },
  );
}

/** By name, and only at the very scope it was made at. */
function findAssignment(
  { resources }: Management,
  { scope = '/', roleAssignmentName = '' }: PathParams,
): RoleAssignment | undefined {
  const assignment = resources.roleAssignments().get(roleAssignmentName.toLowerCase());
  return assignment && isSameId(assignment.scope, scope) ? assignment : undefined;
}

function readRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'RoleAssignments_Get',
      method: 'GET',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/read` },
      audit: 'RoleAssignmentGet',
      params: names,
      errors: [resourceManagerErrors.roleAssignmentNotFound],
      handle: ({ params }) => {
        const assignment = findAssignment(management, params);
        if (assignment === undefined) {
          const name = params.roleAssignmentName ?? '';
          throw new ApiError(resourceManagerErrors.roleAssignmentNotFound, { name });
        }
        return { body: renderRoleAssignment(assignment) };
      },
    }),
    armRow({
      ...base,
      id: 'RoleAssignments_ListForScope',
      method: 'GET',
      path: `/${LIST}`,
      access: { kind: 'action', action: `${ACTION}/read` },
      audit: 'RoleAssignmentList',
      params: scopedNames(),
      errors: [resourceManagerErrors.invalidFilter],
      handle: (call) => {
        const { scope = '/' } = call.params;
        return renderList({
          request: call.request,
          items: assignmentsFor(management, scope, call.request.query.$filter),
          key: ({ name }) => name,
          render: (assignment) => renderRoleAssignment(assignment, { listedAt: scope }),
        });
      },
    }),
  ];
}

/**
 * At the scope, above it and below it. `atScope()` leaves out what is below; `principalId eq` looks
 * at one principal, `assignedTo()` at one and the groups it belongs to.
 */
export function* assignmentsFor(
  { directory, resources }: Management,
  scope: string,
  filter: string | undefined,
): Iterable<RoleAssignment> {
  const above = outerScopes(scope, resources.groupsAbove(scope));
  let below = true;
  let principals: ReadonlySet<string> | undefined;
  for (const clause of parseFilter(filter)) {
    if (clause.kind === 'call' && clause.name === 'atscope' && clause.argument === undefined) {
      below = false;
    } else if (clause.kind === 'equals' && clause.name === 'principalid') {
      principals = narrowed(principals, [clause.value.toLowerCase()]);
    } else if (clause.kind === 'call' && clause.name === 'assignedto' && clause.argument) {
      const id = clause.argument.toLowerCase();
      principals = narrowed(principals, [id, ...directory.memberOf(id)]);
    } else {
      throw invalidFilter(filter ?? '');
    }
  }
  const index = resources.assignmentIndex();
  if (principals !== undefined) {
    const outer = new Set(above);
    for (const assignment of index.of(principals)) {
      const at = assignment.scope.toLowerCase();
      if (outer.has(at) || (below && isWithin(at, scope))) yield assignment;
    }
    return;
  }
  if (!below) yield* index.at(above);
  else {
    const key = scope.toLowerCase();
    yield* index.at(above.filter((one) => one !== key));
    yield* index.within(scope);
  }
}

/** Two clauses about principals both have to hold. */
function narrowed(
  before: ReadonlySet<string> | undefined,
  ids: readonly string[],
): ReadonlySet<string> {
  return new Set(before === undefined ? ids : ids.filter((id) => before.has(id)));
}

/** The scope itself and everything it lies in, lower-case. */
export function outerScopes(scope: string, managementGroups: readonly string[]): string[] {
  const key = parseResourceId(scope)?.key ?? '/';
  const segments = key === '/' ? [] : key.slice(1).split('/');
  const outer = segments.map((_segment, index) => `/${segments.slice(0, index + 1).join('/')}`);
  const groups = managementGroups.map(
    (name) => `/providers/microsoft.management/managementgroups/${name.toLowerCase()}`,
  );
  return ['/', ...groups, ...outer];
}
