import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ManagementGroup, Subscription } from '#resources';
import { ManagementGroupPaths } from './management-groups.ts';

const ROOT = 'tenant';

class Records<T> {
  readonly #records = new Map<string, T>();
  readonly #listeners: (() => void)[] = [];

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  set(key: string, record: T): void {
    this.#records.set(key, record);
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

function setUp() {
  const subscriptions = new Records<Subscription>();
  const groups = new Records<ManagementGroup>();
  const paths = new ManagementGroupPaths({
    tenantId: ROOT.toUpperCase(),
    subscriptionRecords: () => subscriptions,
    managementGroups: () => groups,
  });
  return {
    paths,
    group: (name: string, parent?: string) =>
      groups.set(name.toLowerCase(), {
        name,
        displayName: name,
        updatedOn: '',
        updatedBy: '',
        ...(parent !== undefined && { parent }),
      }),
    subscription: (subscriptionId: string, managementGroup?: string) =>
      subscriptions.set(subscriptionId, {
        subscriptionId,
        tenantId: ROOT,
        displayName: '',
        ...(managementGroup !== undefined && { managementGroup }),
      }),
  };
}

const key = (name: string) => `/providers/microsoft.management/managementgroups/${name}`;

describe('management groups above', () => {
  it('a subscription: its group, the groups above that, and the root group', () => {
    const { paths, group, subscription } = setUp();
    group(ROOT);
    group('Outer', ROOT);
    group('Inner', 'Outer');
    subscription('s1', 'Inner');
    assert.deepEqual(paths.above('/subscriptions/s1'), [key('inner'), key('outer'), key(ROOT)]);
  });

  it('a subscription in no group, or that nobody recorded: the root group', () => {
    const { paths, subscription } = setUp();
    subscription('s1');
    assert.deepEqual(paths.above('/subscriptions/s1'), [key(ROOT)]);
    assert.deepEqual(paths.above('/subscriptions/nobody'), [key(ROOT)]);
  });

  it('a group: its parents and not itself; the root group has none', () => {
    const { paths, group } = setUp();
    group('Outer', ROOT);
    group('Inner', 'Outer');
    assert.deepEqual(paths.above(key('inner')), [key('outer'), key(ROOT)]);
    assert.deepEqual(paths.above(key(ROOT)), []);
  });

  it('follow a move at once', () => {
    const { paths, group, subscription } = setUp();
    group('a', ROOT);
    group('b', ROOT);
    subscription('s1', 'a');
    assert.equal(paths.above('/subscriptions/s1')[0], key('a'));
    subscription('s1', 'b');
    assert.equal(paths.above('/subscriptions/s1')[0], key('b'));
    group('b', 'a');
    assert.deepEqual(paths.above('/subscriptions/s1'), [key('b'), key('a'), key(ROOT)]);
  });

  it('come to an end even where damaged records form a ring', () => {
    const { paths, group, subscription } = setUp();
    group('a', 'b');
    group('b', 'a');
    subscription('s1', 'a');
    assert.deepEqual(paths.above('/subscriptions/s1'), [key('a'), key('b')]);
  });
});
