import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createAesGcm } from '#cryptography';
import { RecordCache } from './record-cache.ts';

const cipher = createAesGcm(new Uint8Array(32));

function record(bytes: number, sequence = 1) {
  const envelope = { cipher, body: new Uint8Array(bytes), associated: new Uint8Array(0) };
  return { envelope, sequence };
}

/** Bytes of an entry with a key of one letter and a body of `bytes`. */
function size(bytes: number): number {
  const cache = new RecordCache(1e6);
  cache.set('a', record(bytes));
  return cache.bytes;
}

describe('the cache of sealed records', () => {
  test('gives back what was put last, until it is deleted', () => {
    const cache = new RecordCache(1e6);
    cache.set('a', record(10, 1));
    cache.set('a', record(10, 2));
    assert.equal(cache.get('a')?.sequence, 2);
    assert.equal(cache.bytes, size(10));
    cache.delete('a');
    cache.delete('a');
    assert.equal(cache.get('a'), undefined);
    assert.equal(cache.bytes, 0);
  });

  test('forgets the oldest first, but not what was read since', () => {
    const cache = new RecordCache(3 * size(100));
    for (const key of ['a', 'b', 'c']) cache.set(key, record(100));
    cache.get('a');
    cache.set('d', record(100));
    const kept = ['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined);
    assert.deepEqual(kept, ['a', 'c', 'd']);
  });

  test('keeps a record that is read between all others, however many pass', () => {
    const cache = new RecordCache(10 * size(100));
    cache.set('h', record(100));
    for (let index = 0; index < 1000; index += 1) {
      assert.ok(cache.get('h') !== undefined, `${index}`);
      cache.set(`x${index}`, record(100));
    }
  });

  test('makes room even if everything in it was just read', () => {
    const cache = new RecordCache(3 * size(100));
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      cache.set(key, record(100));
      for (const each of ['a', 'b', 'c', 'd', 'e']) cache.get(each);
      assert.ok(cache.bytes <= 3 * size(100));
    }
    assert.ok(cache.get('e') !== undefined);
  });

  test('does not take a record that alone is larger than all of it', () => {
    const cache = new RecordCache(size(100));
    cache.set('a', record(100));
    cache.set('b', record(101));
    assert.equal(cache.get('b'), undefined);
    assert.ok(cache.get('a') !== undefined);
    cache.set('a', record(101));
    assert.equal(cache.get('a'), undefined, 'and never answers with the older one');
  });

  test('is empty after it was cleared', () => {
    const cache = new RecordCache(1e6);
    cache.set('a', record(1));
    cache.clear();
    assert.equal(cache.get('a'), undefined);
    assert.equal(cache.bytes, 0);
  });

  test('never exceeds its bound, never invents, and never keeps what was deleted', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.oneof(
      fc.record({ set: key, bytes: fc.integer({ min: 0, max: 2000 }) }),
      fc.record({ get: key }),
      fc.record({ delete: key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new RecordCache(4000);
        const latest = new Map<string, number>();
        for (const [index, each] of steps.entries()) {
          if ('set' in each) {
            cache.set(each.set, record(each.bytes, index));
            latest.set(each.set, index);
          } else if ('delete' in each) {
            cache.delete(each.delete);
            latest.delete(each.delete);
          } else {
            const found = cache.get(each.get);
            if (found !== undefined) assert.equal(found.sequence, latest.get(each.get));
          }
          assert.ok(cache.bytes >= 0 && cache.bytes <= 4000);
        }
      }),
    );
  });
});
