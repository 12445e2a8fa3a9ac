// Role assignments by scope, by principal and by role, kept current one change at a time, so that a
// list costs what it shows and not what there is. It knows nothing of what an assignment allows.
import type { RoleAssignment } from './records.ts';
import { parseResourceId } from './resource-id.ts';

export interface AssignmentFeed {
  values(): Iterable<RoleAssignment>;
  subscribe(
    listener: (
      key: string,
      value: RoleAssignment | undefined,
      previous: RoleAssignment | undefined,
    ) => void,
  ): unknown;
}

/** Lower-case, without a trailing slash. */
function scopeKey(scope: string): string {
  return parseResourceId(scope)?.key ?? scope.toLowerCase();
}

const ROOT_KEY = '/';

type Buckets = Map<string, Set<RoleAssignment>>;

/** With more new scopes than this at once, sorting anew is quicker than finding each its place. */
const PLACED_SINGLY_MAX = 64;

export class RoleAssignmentIndex {
  readonly #byScope: Buckets = new Map();
  readonly #byPrincipal: Buckets = new Map();
  readonly #byRole: Buckets = new Map();
  /** Keys of `#byScope` in order, but for those that were added since it was last looked at. */
  #scopes: string[] = [];
  #unplaced: string[] = [];

  constructor(feed: AssignmentFeed) {
    for (const assignment of feed.values()) this.#add(assignment);
    feed.subscribe((_key, value, previous) => {
      if (previous !== undefined) this.#remove(previous);
      if (value !== undefined) this.#add(value);
    });
  }

  /** At exactly these scopes. */
  *at(scopes: Iterable<string>): Iterable<RoleAssignment> {
    for (const scope of scopes) yield* this.#byScope.get(scopeKey(scope)) ?? [];
  }

  /** At the scope and below it. */
  *within(scope: string): Iterable<RoleAssignment> {
    const key = scopeKey(scope);
    yield* this.#byScope.get(key) ?? [];
    const prefix = key === ROOT_KEY ? '/' : `${key}/`;
    const scopes = this.#ordered();
    for (let at = placeOf(scopes, prefix); at < scopes.length; at += 1) {
      const found = scopes[at];
      if (found === undefined || !found.startsWith(prefix)) return;
      if (found !== key) yield* this.#byScope.get(found) ?? [];
    }
  }

  *of(principalIds: Iterable<string>): Iterable<RoleAssignment> {
    for (const id of principalIds) yield* this.#byPrincipal.get(id.toLowerCase()) ?? [];
  }

  isAssigned(roleDefinitionName: string): boolean {
    return this.#byRole.has(roleDefinitionName.toLowerCase());
  }

  #add(assignment: RoleAssignment): void {
    const key = scopeKey(assignment.scope);
    if (put(this.#byScope, key, assignment)) this.#unplaced.push(key);
    put(this.#byPrincipal, assignment.principalId.toLowerCase(), assignment);
    put(this.#byRole, assignment.roleDefinitionName.toLowerCase(), assignment);
  }

  #remove(assignment: RoleAssignment): void {
    const key = scopeKey(assignment.scope);
    if (take(this.#byScope, key, assignment)) {
      const scopes = this.#ordered();
      const at = placeOf(scopes, key);
      if (scopes[at] === key) scopes.splice(at, 1);
    }
    take(this.#byPrincipal, assignment.principalId.toLowerCase(), assignment);
    take(this.#byRole, assignment.roleDefinitionName.toLowerCase(), assignment);
  }

  #ordered(): string[] {
    const added = this.#unplaced;
    if (added.length === 0) return this.#scopes;
    this.#unplaced = [];
    if (added.length > PLACED_SINGLY_MAX) this.#scopes = [...this.#scopes, ...added].sort();
    else for (const key of added) this.#scopes.splice(placeOf(this.#scopes, key), 0, key);
    return this.#scopes;
  }
}

/** Whether the bucket is new. */
function put(buckets: Buckets, key: string, assignment: RoleAssignment): boolean {
  const bucket = buckets.get(key);
  if (bucket !== undefined) {
    bucket.add(assignment);
    return false;
  }
  buckets.set(key, new Set([assignment]));
  return true;
}

/** Whether the bucket is gone. */
function take(buckets: Buckets, key: string, assignment: RoleAssignment): boolean {
  const bucket = buckets.get(key);
  if (bucket === undefined) return false;
  bucket.delete(assignment);
  return bucket.size === 0 && buckets.delete(key);
}

/** Index of the first that is not before `key`. */
function placeOf(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
