// Role definitions at every scope. Built-in ones can be read everywhere; custom ones where they can
// be assigned. Writing one asks for the right at each of its assignable scopes, so that nobody
// makes or widens a role beyond his own reach.
import { resourceManagerErrors } from '#errors';
import { ApiError, isGuid, type Operation, type Result, type z } from '#kernel';
import {
  deleteRoleDefinition,
  isSameId,
  isWithin,
  putRoleDefinition,
  type RoleDefinition,
} from '#resources';
import { armVersions, isVersionSince } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { invalidFilter, parseFilter } from '../filter.ts';
import { type ArmCall, scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import { outerScopes } from '../role-assignments/operations.ts';
import { roleDefinitionIdAt } from '../role-assignments/wire.ts';
import { parseRoleDefinition, roleDefinitionSchema } from './role-definition.ts';

const LIST = '/{scope}/providers/Microsoft.Authorization/roleDefinitions';
const ONE = `${LIST}/{roleDefinitionId}`;
const ACTION = 'Microsoft.Authorization/roleDefinitions';
const CUSTOM_ROLES_MAX = 5000;
/** From this version on even the PUT that creates answers `createdBy: null` (recorded 2025). */
const NO_CREATOR_SINCE = '2022-01-01';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.authorization, success: 200, errors: [] };
const names = scopedNames('roleDefinitionId');

export function roleDefinitionRows(management: Management): readonly ArmRow[] {
  return [...readRows(management), ...writeRows(management)];
}

function readRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'RoleDefinitions_Get',
      method: 'GET',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/read` },
      audit: 'RoleDefinitionGet',
      params: names,
      errors: [
        resourceManagerErrors.roleDefinitionIdInvalid,
        resourceManagerErrors.roleDefinitionMissing,
      ],
      handle: ({ params }) => {
        const { scope = '/', roleDefinitionId: id = '' } = params;
        if (!isGuid(id)) throw new ApiError(resourceManagerErrors.roleDefinitionIdInvalid, { id });
        const role = management.resources.roleDefinition(id);
        if (role === undefined || !isVisibleAt(management, role, scope)) {
          throw new ApiError(resourceManagerErrors.roleDefinitionMissing, { id });
        }
        return { body: renderRoleDefinition(role, scope) };
      },
    }),
    armRow({
      ...base,
      id: 'RoleDefinitions_List',
      method: 'GET',
      path: LIST,
      access: { kind: 'action', action: `${ACTION}/read` },
      audit: 'RoleDefinitionList',
      params: scopedNames(),
      errors: [resourceManagerErrors.invalidFilter],
      handle: (call) => {
        const { scope = '/' } = call.params;
        const matches = roleFilter(management, scope, call.request.query.$filter);
        return renderList({
          request: call.request,
          items: management.resources.roleDefinitions(),
          key: ({ name }) => name,
          render: (role) => renderRoleDefinition(role, scope),
          visible: (role) => isVisibleAt(management, role, scope) && matches(role),
        });
      },
    }),
  ];
}

function writeRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'RoleDefinitions_CreateOrUpdate',
      method: 'PUT',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'RoleDefinitionCreate',
      success: 201,
      params: names,
      body: roleDefinitionSchema,
      errors: [
        resourceManagerErrors.roleDefinitionBuiltIn,
        resourceManagerErrors.roleNameTaken,
        resourceManagerErrors.roleNameEmpty,
        resourceManagerErrors.assignableScopesMissing,
      ],
      handle: (call) => putRole(management, call),
    }),
    armRow({
      ...base,
      id: 'RoleDefinitions_Delete',
      method: 'DELETE',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'RoleDefinitionDelete',
      params: names,
      errors: [resourceManagerErrors.roleInUse],
      handle: async (call) => {
        const { resources, storage } = management;
        const { scope = '/', roleDefinitionId = '' } = call.params;
        const role = resources.roleDefinition(roleDefinitionId);
        if (role === undefined || !isVisibleAt(management, role, scope)) return { status: 204 };
        if (role.type === 'BuiltInRole') {
          throw new ApiError(resourceManagerErrors.roleDefinitionBuiltIn);
        }
        requireAtScopes(management, call, { role, verb: 'delete' });
        const deleted = await storage
          .view(call.grant)
          .transact((transaction) =>
            deleteRoleDefinition(transaction, role.name, () =>
              resources.assignmentIndex().isAssigned(role.name),
            ),
          );
        return deleted ? { body: renderRoleDefinition(deleted, scope) } : { status: 204 };
      },
    }),
  ];
}

async function putRole(
  management: Management,
  call: ArmCall<z.infer<typeof roleDefinitionSchema>>,
): Promise<Result> {
  const { resources, storage } = management;
  const { scope = '/', roleDefinitionId: name = '' } = call.params;
  const writer = { by: callerOf(call).objectId, atMs: management.clock.now() };
  const before = resources.roleDefinition(name);
  if (before?.type === 'BuiltInRole') {
    throw new ApiError(resourceManagerErrors.roleDefinitionBuiltIn);
  }
  const wanted = parseRoleDefinition(name, call.body.properties, writer);
  requireAtScopes(management, call, { role: wanted, verb: 'write' });
  if (before === undefined && resources.customRoles().size >= CUSTOM_ROLES_MAX) {
    throw new ApiError(resourceManagerErrors.roleDefinitionLimit);
  }
  const { created, role } = await storage.view(call.grant).transact((transaction) =>
    putRoleDefinition(transaction, wanted, (there) =>
      // A role that reaches elsewhere too is changed only by who may write it there as well.
      requireAtScopes(management, call, { role: there, verb: 'write' }),
    ),
  );
  const creatorKnown = created && !isVersionSince(call.apiVersion, NO_CREATOR_SINCE);
  return { body: renderRoleDefinition(role, scope, creatorKnown) };
}

interface ScopesQuestion {
  readonly role: RoleDefinition;
  readonly verb: 'write' | 'delete';
}

function requireAtScopes(
  management: Management,
  call: ArmCall,
  { role, verb }: ScopesQuestion,
): void {
  for (const scope of role.assignableScopes) {
    const at = scope.startsWith('/') ? scope : `/${scope}`;
    management.require(call, { action: `${ACTION}/${verb}`, scope: at });
  }
}

/** Where a role can be assigned, above or below `scope`. */
function isVisibleAt({ resources }: Management, role: RoleDefinition, scope: string): boolean {
  const outer = new Set(outerScopes(scope, resources.groupsAbove(scope)));
  return role.assignableScopes.some((text) => {
    const at = (text.startsWith('/') ? text : `/${text}`).toLowerCase();
    return outer.has(at) || isWithin(at, scope);
  });
}

/** `roleName eq`, `type eq`, `atScopeAndBelow()` and `atScope()`; names compare without case. */
function roleFilter(
  { resources }: Management,
  scope: string,
  filter: string | undefined,
): (role: RoleDefinition) => boolean {
  const outer = new Set(outerScopes(scope, resources.groupsAbove(scope)));
  const tests = parseFilter(filter).map((clause) => {
    if (clause.kind === 'equals' && clause.name === 'rolename') {
      return (role: RoleDefinition) => isSameId(role.roleName, clause.value);
    }
    if (clause.kind === 'equals' && clause.name === 'type') {
      return (role: RoleDefinition) => isSameId(role.type, clause.value);
    }
    if (clause.kind === 'call' && clause.name === 'atscopeandbelow') return () => true;
    if (clause.kind === 'call' && clause.name === 'atscope') {
      return (role: RoleDefinition) =>
        role.assignableScopes.some((text) => outer.has(text.toLowerCase()));
    }
    throw invalidFilter(filter ?? '');
  });
  return (role) => tests.every((test) => test(role));
}

/** On PUT that changes an existing one, `createdBy` is null, as recorded. */
export function renderRoleDefinition(role: RoleDefinition, scope: string, created = true): unknown {
  return {
    properties: {
      roleName: role.roleName,
      type: role.type,
      description: role.description,
      assignableScopes: role.assignableScopes,
      permissions: role.permissions,
      createdOn: role.createdOn ?? null,
      updatedOn: role.updatedOn ?? null,
      createdBy: created ? (role.createdBy ?? null) : null,
      updatedBy: role.updatedBy ?? null,
    },
    id: roleDefinitionIdAt(scope, role.name),
    type: 'Microsoft.Authorization/roleDefinitions',
    name: role.name,
  };
}
