import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Projection } from './projection.ts';
import { openOver, PARTITION, put } from './storage.fixture.ts';
import type { View } from './view.ts';

interface Thing {
  readonly name: string;
  readonly size: number;
}

const PREFIX = `${PARTITION}things/`;

async function remove(view: View, path: string): Promise<void> {
  await view.transact(async (transaction) => transaction.delete(path));
}

describe('a projection', () => {
  test('holds every record under its prefix by its path after the prefix', async () => {
    const { storage, view } = await openOver();
    await put(view, 'things/1', { name: 'one', size: 1 });
    await put(view, 'things/2/3', { name: 'deep', size: 2 });
    await put(view, 'thing', { name: 'beside', size: 0 });
    const things = await Projection.open<Thing>(storage, PREFIX);
    assert.equal(things.size, 2);
    assert.deepEqual(things.get('1'), { name: 'one', size: 1 });
    assert.equal(things.get('2/3')?.name, 'deep');
    assert.equal(things.get('2'), undefined);
    assert.deepEqual([...things.values()].map(({ name }) => name).sort(), ['deep', 'one']);
  });

  test('is current when a write is answered', async () => {
    const { storage, view } = await openOver();
    const things = await Projection.open<Thing>(storage, PREFIX);
    await put(view, 'things/1', { name: 'one', size: 1 });
    assert.equal(things.get('1')?.size, 1);
    await put(view, 'things/1', { name: 'one', size: 2 });
    assert.equal(things.get('1')?.size, 2);
    await remove(view, 'things/1');
    assert.equal(things.get('1'), undefined);
    assert.equal(things.size, 0);
  });

  test('is keyed as its owner wants, and moves an entry whose key changes', async () => {
    const { storage, view } = await openOver();
    const seen: string[] = [];
    const things = await Projection.open<Thing>(storage, PREFIX, (path, { name }) => {
      seen.push(path);
      return name.toLowerCase();
    });
    await put(view, 'things/1', { name: 'One', size: 1 });
    assert.equal(things.get('one')?.size, 1);
    await put(view, 'things/1', { name: 'Two', size: 1 });
    assert.equal(things.get('one'), undefined);
    assert.equal(things.get('two')?.size, 1);
    assert.equal(things.size, 1);
    await remove(view, 'things/1');
    assert.equal(things.size, 0);
    assert.deepEqual(seen, ['1', '1']);
  });

  test('tells its listeners what is new, what it was, and what is gone', async () => {
    const { storage, view } = await openOver();
    await put(view, 'things/0', { name: 'before', size: 0 });
    const things = await Projection.open<Thing>(storage, PREFIX, (_path, { name }) => name);
    const told: string[] = [];
    const stop = things.subscribe((key, value, previous) => {
      told.push(`${key} ${previous?.size} -> ${value?.size}`);
      assert.equal(things.get(key), value, 'the projection is already as told');
    });
    await put(view, 'things/1', { name: 'a', size: 1 });
    await put(view, 'things/1', { name: 'a', size: 2 });
    await put(view, 'things/1', { name: 'b', size: 3 });
    await remove(view, 'things/1');
    await remove(view, 'things/absent');
    stop();
    await put(view, 'things/1', { name: 'c', size: 4 });
    assert.deepEqual(told, [
      'a undefined -> 1',
      'a 1 -> 2',
      'a 2 -> undefined',
      'b undefined -> 3',
      'b 3 -> undefined',
    ]);
  });

  test('keeps the newer of two records with one key, also when the older goes', async () => {
    const { storage, view } = await openOver();
    const things = await Projection.open<Thing>(storage, PREFIX, (_path, { name }) => name);
    await put(view, 'things/1', { name: 'same', size: 1 });
    await put(view, 'things/2', { name: 'same', size: 2 });
    await remove(view, 'things/1');
    assert.equal(things.get('same')?.size, 2);
    await remove(view, 'things/2');
    assert.equal(things.size, 0);
  });

  test('a listener that throws stops the store', async () => {
    const { storage, view } = await openOver();
    const things = await Projection.open<Thing>(storage, PREFIX);
    things.subscribe(() => {
      throw new Error('no');
    });
    await assert.rejects(put(view, 'things/1', 1), { code: 'follower_failed' });
  });

  test('equals one that is opened afterwards, whatever was written', async () => {
    const step = fc.record({
      path: fc.constantFrom('1', '2', '3'),
      value: fc.option(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), size: fc.nat() })),
    });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { storage, view } = await openOver();
      const follows = await Projection.open<Thing>(
        storage,
        PREFIX,
        (path, { name }) => name + path,
      );
      for (const { path, value } of steps) {
        if (value === null) await remove(view, `things/${path}`);
        else await put(view, `things/${path}`, value);
      }
      const fresh = await Projection.open<Thing>(storage, PREFIX, (path, { name }) => name + path);
      assert.equal(follows.size, fresh.size);
      const sizes = (things: Projection<Thing>) => [...things.values()].map((each) => each.size);
      assert.deepEqual(sizes(follows).sort(), sizes(fresh).sort());
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
