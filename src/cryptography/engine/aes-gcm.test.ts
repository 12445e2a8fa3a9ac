import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { AES_GCM_OVERHEAD_BYTES } from './aes-gcm.ts';
import { createAesGcm } from './implementation.ts';

const bytes = fc.uint8Array({ maxLength: 300 });

test('what was sealed opens with the same key and associated data', () => {
  const cipher = createAesGcm(randomBytes(32));
  fc.assert(
    fc.property(bytes, bytes, (plaintext, aad) => {
      const sealed = cipher.seal(plaintext, aad);
      assert.equal(sealed.length, plaintext.length + AES_GCM_OVERHEAD_BYTES);
      assert.deepEqual(cipher.open(sealed, aad), Buffer.from(plaintext));
    }),
  );
});

test('a single changed bit anywhere keeps a sealed value shut', () => {
  const cipher = createAesGcm(randomBytes(32));
  const aad = Buffer.from('vault/a/secrets/b');
  const sealed = cipher.seal(Buffer.from('payload'), aad);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.equal(cipher.open(changed, aad), undefined);
  }
});

test('a sealed value does not open under other associated data, another key, or cut short', () => {
  const key = randomBytes(32);
  const cipher = createAesGcm(key);
  const aad = Buffer.from('here');
  const sealed = cipher.seal(Buffer.from('payload'), aad);
  assert.equal(cipher.open(sealed, Buffer.from('there')), undefined);
  assert.equal(cipher.open(sealed, Buffer.alloc(0)), undefined);
  assert.equal(createAesGcm(randomBytes(32)).open(sealed, aad), undefined);
  for (let length = 0; length < sealed.length; length += 1) {
    assert.equal(cipher.open(sealed.subarray(0, length), aad), undefined);
  }
});

test('sealing the same value twice shows no likeness', () => {
  const cipher = createAesGcm(randomBytes(32));
  const [a, b] = [0, 1].map(() => cipher.seal(Buffer.alloc(32), Buffer.alloc(0)));
  assert.notDeepEqual(a?.subarray(0, 12), b?.subarray(0, 12));
  assert.notDeepEqual(a?.subarray(12), b?.subarray(12));
});

test('wiping the caller’s copy of the key does not change the cipher', () => {
  const key = randomBytes(32);
  const copy = Buffer.from(key);
  const cipher = createAesGcm(copy);
  copy.fill(0);
  const sealed = createAesGcm(key).seal(Buffer.from('x'), Buffer.alloc(0));
  assert.deepEqual(cipher.open(sealed, Buffer.alloc(0)), Buffer.from('x'));
});

test('any other key length is refused', () => {
  for (const length of [0, 16, 24, 31, 33]) {
    assert.throws(() => createAesGcm(randomBytes(length)), RangeError);
  }
});

test('text opens as the text it was, and stays shut as bytes do', () => {
  const cipher = createAesGcm(randomBytes(32));
  const aad = Buffer.from('path');
  const texts = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(texts, (text) => {
      const sealed = cipher.seal(Buffer.from(text), aad);
      assert.equal(cipher.openText(sealed, aad), Buffer.from(text).toString());
      sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
      assert.equal(cipher.openText(sealed, aad), undefined);
    }),
  );
  for (const text of ['', 'a'.repeat(8192), 'a'.repeat(8193), 'ä'.repeat(9000), '\0 "\\']) {
    assert.equal(cipher.openText(cipher.seal(Buffer.from(text), aad), aad), text);
  }
  assert.equal(cipher.openText(Buffer.alloc(27), aad), undefined);
});
