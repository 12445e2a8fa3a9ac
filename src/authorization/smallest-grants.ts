// For a denied request: the smallest things that could be given so that it would be allowed. Pure.
// It proposes, it changes nothing; whoever reads it decides whether the caller should have access
// at all.
import type { AccessPolicyEntry, RoleDefinition } from '#resources';
import type { RbacQuery } from './rbac.ts';
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

const SUGGESTED_ROLES_MAX = 3;
const KINDS: readonly ActionKind[] = ['action', 'dataAction'];

/**
 * Roles that allow one of the queries, assignable at their scope, the one that gives least first.
 */
export function smallestRoles(
  roles: Iterable<RoleDefinition>,
  queries: readonly RbacQuery[],
): readonly Suggestion[] {
  const compiled = [...roles].map(compileRole);
  const catalogue = actionsNamedBy(compiled);
  const [query] = queries;
  if (query === undefined) return [];
  return compiled
    .filter((role) => isAssignable(role.definition, query.scopes))
    .filter((role) => queries.some((each) => allowsWithoutCondition(role, each)))
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

/** Every action that some role names in full: the yardstick for how much a wildcard gives. */
function actionsNamedBy(roles: readonly CompiledRole[]): Catalogue {
  const permissions = roles.flatMap(({ definition }) => definition.permissions);
  const named = (texts: readonly string[]) =>
    new Set(texts.filter((text) => !text.includes('*')).map((text) => text.toLowerCase()));
  return {
    action: named(permissions.flatMap(({ actions, notActions }) => [...actions, ...notActions])),
    dataAction: named(permissions.flatMap((each) => [...each.dataActions, ...each.notDataActions])),
  };
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
  const patterns = role.definition.permissions.flatMap((each) => [
    ...each.actions,
    ...each.dataActions,
  ]);
  return size + patterns.filter((text) => text.includes('*')).length;
}
