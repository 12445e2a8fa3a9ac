import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createAesGcm, selectImplementation, usingNative } from './implementation.ts';
import { loadNativeAddon } from './native-addon.ts';

test('the choice can be forced once, and not changed after it was used', () => {
  selectImplementation('fallback');
  assert.equal(usingNative(), false);
  selectImplementation('fallback');
  assert.throws(() => selectImplementation('native'), /already in use/);
  assert.throws(() => selectImplementation('auto'), /already in use/);
  assert.equal(usingNative(), false);
});

test('what one implementation sealed the other opens', (context) => {
  const addon = loadNativeAddon();
  if (addon === undefined) return context.skip('the native addon is not built');
  const key = randomBytes(32);
  const aad = Buffer.from('path');
  const portable = createAesGcm(key);
  const native = addon.gcmKey(key);
  for (const length of [0, 1, 16, 1000, 9000, 100_000]) {
    const text = 'é'.repeat(length / 2);
    const plaintext = Buffer.from(text);
    assert.deepEqual(addon.gcmOpen(native, portable.seal(plaintext, aad), aad), plaintext);
    assert.deepEqual(portable.open(addon.gcmSeal(native, plaintext, aad), aad), plaintext);
    assert.equal(addon.gcmOpenText(native, portable.seal(plaintext, aad), aad), text);
    assert.equal(portable.openText(addon.gcmSeal(native, plaintext, aad), aad), text);
  }
});
