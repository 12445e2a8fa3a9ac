import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { openOver, PARTITION, put, viewOf } from '../storage.fixture.ts';
import type { Transaction, View } from '../view.ts';
import { openMemoryStorage, type SealedStorage } from './open-storage.ts';
import { ATTEMPTS_MAX, SCAN_LIMIT_MAX } from './partition-view.ts';

interface Counter {
  readonly count: number;
}

let storage: SealedStorage;
let view: View;

beforeEach(async () => {
  storage = await openMemoryStorage();
  view = viewOf(storage);
});

async function increment(transaction: Transaction): Promise<number> {
  const before = await transaction.get<Counter>('counter');
  const count = (before?.count ?? 0) + 1;
  transaction.put('counter', { count });
  return count;
}

describe('a view', () => {
  test('reads back what was written, as a value of its own', async () => {
    const value = { text: 'ünï', number: 1.5, list: [1, null, { deep: true }], empty: {} };
    await put(view, 'a/b', value);
    const first = await view.get<typeof value>('a/b');
    assert.deepEqual(first, value);
    assert.notEqual(first, value);
    assert.notEqual(first, await view.get('a/b'), 'nobody can change what another reads');
  });

  test('knows nothing of what was never written', async () => {
    assert.equal(await view.get('absent'), undefined);
    assert.deepEqual(await view.scan({ prefix: '', limit: 10 }), []);
  });

  test('shows its own partition only', async () => {
    await put(view, 'a', 'mine');
    const other = viewOf(storage, 'vault/7d3c2/');
    const above = viewOf(storage, 'vault/');
    await put(other, 'a', 'other');
    assert.equal(await view.get('a'), 'mine');
    assert.deepEqual(await view.scan({ prefix: '', limit: 10 }), [{ path: 'a', value: 'mine' }]);
    assert.deepEqual(
      (await above.scan({ prefix: '', limit: 10 })).map(({ path }) => path),
      ['7d3c/a', '7d3c2/a'],
    );
  });

  test('refuses every path that could lead out of it, to read and to write', async () => {
    await put(viewOf(storage, 'vault/other/'), 'a', 'secret');
    const odd = ['../other/a', '..', '/vault/other/a', 'x/../../other/a', '', 'a/', '\u0000', 'ä'];
    const refused = { name: 'StorageError', code: 'path_refused' };
    for (const path of odd) {
      await assert.rejects(view.get(path), refused, path);
      await assert.rejects(view.scan({ prefix: '', after: path, limit: 1 }), refused, path);
      await assert.rejects(
        view.transact(async (transaction) => transaction.put(path, 1)),
        refused,
      );
      await assert.rejects(
        view.transact(async (transaction) => transaction.delete(path)),
        refused,
      );
      await assert.rejects(
        view.transact((transaction) => transaction.get(path)),
        refused,
      );
    }
    for (const prefix of ['../other/', '..', '/', 'ä', '\u0000']) {
      await assert.rejects(view.scan({ prefix, limit: 1 }), refused, prefix);
    }
  });
});

