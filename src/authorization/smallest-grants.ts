// For a denied request: the smallest things that could be given so that it would be allowed. Pure.
// It proposes, it changes nothing; whoever reads it decides whether the caller should have access
// at all.
import type { AccessPolicyEntry, RoleDefinition } from '#resources';
import type { ExplainableWorld } from './decision.ts';
import { considerAssignments, findDenies, type RbacQuery } from './rbac.ts';
import { type ActionKind, type CompiledRole, compileRole, permissionMatch } from './role.ts';
import { parseScope } from './scope.ts';

export type Suggestion =
  | {
      readonly kind: 'roleAssignment';
      readonly principalId: string;
      readonly roleDefinitionName: string;
      readonly roleName: string;
      readonly scope: string;
    }
  | {
      readonly kind: 'accessPolicy';
      readonly objectId: string;
      readonly permissions: AccessPolicyEntry['permissions'];
    }
  | { readonly kind: 'removeDenyAssignment'; readonly denyAssignmentId: string }
  | { readonly kind: 'ipRule'; readonly value: string };

/** One thing that stands in the way; any one of the suggestions takes it out of the way. */
export interface Remedy {
  readonly obstacle: 'network' | 'denyAssignment' | 'grantMissing';
  readonly anyOf: readonly Suggestion[];
}

const SUGGESTED_ROLES_MAX = 3;
// A tenant may have 5,000 custom roles; weighing all of them in full would hold up other requests.
const WEIGHED_ROLES_MAX = 100;
const NAMED_ACTIONS_MAX = 500;
const KINDS: readonly ActionKind[] = ['action', 'dataAction'];

/**
 * All that is needed for the first query to be allowed, or for one of the others, which are enough
 * as well: denials of the first have to go, and a role has to allow one that is not denied.
 */
export function rbacRemedies(
  world: ExplainableWorld,
  queries: readonly RbacQuery[],
): readonly Remedy[] {
  const [first, ...others] = queries;
  if (first === undefined) return [];
  const open = [first, ...others.filter((query) => findDenies(world, query).length === 0)];
  const granted = open.some(
    (query) => considerAssignments(world, query, 'allowed').at(-1)?.verdict === 'allows',
  );
  const denials = findDenies(world, first).map(
    ({ deny }): Remedy => ({
      obstacle: 'denyAssignment',
      anyOf: [{ kind: 'removeDenyAssignment', denyAssignmentId: deny.name }],
    }),
  );
  if (granted) return denials;
  return [...denials, { obstacle: 'grantMissing', anyOf: smallestRoles(world.roles(), open) }];
}

/**
 * Roles that allow one of the queries, assignable at their scope, the one that gives least first.
 */
function smallestRoles(
  roles: Iterable<RoleDefinition>,
  queries: readonly RbacQuery[],
): readonly Suggestion[] {
  const [query] = queries;
  if (query === undefined) return [];
  const definitions = [...roles];
  const catalogue = actionsNamedBy(definitions);
  const candidates = definitions
    .filter((definition) => isAssignable(definition, query.scopes))
    .map(compileRole)
    .filter((role) => queries.some((each) => allowsWithoutCondition(role, each)))
    .sort((a, b) => wildcardsOf(a.definition) - wildcardsOf(b.definition))
    .slice(0, WEIGHED_ROLES_MAX);
  return candidates
    .map((role) => ({ definition: role.definition, size: sizeOf(role, catalogue) }))
    .sort((a, b) => a.size - b.size || (a.definition.roleName < b.definition.roleName ? -1 : 1))
    .slice(0, SUGGESTED_ROLES_MAX)
    .map(({ definition }) => ({
      kind: 'roleAssignment',
      principalId: query.caller.id,
      roleDefinitionName: definition.name,
      roleName: definition.roleName,
      scope: query.scope.key,
    }));
}

/** `permissions` are `<type>/<name>`, each of which is enough. */
export function smallestPolicies(
  objectId: string,
  permissions: readonly string[],
): readonly Suggestion[] {
  return permissions.map((permission) => {
    const [type = '', name = ''] = permission.split('/');
    return { kind: 'accessPolicy', objectId, permissions: { [type]: [name] } };
  });
}

function allowsWithoutCondition(role: CompiledRole, query: RbacQuery): boolean {
  return role.permissions.some(
    (permission) =>
      permission.condition === undefined &&
      permissionMatch(permission, query.kind, query.action) === 'granted',
  );
}

function isAssignable(definition: RoleDefinition, scopes: readonly string[]): boolean {
  return definition.assignableScopes.some((text) => {
    const scope = parseScope(text);
    return scope !== undefined && scopes.includes(scope.key);
  });
}

type Catalogue = Readonly<Record<ActionKind, ReadonlySet<string>>>;

/** Actions that some role names in full, built-in roles first: the yardstick for a wildcard. */
function actionsNamedBy(roles: readonly RoleDefinition[]): Catalogue {
  const named: Record<ActionKind, Set<string>> = { action: new Set(), dataAction: new Set() };
  const permissions = roles.flatMap((role) => role.permissions);
  for (const { actions, notActions, dataActions, notDataActions } of permissions) {
    for (const text of [...actions, ...notActions]) addNamed(named.action, text);
    for (const text of [...dataActions, ...notDataActions]) addNamed(named.dataAction, text);
  }
  return named;
}

function addNamed(names: Set<string>, text: string): void {
  if (names.size < NAMED_ACTIONS_MAX && !text.includes('*')) names.add(text.toLowerCase());
}

/** Known actions it gives; a wildcard weighs one more, for what nobody has named yet. */
function sizeOf(role: CompiledRole, catalogue: Catalogue): number {
  let size = 0;
  for (const kind of KINDS) {
    for (const action of catalogue[kind]) {
      if (role.permissions.some((each) => permissionMatch(each, kind, action) === 'granted')) {
        size += 1;
      }
    }
  }
  return size + wildcardsOf(role.definition);
}

function wildcardsOf({ permissions }: RoleDefinition): number {
  const patterns = permissions.flatMap(({ actions, dataActions }) => [...actions, ...dataActions]);
  return patterns.filter((text) => text.includes('*')).length;
}
