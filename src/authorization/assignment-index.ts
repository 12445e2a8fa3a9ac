// Role and deny assignments by scope and principal, kept current one change at a time. A decision
// looks at the scopes above its target only, so its cost does not grow with the number of
// assignments.
import type { DenyAssignment, RoleAssignment } from '#resources';
import {
  type CompiledCondition,
  type CompiledPermission,
  compileCondition,
  compilePermission,
} from './role.ts';
import { parseScope } from './scope.ts';

export interface IndexedAssignment {
  readonly assignment: RoleAssignment;
  readonly condition: CompiledCondition;
}

export interface IndexedDeny {
  readonly deny: DenyAssignment;
  readonly everyone: boolean;
  readonly principals: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
  readonly permissions: readonly CompiledPermission[];
}

/** Principal id (lower-case) → its assignments at one scope. */
export type AssignmentsAtScope = ReadonlyMap<string, readonly IndexedAssignment[]>;

const EVERYONE = '00000000-0000-0000-0000-000000000000';

export class AssignmentIndex {
  readonly #byScope = new Map<string, Map<string, IndexedAssignment[]>>();

  at(scopeKey: string): AssignmentsAtScope | undefined {
    return this.#byScope.get(scopeKey);
  }

  /** An assignment at something that is no scope is kept out: it grants nothing. */
  add(assignment: RoleAssignment): void {
    const scope = parseScope(assignment.scope);
    if (scope === undefined) return;
    const atScope = this.#byScope.get(scope.key) ?? new Map<string, IndexedAssignment[]>();
    this.#byScope.set(scope.key, atScope);
    const principalId = assignment.principalId.toLowerCase();
    const indexed = { assignment, condition: compileCondition(assignment.condition) };
    const others = (atScope.get(principalId) ?? []).filter(differsFrom(assignment));
    atScope.set(principalId, [...others, indexed]);
  }

  remove(assignment: RoleAssignment): void {
    const scope = parseScope(assignment.scope);
    const atScope = scope && this.#byScope.get(scope.key);
    if (scope === undefined || atScope === undefined) return;
    const principalId = assignment.principalId.toLowerCase();
    const others = (atScope.get(principalId) ?? []).filter(differsFrom(assignment));
    if (others.length > 0) atScope.set(principalId, others);
    else atScope.delete(principalId);
    if (atScope.size === 0) this.#byScope.delete(scope.key);
  }
}

export class DenyIndex {
  readonly #byScope = new Map<string, IndexedDeny[]>();

  at(scopeKey: string): readonly IndexedDeny[] {
    return this.#byScope.get(scopeKey) ?? [];
  }

  add(deny: DenyAssignment): void {
    const key = denyScopeKey(deny);
    const others = this.at(key).filter((other) => other.deny.name !== deny.name);
    this.#byScope.set(key, [...others, compileDeny(deny)]);
  }

  remove(deny: DenyAssignment): void {
    const key = denyScopeKey(deny);
    const others = this.at(key).filter((other) => other.deny.name !== deny.name);
    if (others.length > 0) this.#byScope.set(key, others);
    else this.#byScope.delete(key);
  }
}

/** A denial that cannot be placed denies everywhere: losing it would open what it closed. */
function denyScopeKey(deny: DenyAssignment): string {
  return parseScope(deny.scope)?.key ?? '/';
}

function compileDeny(deny: DenyAssignment): IndexedDeny {
  const principals = new Set(deny.principals.map(({ id }) => id.toLowerCase()));
  return {
    deny,
    everyone: principals.has(EVERYONE),
    principals,
    excluded: new Set(deny.excludePrincipals.map(({ id }) => id.toLowerCase())),
    permissions: deny.permissions.map(compilePermission),
  };
}

function differsFrom(assignment: RoleAssignment): (other: IndexedAssignment) => boolean {
  const name = assignment.name.toLowerCase();
  return (other) => other.assignment.name.toLowerCase() !== name;
}
