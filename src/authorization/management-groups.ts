// Which management groups stand above a subscription or another management group. Roles assigned
// there reach down to every vault below, so the answer follows each move at once.
import type { ManagementGroup, Subscription } from '#resources';

/** Records by lower-case name, with their changes. A Projection is one. */
export interface RecordFeed<T> {
  get(key: string): T | undefined;
  subscribe(listener: () => void): unknown;
}

export interface ContainerSource {
  /** Also the name of the root management group, as in Azure. */
  readonly tenantId: string;
  subscriptionRecords(): RecordFeed<Subscription>;
  managementGroups(): RecordFeed<ManagementGroup>;
}

const PREFIX = '/providers/microsoft.management/managementgroups/';
// Azure allows six levels below the root; the limit only keeps a damaged record from looping.
const LEVELS_MAX = 16;

export class ManagementGroupPaths {
  readonly #source: ContainerSource;
  readonly #above = new Map<string, readonly string[]>();

  constructor(source: ContainerSource) {
    this.#source = source;
    source.subscriptionRecords().subscribe(() => this.#above.clear());
    source.managementGroups().subscribe(() => this.#above.clear());
  }

  /** Scope keys, nearest first. Subscriptions that nobody recorded hang below the root group. */
  above(containerKey: string): readonly string[] {
    const known = this.#above.get(containerKey);
    if (known) return known;
    const found = this.#find(containerKey);
    // Only of containers that exist, so that made-up ids in requests cannot fill the memory.
    if (this.#exists(containerKey)) this.#above.set(containerKey, found);
    return found;
  }

  #find(containerKey: string): readonly string[] {
    const above: string[] = [];
    let name = this.#parentOf(containerKey);
    while (name !== undefined && above.length < LEVELS_MAX) {
      const key = PREFIX + name.toLowerCase();
      if (key === containerKey || above.includes(key)) break;
      above.push(key);
      name = this.#parentOf(key);
    }
    return above;
  }

  #parentOf(key: string): string | undefined {
    const root = this.#source.tenantId.toLowerCase();
    const name = lastSegment(key);
    if (!key.startsWith(PREFIX)) {
      return this.#source.subscriptionRecords().get(name)?.managementGroup ?? root;
    }
    if (name === root) return undefined;
    return this.#source.managementGroups().get(name)?.parent ?? root;
  }

  #exists(key: string): boolean {
    const name = lastSegment(key);
    return key.startsWith(PREFIX)
      ? this.#source.managementGroups().get(name) !== undefined
      : this.#source.subscriptionRecords().get(name) !== undefined;
  }
}

function lastSegment(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
