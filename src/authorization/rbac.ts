// Azure RBAC: deny assignments, then role assignments, at every scope from the target outwards.
// Pure; the decision stops at the first assignment that allows, the explanation looks at all of
// them, and both ask the same questions here.

import type { RoleAssignment } from '#resources';
import type { IndexedAssignment, IndexedDeny } from './assignment-index.ts';
import { type Caller, isCaller } from './caller.ts';
import type { ConditionContext } from './condition/index.ts';
import { evaluateCondition, evaluateDenyCondition } from './condition/index.ts';
import type { AssignmentVerdict, ConsideredAssignment, World } from './decision.ts';
import {
  type ActionKind,
  type CompiledCondition,
  type CompiledPermission,
  permissionMatch,
} from './role.ts';
import type { Scope } from './scope.ts';

export interface RbacQuery {
  readonly caller: Caller;
  readonly kind: ActionKind;
  /** Lower-case. */
  readonly action: string;
  readonly scope: Scope;
  /** Every scope that counts: the target, all above it, management groups too. */
  readonly scopes: readonly string[];
  readonly nowMs: number;
  /** Makes what conditions look at; called only if a condition has to be evaluated. */
  readonly context: () => ConditionContext;
}

export function scopesFor(world: World, scope: Scope): readonly string[] {
  if (scope.container === undefined) return scope.nodes;
  const above = world.managementGroupsAbove(scope.container);
  return above.length === 0 ? scope.nodes : [...scope.nodes, ...above];
}

/** The first deny assignment that forbids the action, if any does. */
export function findDeny(world: World, query: RbacQuery): IndexedDeny | undefined {
  for (const scope of query.scopes) {
    const found = world.deniesAt(scope).find((deny) => judgeDeny(deny, scope, query) === 'denies');
    if (found) return found;
  }
  return undefined;
}

/** Every one that forbids it, for explanations. */
export function findDenies(world: World, query: RbacQuery): readonly IndexedDeny[] {
  return query.scopes.flatMap((scope) =>
    world.deniesAt(scope).filter((deny) => judgeDeny(deny, scope, query) === 'denies'),
  );
}

export interface Considered {
  readonly indexed: IndexedAssignment;
  /** The caller, or the group through which it holds the assignment. */
  readonly principalId: string;
  readonly verdict: AssignmentVerdict;
}

/**
 * Role assignments of the caller at the scope and above it, with what became of each. Up to the
 * first that allows, which is then the last one; or every one, for explanations.
 */
export function considerAssignments(
  world: World,
  query: RbacQuery,
  until: 'allowed' | 'end',
): readonly Considered[] {
  const considered: Considered[] = [];
  visitAssignments(world, query, (indexed, principalId) => {
    const verdict = judgeAssignment(world, indexed, query);
    considered.push({ indexed, principalId, verdict });
    return until === 'allowed' && verdict === 'allows';
  });
  return considered;
}

export function describeConsidered(considered: Considered): ConsideredAssignment {
  const { name, scope, roleDefinitionName } = considered.indexed.assignment;
  const { principalId, verdict } = considered;
  return { assignmentId: name, scope, roleDefinitionName, principalId, verdict };
}

export function judgeAssignment(
  world: World,
  { assignment, condition }: IndexedAssignment,
  query: RbacQuery,
): AssignmentVerdict {
  const lapse = lapseOf(assignment, query.caller.groups, query.nowMs);
  if (lapse !== undefined) return lapse;
  const role = world.role(assignment.roleDefinitionName);
  if (role === undefined) return 'roleNotFound';
  const verdict = judgePermissions(role.permissions, query);
  if (verdict !== 'allows') return verdict;
  if (condition === 'broken') return 'conditionBroken';
  return conditionMet(condition, query) ? 'allows' : 'conditionNotMet';
}

/** Why a time-bound assignment does not count at this moment. `groups` are its holder's. */
export function lapseOf(
  { startsAtMs, endsAtMs, throughGroup }: RoleAssignment,
  groups: ReadonlySet<string>,
  nowMs: number,
): 'notYetActive' | 'expired' | 'groupLeft' | undefined {
  if (startsAtMs !== undefined && nowMs < startsAtMs) return 'notYetActive';
  if (endsAtMs !== undefined && nowMs >= endsAtMs) return 'expired';
  const left = throughGroup !== undefined && !groups.has(throughGroup.toLowerCase());
  return left ? 'groupLeft' : undefined;
}

/** Permissions of one role add up; an exclusion takes away from its own permission only. */
function judgePermissions(
  permissions: readonly CompiledPermission[],
  query: RbacQuery,
): AssignmentVerdict {
  let verdict: AssignmentVerdict = 'actionNotGranted';
  for (const permission of permissions) {
    const match = permissionMatch(permission, query.kind, query.action);
    if (match === 'granted' && conditionMet(permission.condition, query)) return 'allows';
    if (match === 'granted') verdict = 'roleConditionNotMet';
    else if (match === 'excluded' && verdict === 'actionNotGranted') verdict = 'actionExcluded';
  }
  return verdict;
}

function conditionMet(condition: CompiledCondition, query: RbacQuery): boolean {
  if (condition === undefined) return true;
  return condition !== 'broken' && evaluateCondition(condition, query.context());
}

export type DenyVerdict =
  | 'denies'
  | 'childScope'
  | 'otherPrincipal'
  | 'excludedPrincipal'
  | 'otherAction'
  | 'conditionNotMet';

/** `scope` is where the deny assignment was found: the target, or above it. */
export function judgeDeny(indexed: IndexedDeny, scope: string, query: RbacQuery): DenyVerdict {
  const { deny, everyone, principals, excluded, permissions } = indexed;
  const { caller } = query;
  if (deny.doNotApplyToChildScopes && scope !== query.scope.key) return 'childScope';
  if (!everyone && !intersects(principals, caller)) return 'otherPrincipal';
  if (intersects(excluded, caller)) return 'excludedPrincipal';
  const forbidding = permissions.filter(
    (permission) => permissionMatch(permission, query.kind, query.action) === 'granted',
  );
  if (forbidding.length === 0) return 'otherAction';
  return forbidding.some((permission) => denyConditionMet(permission.condition, query))
    ? 'denies'
    : 'conditionNotMet';
}

function denyConditionMet(condition: CompiledCondition, query: RbacQuery): boolean {
  if (condition === undefined || condition === 'broken') return true;
  return evaluateDenyCondition(condition, query.context());
}

function intersects(ids: ReadonlySet<string>, caller: Caller): boolean {
  for (const id of ids) if (isCaller(caller, id)) return true;
  return false;
}

type Visit = (indexed: IndexedAssignment, principalId: string) => boolean;

/**
 * Goes through the shorter of the two lists at each scope: its principals, or the caller's groups.
 */
function visitAssignments(world: World, query: RbacQuery, visit: Visit): void {
  const { caller } = query;
  for (const scope of query.scopes) {
    const atScope = world.assignmentsAt(scope);
    if (atScope === undefined) continue;
    if (atScope.size <= caller.groups.size) {
      for (const [principalId, list] of atScope) {
        if (isCaller(caller, principalId) && list.some((one) => visit(one, principalId))) return;
      }
      continue;
    }
    if (atScope.get(caller.id)?.some((one) => visit(one, caller.id))) return;
    for (const group of caller.groups) {
      if (atScope.get(group)?.some((one) => visit(one, group))) return;
    }
  }
}
