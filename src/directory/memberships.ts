// Who belongs to which groups, through any depth of nesting, kept in memory. Resolved at request
// time and never from a token, so that leaving a group bites at the very next request.
import type { Projection } from '#storage';
import type { Group } from './records.ts';

const NO_GROUPS: ReadonlySet<string> = new Set();
const CACHE_ENTRIES_MAX = 10_000;

export class Memberships {
  /** Member → groups it belongs to directly. */
  readonly #direct = new Map<string, Set<string>>();
  readonly #cache = new Map<string, ReadonlySet<string>>();

  constructor(groups: Projection<Group>) {
    for (const group of groups.values()) this.#add(group);
    groups.subscribe((_key, group, previous) => {
      if (previous) this.#remove(previous);
      if (group) this.#add(group);
      this.#cache.clear();
    });
  }

  /** Ids of all groups the object belongs to, directly or through other groups. */
  of(objectId: string): ReadonlySet<string> {
    const cached = this.#cache.get(objectId);
    if (cached) return cached;
    const found = this.#resolve(objectId);
    if (this.#cache.size >= CACHE_ENTRIES_MAX) this.#cache.clear();
    this.#cache.set(objectId, found);
    return found;
  }

  /** Ids of the groups the object belongs to directly. */
  directOf(objectId: string): ReadonlySet<string> {
    return this.#direct.get(objectId) ?? NO_GROUPS;
  }

  #resolve(objectId: string): ReadonlySet<string> {
    const found = new Set<string>();
    const open = [objectId];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const group of this.#direct.get(id) ?? NO_GROUPS) {
        if (found.has(group)) continue;
        found.add(group);
        open.push(group);
      }
    }
    return found;
  }

  #add(group: Group): void {
    if (group.deletedDateTime !== undefined) return;
    for (const member of group.members) {
      const groups = this.#direct.get(member) ?? new Set();
      groups.add(group.id);
      this.#direct.set(member, groups);
    }
  }

  #remove(group: Group): void {
    for (const member of group.members) {
      const groups = this.#direct.get(member);
      groups?.delete(group.id);
      if (groups?.size === 0) this.#direct.delete(member);
    }
  }
}
