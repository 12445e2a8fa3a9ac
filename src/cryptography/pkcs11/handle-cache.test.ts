import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandleCache } from './handle-cache.ts';

function handle(number: number): Buffer {
  return Buffer.of(number);
}

function cacheOf(entriesMax: number) {
  const destroyed: number[] = [];
  const cache = new HandleCache((gone) => destroyed.push(gone.readUInt8()), entriesMax);
  return { cache, destroyed };
}

test('a key is unwrapped into the token once and used again', () => {
  const { cache } = cacheOf(2);
  let opened = 0;
  const open = () => {
    opened += 1;
    return handle(7);
  };
  assert.deepEqual(cache.get('a', open), handle(7));
  assert.deepEqual(cache.get('a', open), handle(7));
  assert.equal(opened, 1);
});

test('the key unused for longest is destroyed in the token when there are too many', () => {
  const { cache, destroyed } = cacheOf(2);
  cache.get('a', () => handle(1));
  cache.get('b', () => handle(2));
  cache.get('a', () => assert.fail('still there'));
  cache.get('c', () => handle(3));
  assert.deepEqual(destroyed, [2]);
  cache.get('b', () => handle(4));
  assert.deepEqual(destroyed, [2, 1]);
});

test('what does not open is not kept', () => {
  const { cache, destroyed } = cacheOf(2);
  assert.throws(() =>
    cache.get('a', () => {
      throw new Error('the token is gone');
    }),
  );
  assert.deepEqual(
    cache.get('a', () => handle(1)),
    handle(1),
  );
  assert.deepEqual(destroyed, []);
});
