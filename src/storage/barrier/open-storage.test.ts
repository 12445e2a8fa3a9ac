// The store as a whole, against whoever can read and write its backend but has no key.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ManualClock } from '#kernel';
import { memoryPhysical } from '../physical/memory.ts';
import type { Physical } from '../physical/physical.ts';
import { sqlitePhysical } from '../physical/sqlite.ts';
import {
  bytesAt,
  openOver,
  overwrite,
  PARTITION,
  put,
  shared,
  testSeal,
  viewOf,
} from '../storage.fixture.ts';
import { keyFileSeal } from './key-file-seal.ts';
import { openMemoryStorage, openStorage } from './open-storage.ts';

const DAMAGED = { name: 'StorageDamaged', code: 'damaged' };

/** The same backend, with a count of its reads. */
function counted(physical: Physical): { physical: Physical; reads: () => number } {
  let reads = 0;
  const counting: Physical = {
    ...shared(physical),
    get(key) {
      reads += 1;
      return physical.get(key);
    },
  };
  return { physical: counting, reads: () => reads };
}

describe('who can write the database but has no key', () => {
  test('cannot change a byte of a record unnoticed', async () => {
    const { view, physical } = await openOver(memoryPhysical(), { cacheBytesMax: 0 });
    await put(view, 'a', { role: 'reader' });
    const good = await bytesAt(physical, `${PARTITION}a`);
    for (let index = 0; index < good.byteLength; index += 1) {
      const changed = Uint8Array.from(good);
      changed[index] = (changed[index] ?? 0) ^ 0x80;
      await overwrite(physical, `${PARTITION}a`, changed);
      await assert.rejects(view.get('a'), DAMAGED, `byte ${index}`);
      await assert.rejects(view.scan({ prefix: '', limit: 1 }), DAMAGED);
    }
    await overwrite(physical, `${PARTITION}a`, good);
    assert.deepEqual(await view.get('a'), { role: 'reader' });
  });

  test('cannot move, copy or swap records', async () => {
    const { storage, view, physical } = await openOver(memoryPhysical(), { cacheBytesMax: 0 });
    const other = viewOf(storage, 'vault/other/');
    await put(view, 'a', 'admin');
    await put(view, 'b', 'guest');
    await put(other, 'a', 'foreign');
    const a = await bytesAt(physical, `${PARTITION}a`);
    const b = await bytesAt(physical, `${PARTITION}b`);
    await overwrite(physical, `${PARTITION}a`, b);
    await overwrite(physical, `${PARTITION}b`, a);
    await overwrite(physical, `${PARTITION}c`, a);
    await overwrite(physical, 'vault/other/a', a);
    for (const path of ['a', 'b', 'c']) await assert.rejects(view.get(path), DAMAGED, path);
    await assert.rejects(other.get('a'), DAMAGED);
  });

  test('cannot forge a record out of nothing, nor out of a backup', async () => {
    const { storage, view, physical } = await openOver();
    const forged = [
      new Uint8Array(0),
      Buffer.from('{"role":"admin"}'),
      new Uint8Array(64),
      storage.sealBlob(`${PARTITION}a`, Buffer.from('{}')),
    ];
    for (const bytes of forged) {
      await overwrite(physical, `${PARTITION}a`, bytes);
      await assert.rejects(view.get('a'), DAMAGED);
    }
  });

  test('stops a start that follows what he damaged, instead of being skipped', async () => {
    const { storage, view, physical } = await openOver();
    await put(view, 'denied', { principal: 'mallory' });
    await overwrite(physical, `${PARTITION}denied`, Uint8Array.of(1, 2, 3));
    await assert.rejects(
      storage.follow(PARTITION, () => undefined),
      DAMAGED,
    );
  });

  test('breaks a transaction that reads what he damaged', async () => {
    const { view, physical } = await openOver();
    await overwrite(physical, `${PARTITION}a`, Uint8Array.of(1));
    const work = view.transact(async (transaction) => {
      await transaction.get('a');
      transaction.put('b', 1);
    });
    await assert.rejects(work, DAMAGED);
    assert.equal(await view.get('b'), undefined);
  });

  test('cannot exchange a record for one of another store with the same root key', async () => {
    const mine = await openOver();
    const theirs = await openOver();
    await put(theirs.view, 'a', 'theirs');
    await overwrite(
      mine.physical,
      `${PARTITION}a`,
      await bytesAt(theirs.physical, `${PARTITION}a`),
    );
    await assert.rejects(mine.view.get('a'), DAMAGED);
  });

  test('is not locked in by a damage that is repaired: nothing damaged is kept', async () => {
    const backend = memoryPhysical();
    const writer = await openOver(shared(backend));
    await put(writer.view, 'a', 1);
    const good = await bytesAt(backend, `${PARTITION}a`);
    const { view } = await openOver(shared(backend));
    await overwrite(backend, `${PARTITION}a`, Uint8Array.from(good).fill(0, 20));
    await assert.rejects(view.get('a'), DAMAGED);
    await overwrite(backend, `${PARTITION}a`, good);
    assert.equal(await view.get('a'), 1);
  });

  test('reads no value in any file of the data directory', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
    try {
      const data = join(directory, 'data');
      const seal = keyFileSeal(join(directory, 'root.key'));
      const { view, storage } = await openOver(sqlitePhysical({ directory: data }), { seal });
      await put(view, 'secrets/name', { value: 'correct horse battery staple' });
      const files = () => readdirSync(data).map((name) => readFileSync(join(data, name)));
      const found = (what: string) => files().some((bytes) => bytes.includes(what));
      assert.ok(found('secrets/name'), 'names are not hidden, as the format says');
      assert.ok(!found('horse'));
      await storage.close();
      assert.ok(!found('horse'));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('opening', () => {
  test('with the same root key finds what was written, with another nothing at all', async () => {
    const backend = memoryPhysical();
    const first = await openOver(shared(backend));
    await put(first.view, 'a', 1);
    await first.storage.close();
    const wrong = openOver(shared(backend), { seal: testSeal(2) });
    await assert.rejects(wrong, { name: 'StorageError', code: 'wrong_root_key' });
    const again = await openOver(shared(backend));
    assert.equal(await again.view.get('a'), 1);
  });

  test('that fails lets go of the backend', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
    const open = (number: number) =>
      openStorage({
        physical: sqlitePhysical({ directory }),
        keyring: testSeal(number),
        clock: new ManualClock(),
      });
    try {
      await (await open(1)).close();
      await assert.rejects(open(2), { code: 'wrong_root_key' });
      await (await open(1)).close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('in memory gives each a store of its own', async () => {
    const [first, second] = [await openMemoryStorage(), await openMemoryStorage()];
    await put(viewOf(first), 'a', 1);
    assert.equal(await viewOf(second).get('a'), undefined);
  });
});

describe('the cache', () => {
  test('spares the backend every read but the first of a record', async () => {
    const { physical, reads } = counted(memoryPhysical());
    const { view } = await openOver(physical);
    await put(view, 'a', 1);
    const before = reads();
    for (let index = 0; index < 10; index += 1) assert.equal(await view.get('a'), 1);
    assert.equal(reads() - before, 1);
  });

  test('never shows what was replaced or deleted', async () => {
    const { view } = await openOver();
    for (let index = 0; index < 20; index += 1) {
      await put(view, 'a', index);
      assert.equal(await view.get('a'), index);
      assert.equal(await view.get('a'), index);
    }
    await view.transact(async (transaction) => transaction.delete('a'));
    assert.equal(await view.get('a'), undefined);
  });

  test('does not take a value that was replaced while it was being read', async () => {
    const backend = memoryPhysical();
    const { promise, resolve } = Promise.withResolvers<void>();
    let hold = false;
    const slow: Physical = {
      ...shared(backend),
      async get(key) {
        const row = await backend.get(key);
        if (hold) await promise;
        return row;
      },
    };
    const { view } = await openOver(slow);
    await put(view, 'a', 'old');
    hold = true;
    const reading = view.get('a');
    hold = false;
    await put(view, 'a', 'new');
    resolve();
    assert.equal(await reading, 'old', 'that is what it read');
    assert.equal(await view.get('a'), 'new');
  });

  test('follows what another store over the same backend commits', async () => {
    const backend = memoryPhysical();
    const one = await openOver(shared(backend));
    const two = await openOver(shared(backend));
    // Both use the keys of the store, which the second only learns by opening it.
    await put(one.view, 'a', 1);
    assert.equal(await two.view.get('a'), 1);
    await put(one.view, 'a', 2);
    assert.equal(await two.view.get('a'), 2);
  });
});

describe('a sealed blob', () => {
  const plaintext = Buffer.from('backup of a key');

  test('opens with its context only', async () => {
    const storage = await openMemoryStorage();
    const blob = storage.sealBlob('key/eu/1', plaintext);
    assert.deepEqual(Buffer.from(storage.openBlob('key/eu/1', blob) ?? []), plaintext);
    for (const context of ['key/eu/2', 'secret/eu/1', '', 'key/eu/1 ']) {
      assert.equal(storage.openBlob(context, blob), undefined, context);
    }
    const unicode = storage.sealBlob('schlüssel\n🔑', plaintext);
    assert.ok(storage.openBlob('schlüssel\n🔑', unicode) !== undefined);
    assert.equal(storage.openBlob('schl\u00fcssel\n', unicode), undefined);
  });

  test('does not open if any byte of it was changed, or it was cut short', async () => {
    const storage = await openMemoryStorage();
    const blob = storage.sealBlob('c', plaintext);
    for (let index = 0; index < blob.byteLength; index += 1) {
      const changed = Uint8Array.from(blob);
      changed[index] = (changed[index] ?? 0) ^ 0x04;
      assert.equal(storage.openBlob('c', changed), undefined, `byte ${index}`);
      assert.equal(storage.openBlob('c', blob.subarray(0, index)), undefined, `${index} bytes`);
    }
    assert.equal(storage.openBlob('c', Buffer.alloc(100_000, 0x81)), undefined);
  });

  test('does not open in another store, nor as a record, nor a record as one', async () => {
    const { storage, view, physical } = await openOver();
    const blob = storage.sealBlob('c', plaintext);
    assert.equal((await openMemoryStorage()).openBlob('c', blob), undefined);
    await put(view, 'a', 'value');
    const record = await bytesAt(physical, `${PARTITION}a`);
    assert.equal(storage.openBlob(`${PARTITION}a`, record), undefined);
  });

  test('opens after the record key was rotated, the store rewrapped and opened again', async () => {
    const backend = memoryPhysical();
    const { storage } = await openOver(shared(backend));
    const blob = storage.sealBlob('c', plaintext);
    await storage.rotateRecordKey();
    await storage.rewrap(testSeal(2));
    await storage.close();
    const { storage: again } = await openOver(shared(backend), { seal: testSeal(2) });
    assert.deepEqual(Buffer.from(again.openBlob('c', blob) ?? []), plaintext);
  });
});

describe('rotation and rewrapping', () => {
  test('of the record key: old records stay readable, new ones carry the new term', async () => {
    const { storage, view, physical } = await openOver();
    await put(view, 'old', 1);
    assert.equal(storage.term, 1);
    assert.equal(await storage.rotateRecordKey(), 2);
    assert.equal(storage.term, 2);
    await put(view, 'new', 2);
    const term = async (path: string) =>
      Buffer.from(await bytesAt(physical, PARTITION + path)).readUInt32BE(1);
    assert.equal(await term('old'), 1);
    assert.equal(await term('new'), 2);
    assert.deepEqual([await view.get('old'), await view.get('new')], [1, 2]);
    await put(view, 'old', 3);
    assert.equal(await term('old'), 2);
  });

  test('to a new root key while others write loses nothing', async () => {
    const backend = memoryPhysical();
    const { storage, view } = await openOver(shared(backend));
    const writes = Array.from({ length: 50 }, (_each, index) => put(view, `k${index}`, index));
    await Promise.all([...writes, storage.rotateRecordKey(), storage.rewrap(testSeal(2))]);
    await storage.close();
    const { view: again } = await openOver(shared(backend), { seal: testSeal(2) });
    for (let index = 0; index < 50; index += 1) assert.equal(await again.get(`k${index}`), index);
    await assert.rejects(openOver(shared(backend)), { code: 'wrong_root_key' });
  });
});

describe('closing', () => {
  test('answers the commits under way, then refuses everything, cached or not', async () => {
    const { storage, view } = await openOver();
    await put(view, 'a', 1);
    await view.get('a');
    const pending = put(view, 'b', 1);
    await Promise.all([pending, storage.close()]);
    const closed = { name: 'StorageError', code: 'closed' };
    await assert.rejects(view.get('a'), closed);
    await assert.rejects(view.scan({ prefix: '', limit: 1 }), closed);
    await assert.rejects(put(view, 'c', 1), closed);
    await assert.rejects(
      storage.follow(PARTITION, () => undefined),
      closed,
    );
    await storage.close();
  });
});

test('a hundred increments at once lose none on SQLite either', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-'));
  try {
    const { storage, view } = await openOver(sqlitePhysical({ directory }));
    const increments = Array.from({ length: 100 }, () =>
      view.transact(async (transaction) => {
        transaction.put('n', ((await transaction.get<number>('n')) ?? 0) + 1);
      }),
    );
    await Promise.all(increments);
    assert.equal(await view.get('n'), 100);
    await storage.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