describe('a scan', () => {
  const paths = ['a', 'b/1', 'b/10', 'b/2', 'b0', 'c'];
  beforeEach(async () => {
    await view.transact(async (transaction) => {
      for (const path of paths) transaction.put(path, { path });
    });
    await put(viewOf(storage, 'vault/7d3b/'), 'z', 0);
    await put(viewOf(storage, 'vault/7d3d/'), 'a', 0);
  });

  async function scan(range: Parameters<View['scan']>[0]): Promise<string[]> {
    return (await view.scan(range)).map(({ path }) => path);
  }

  test('finds what starts with the prefix, in order, either way', async () => {
    assert.deepEqual(await scan({ prefix: '', limit: 10 }), paths);
    assert.deepEqual(await scan({ prefix: 'b/', limit: 10 }), ['b/1', 'b/10', 'b/2']);
    assert.deepEqual(await scan({ prefix: 'b', limit: 10 }), ['b/1', 'b/10', 'b/2', 'b0']);
    assert.deepEqual(await scan({ prefix: 'b/', limit: 10, descending: true }), [
      'b/2',
      'b/10',
      'b/1',
    ]);
    assert.deepEqual(await scan({ prefix: 'd', limit: 10 }), []);
  });

  test('gives the values with the paths', async () => {
    const entries = await view.scan<{ path: string }>({ prefix: 'b/', limit: 2 });
    assert.deepEqual(entries, [
      { path: 'b/1', value: { path: 'b/1' } },
      { path: 'b/10', value: { path: 'b/10' } },
    ]);
  });

  test('goes on after a path, record or not, and never outside the prefix', async () => {
    assert.deepEqual(await scan({ prefix: 'b/', after: 'b/1', limit: 10 }), ['b/10', 'b/2']);
    assert.deepEqual(await scan({ prefix: 'b/', after: 'b/11', limit: 10 }), ['b/2']);
    assert.deepEqual(await scan({ prefix: 'b/', after: 'a', limit: 1 }), ['b/1']);
    assert.deepEqual(await scan({ prefix: 'b/', after: 'c', limit: 1 }), []);
    const down = { prefix: 'b/', limit: 10, descending: true };
    assert.deepEqual(await scan({ ...down, after: 'b/2' }), ['b/10', 'b/1']);
    assert.deepEqual(await scan({ ...down, after: 'c' }), ['b/2', 'b/10', 'b/1']);
    assert.deepEqual(await scan({ ...down, after: 'a' }), []);
  });

  test('in pages finds each record once, whatever the page size and direction', async () => {
    const segment = fc.stringMatching(/^[a-c0-1.-]{1,3}$/).filter((each) => !/^\.+$/.test(each));
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((each) => each.join('/'));
    const property = fc.asyncProperty(
      fc.uniqueArray(path, { maxLength: 20 }),
      fc.constantFrom('', 'a', 'a/', 'b/1'),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      async (records, prefix, limit, descending) => {
        const fresh = viewOf(await openMemoryStorage());
        for (const each of records) await put(fresh, each, each);
        const found: string[] = [];
        for (let after: string | undefined; ; ) {
          const page = await fresh.scan({ prefix, limit, descending, ...(after && { after }) });
          found.push(...page.map((entry) => entry.path));
          after = page.at(-1)?.path;
          if (page.length < limit) break;
        }
        const expected = records.filter((each) => each.startsWith(prefix)).sort();
        assert.deepEqual(found, descending ? expected.reverse() : expected);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  test('with an impossible limit is refused', async () => {
    const refused = { code: 'value_refused' };
    for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, SCAN_LIMIT_MAX + 1]) {
      await assert.rejects(view.scan({ prefix: '', limit }), refused, `${limit}`);
    }
    assert.equal((await scan({ prefix: '', limit: SCAN_LIMIT_MAX })).length, paths.length);
  });
});

describe('a transaction', () => {
  test('writes all or nothing', async () => {
    await put(view, 'a', 1);
    const work = async (transaction: Transaction): Promise<never> => {
      transaction.put('a', 2);
      transaction.put('b', 2);
      throw new Error('changed my mind');
    };
    await assert.rejects(view.transact(work), { message: 'changed my mind' });
    assert.equal(await view.get('a'), 1);
    assert.equal(await view.get('b'), undefined);
  });

  test('answers what its work answers', async () => {
    assert.equal(await view.transact(async () => 'result'), 'result');
    assert.equal(await view.transact(increment), 1);
    assert.equal(await view.transact(increment), 2);
  });

  test('sees its own writes with get, and not with scan', async () => {
    await put(view, 'a', 1);
    await view.transact(async (transaction) => {
      transaction.put('a', 2);
      transaction.put('b', 2);
      assert.equal(await transaction.get('a'), 2);
      transaction.delete('a');
      assert.equal(await transaction.get('a'), undefined);
      transaction.put('a', 3);
      assert.equal(await transaction.get('a'), 3);
      assert.deepEqual(await transaction.scan({ prefix: '', limit: 5 }), [{ path: 'a', value: 1 }]);
    });
    assert.equal(await view.get('a'), 3);
  });

  test('writes a value as it was when it was put', async () => {
    const value = { list: [1] };
    await view.transact(async (transaction) => {
      transaction.put('a', value);
      value.list.push(2);
      assert.deepEqual(await transaction.get('a'), { list: [1] });
    });
    assert.deepEqual(await view.get('a'), { list: [1] });
  });

  test('refuses what is no JSON value, and what is too large', async () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const large = 'x'.repeat(4 * 2 ** 20);
    for (const value of [undefined, () => 1, Symbol('x'), large]) {
      await assert.rejects(put(view, 'a', value), { code: 'value_refused' });
    }
    await assert.rejects(put(view, 'a', circular), TypeError);
    await assert.rejects(put(view, 'a', 1n), TypeError);
    const many = view.transact(async (transaction) => {
      for (let index = 0; index <= 10_000; index += 1) transaction.put(`k${index}`, 0);
    });
    await assert.rejects(many, { code: 'value_refused' });
    assert.deepEqual(await view.scan({ prefix: '', limit: 1 }), []);
  });

  test('loses no increment of a hundred made at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => view.transact(increment)));
    assert.deepEqual(
      answers.sort((a, b) => a - b),
      Array.from({ length: 100 }, (_each, index) => index + 1),
    );
    assert.deepEqual(await view.get('counter'), { count: 100 });
  });

  test('runs again if what it read was changed, created or deleted meanwhile', async () => {
    const meanwhile: readonly ((path: string) => Promise<void>)[] = [
      (path) => put(view, path, 'changed'),
      (path) => view.transact(async (transaction) => transaction.delete(path)),
    ];
    for (const exists of [true, false]) {
      for (const [index, change] of meanwhile.entries()) {
        if (!exists && index === 1) continue;
        const path = `${exists}/${index}`;
        if (exists) await put(view, path, 'first');
        const seen: unknown[] = [];
        await view.transact(async (transaction) => {
          seen.push(await transaction.get(path));
          if (seen.length === 1) await change(path);
          transaction.put(`${path}/result`, seen.length);
        });
        const after = index === 0 ? 'changed' : undefined;
        assert.deepEqual(seen, [exists ? 'first' : undefined, after]);
        assert.equal(await view.get(`${path}/result`), 2);
      }
    }
  });

  test('runs again if a record changed between two reads of it', async () => {
    await put(view, 'a', 0);
    let runs = 0;
    const pair = await view.transact(async (transaction) => {
      runs += 1;
      const first = await transaction.get('a');
      if (runs === 1) await put(view, 'a', 1);
      const second = await transaction.get('a');
      transaction.put('pair', [first, second]);
      return [first, second];
    });
    assert.deepEqual(pair, [1, 1]);
    assert.equal(runs, 2);
  });

  test('that deletes and recreates under it is not mistaken for unchanged', async () => {
    await put(view, 'a', 'same');
    let runs = 0;
    await view.transact(async (transaction) => {
      runs += 1;
      await transaction.get('a');
      if (runs === 1) {
        await view.transact(async (other) => other.delete('a'));
        await put(view, 'a', 'same');
      }
      transaction.put('b', 1);
    });
    assert.equal(runs, 2);
  });

  test('does not run again for what it did not read', async () => {
    let runs = 0;
    await view.transact(async (transaction) => {
      runs += 1;
      await put(view, 'other', runs);
      await put(view, 'written', 'by another');
      transaction.put('written', 'by this');
    });
    assert.equal(runs, 1);
    assert.equal(await view.get('written'), 'by this');
  });

  test('that always loses fails with a typed error after a bounded number of tries', async () => {
    let runs = 0;
    const losing = view.transact(async (transaction) => {
      runs += 1;
      await transaction.get('a');
      await put(view, 'a', runs);
      transaction.put('b', 1);
    });
    await assert.rejects(losing, { name: 'StorageError', code: 'conflict' });
    assert.equal(runs, ATTEMPTS_MAX);
    assert.equal(await view.get('b'), undefined);
  });

  test('that only reads never answers from before and after a commit', async () => {
    const move = async (to: number): Promise<void> => {
      await view.transact(async (transaction) => {
        transaction.put('left', to);
        transaction.put('right', to);
      });
    };
    await move(0);
    let runs = 0;
    const pair = await view.transact(async (transaction) => {
      runs += 1;
      const left = await transaction.get('left');
      if (runs === 1) await move(1);
      return [left, await transaction.get('right')];
    });
    assert.deepEqual(pair, [1, 1]);
  });

  test('that fails only because it saw half of a commit runs again', async () => {
    const swap = (value: string) =>
      view.transact(async (transaction) => {
        transaction.put('left', value);
        transaction.put('right', value);
      });
    await swap('old');
    let runs = 0;
    const result = await view.transact(async (transaction) => {
      runs += 1;
      const left = await transaction.get('left');
      if (runs === 1) await swap('new');
      if (left !== (await transaction.get('right'))) throw new Error('torn');
      return left;
    });
    assert.equal(result, 'new');
  });

  test('kept beyond its end writes nothing and says so', async () => {
    let kept: Transaction | undefined;
    await view.transact(async (transaction) => {
      kept = transaction;
    });
    const over = { code: 'closed', message: /transaction is over/ };
    assert.throws(() => kept?.put('a', 1), over);
    assert.throws(() => kept?.delete('a'), over);
    await assert.rejects(async () => kept?.get('a'), over);
    await assert.rejects(async () => kept?.scan({ prefix: '', limit: 1 }), over);
  });

  test('keeps every invariant that each of many, made at once, keeps', async () => {
    const accounts = ['a', 'b', 'c', 'd'];
    const transfer = fc.record({
      from: fc.constantFrom(...accounts),
      to: fc.constantFrom(...accounts),
      amount: fc.integer({ min: 1, max: 50 }),
    });
    const property = fc.asyncProperty(fc.array(transfer, { maxLength: 30 }), async (transfers) => {
      const { view: bank } = await openOver();
      for (const account of accounts) await put(bank, account, 100);
      const move = ({ from, to, amount }: (typeof transfers)[number]) =>
        bank.transact(async (transaction) => {
          const held = (await transaction.get<number>(from)) ?? 0;
          if (held < amount) return;
          transaction.put(from, held - amount);
          transaction.put(to, ((await transaction.get<number>(to)) ?? 0) + amount);
        });
      await Promise.all(transfers.map(move));
      const held = (await bank.scan<number>({ prefix: '', limit: 9 })).map(({ value }) => value);
      assert.equal(
        held.reduce((sum, each) => sum + each, 0),
        400,
      );
      assert.ok(held.every((each) => each >= 0));
    });
    await fc.assert(property, { numRuns: 30 });
  });
});

test('a grant that was not issued opens nothing', () => {
  const forged = Object.create(Object.getPrototypeOf({}), {
    partition: { value: PARTITION },
  });
  assert.throws(() => storage.view(forged), /not an issued grant/);
});

test('a grant for a partition that is none, or the keyring, opens nothing', () => {
  for (const partition of ['', '/', 'vault', '!keyring/', 'vault/../', 'vault//']) {
    assert.throws(() => viewOf(storage, partition), { code: 'path_refused' }, partition);
  }
});
