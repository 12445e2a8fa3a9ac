import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { memoryPhysical } from '../physical/memory.ts';
import type { Physical } from '../physical/physical.ts';
import { openOver, PARTITION, put, shared, viewOf } from '../storage.fixture.ts';
import type { View } from '../view.ts';
import { openMemoryStorage } from './open-storage.ts';

/** A follower that writes down what it is told. */
function recorder() {
  const told: string[] = [];
  const apply = ({ path, value }: { path: string; value: unknown }) => {
    told.push(`${path} ${JSON.stringify(value)}`);
  };
  return { told, apply };
}

async function remove(view: View, path: string): Promise<void> {
  await view.transact(async (transaction) => transaction.delete(path));
}

describe('a follower', () => {
  test('is told what exists under its prefix, then every change, in commit order', async () => {
    const { storage, view } = await openOver();
    await put(view, 'b', 1);
    await put(view, 'a', 1);
    const { told, apply } = recorder();
    await storage.follow(PARTITION, apply);
    await put(view, 'b', 2);
    await put(view, 'c', 3);
    await remove(view, 'a');
    await put(viewOf(storage, 'vault/other/'), 'a', 'not told');
    assert.deepEqual(
      told,
      ['a 1', 'b 1', 'b 2', 'c 3', 'a undefined'].map((each) => `${PARTITION}${each}`),
    );
  });

  test('knows of a change before the one who made it', async () => {
    const { storage, view } = await openOver();
    const revoked = new Set<string>();
    await storage.follow<boolean>(PARTITION, ({ path, value }) => {
      if (value === true) revoked.add(path);
    });
    const writers = Array.from({ length: 50 }, async (_each, index) => {
      await put(view, `r${index}`, true);
      assert.ok(revoked.has(`${PARTITION}r${index}`));
    });
    await Promise.all(writers);
  });

  test('is told all of a commit before anyone can act on a part of it', async () => {
    const { storage, view } = await openOver();
    const { told, apply } = recorder();
    await storage.follow(PARTITION, apply);
    await view.transact(async (transaction) => {
      transaction.put('a', 1);
      transaction.put('b', 2);
    });
    assert.equal(told.length, 2);
  });

  test('is told of nothing that did not happen', async () => {
    const { storage, view } = await openOver();
    const { told, apply } = recorder();
    await storage.follow(PARTITION, apply);
    const failing = view.transact(async (transaction) => {
      transaction.put('a', 1);
      throw new Error('no');
    });
    await assert.rejects(failing);
    await view.transact(async (transaction) => transaction.get('a'));
    assert.deepEqual(told, []);
  });

  test('is told of more records than fit a page', async () => {
    const { storage, view } = await openOver();
    for (const batch of [0, 1, 2]) {
      await view.transact(async (transaction) => {
        for (let index = 0; index < 999; index += 1) transaction.put(`${batch}/${index}`, index);
      });
    }
    const paths = new Set<string>();
    await storage.follow(PARTITION, ({ path }) => paths.add(path));
    assert.equal(paths.size, 2997);
  });

  test('gets values of its own, which no other follower can change', async () => {
    const { storage, view } = await openOver();
    const values: { list: number[] }[] = [];
    for (let index = 0; index < 2; index += 1) {
      await storage.follow<{ list: number[] }>(PARTITION, ({ value }) => {
        value?.list.push(9);
        if (value !== undefined) values.push(value);
      });
    }
    await put(view, 'a', { list: [1] });
    assert.deepEqual(values, [{ list: [1, 9] }, { list: [1, 9] }]);
    assert.deepEqual(await view.get('a'), { list: [1] });
  });

  test('cannot follow everything, nor the keyring', async () => {
    const storage = await openMemoryStorage();
    for (const prefix of ['', '!', '!keyring', '../', 'a b']) {
      await assert.rejects(
        storage.follow(prefix, () => undefined),
        { code: 'path_refused' },
      );
    }
  });

  test('that throws at the beginning is not followed up, and the store goes on', async () => {
    const { storage, view } = await openOver();
    await put(view, 'a', 1);
    let told = 0;
    const failing = storage.follow(PARTITION, () => {
      told += 1;
      throw new Error('cannot build');
    });
    await assert.rejects(failing, { message: 'cannot build' });
    await put(view, 'a', 2);
    assert.equal(told, 1);
  });

  test('that throws at a change stops the store: nobody decides on what it missed', async () => {
    const { storage, view, physical } = await openOver(shared(memoryPhysical()));
    await put(view, 'hot', 1);
    await view.get('hot');
    await storage.follow(PARTITION, ({ value }) => {
      if (value === 'poison') throw new Error('cannot apply');
    });
    const stopped = { name: 'StorageError', code: 'follower_failed' };
    await assert.rejects(put(view, 'a', 'poison'), stopped);
    await assert.rejects(view.get('hot'), stopped, 'not even what is cached');
    await assert.rejects(view.scan({ prefix: '', limit: 1 }), stopped);
    await assert.rejects(put(view, 'b', 1), stopped);
    await assert.rejects(
      storage.follow(PARTITION, () => undefined),
      stopped,
    );
    const again = await openOver(physical);
    assert.equal(await again.view.get('a'), 'poison', 'the commit itself was durable');
  });

  test('that starts among writes is told once of what its first look shows', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const backend = memoryPhysical();
    const gated: Physical = {
      ...shared(backend),
      async scan(range) {
        if (range.from === PARTITION) await promise;
        return backend.scan(range);
      },
    };
    const { storage, view } = await openOver(gated);
    for (const path of ['a', 'gone']) await put(view, path, 1);
    const { told, apply } = recorder();
    const following = storage.follow(PARTITION, apply);
    await put(view, 'a', 2);
    await put(view, 'b', 2);
    await remove(view, 'gone');
    resolve();
    await following;
    assert.deepEqual(
      told,
      ['a 2', 'b 2'].map((each) => `${PARTITION}${each}`),
    );
  });

  test('that starts while others write ends with what is stored, each path in order', async () => {
    const path = fc.constantFrom('a', 'b', 'c', 'd');
    const write = fc.record({ path, value: fc.option(fc.nat({ max: 99 }), { nil: undefined }) });
    const property = fc.asyncProperty(
      fc.array(write, { maxLength: 8 }),
      fc.array(fc.record({ write, turns: fc.nat({ max: 6 }) }), { maxLength: 20 }),
      fc.nat({ max: 12 }),
      async (before, during, lag) => {
        const { storage, view } = await openOver(lagging(memoryPhysical(), lag));
        const apply = (each: { path: string; value: number | undefined }) =>
          each.value === undefined ? remove(view, each.path) : put(view, each.path, each.value);
        for (const each of before) await apply(each);
        const known = new Map<string, unknown>();
        const following = storage.follow(PARTITION, ({ path: full, value }) => {
          if (value === undefined) assert.ok(known.delete(full), 'deleted without having been');
          else known.set(full, value);
        });
        for (const each of during) {
          for (let turn = 0; turn < each.turns; turn += 1) await undefined;
          // A deletion of what is absent would be reported as one.
          if (each.write.value !== undefined || known.has(`${PARTITION}${each.write.path}`)) {
            await apply(each.write);
          }
        }
        await following;
        const stored = await view.scan({ prefix: '', limit: 9 });
        assert.deepEqual(
          [...known].sort(([a], [b]) => (a < b ? -1 : 1)),
          stored.map((entry) => [`${PARTITION}${entry.path}`, entry.value]),
        );
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});

/** A backend whose scans see the rows at once but deliver them late, as over a network. */
function lagging(physical: Physical, turns: number): Physical {
  return {
    ...shared(physical),
    async scan(range) {
      const rows = await physical.scan(range);
      for (let turn = 0; turn < turns; turn += 1) await undefined;
      return rows;
    },
  };
}
