import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateKey } from './generate-key.ts';
import { KeyError } from './key-error.ts';
import { keyObject, publicJwk, serializeKey } from './key-material.ts';

test('an RSA key has the size and exponent asked for', async () => {
  const usual = await generateKey({ kty: 'RSA', sizeBits: 2048 });
  assert.equal(keyObject(usual).asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(keyObject(usual).asymmetricKeyDetails?.publicExponent, 65_537n);
  const key = await generateKey({ kty: 'RSA', sizeBits: 3072, publicExponent: 17 });
  assert.equal(keyObject(key).asymmetricKeyDetails?.modulusLength, 3072);
  const shown = publicJwk(key);
  assert.equal(shown.kty === 'RSA' && shown.e, Buffer.of(17).toString('base64url'));
});

test('a modulus size that Key Vault does not have is refused', async () => {
  for (const sizeBits of [0, 512, 1024, 2047, 2056, 4097, 8192, Number.NaN, 2048.5, -2048]) {
    const generating = generateKey({ kty: 'RSA', sizeBits });
    await assert.rejects(generating, new KeyError('unsupportedKeySize', 'key_size'));
  }
});

test('an even, tiny, fractional or huge public exponent is refused', async () => {
  for (const publicExponent of [0, 1, 2, 4, -3, 3.5, 65_536, 2 ** 32 + 1, Number.NaN, Infinity]) {
    const generating = generateKey({ kty: 'RSA', sizeBits: 2048, publicExponent });
    const refusal = new KeyError('unsupportedPublicExponent', 'public_exponent');
    await assert.rejects(generating, refusal);
  }
});

test('an EC key is on the curve asked for', async () => {
  for (const [crv, namedCurve] of [
    ['P-256', 'prime256v1'],
    ['P-384', 'secp384r1'],
    ['P-521', 'secp521r1'],
    ['P-256K', 'secp256k1'],
  ] as const) {
    const key = await generateKey({ kty: 'EC', crv });
    assert.equal(key.kty === 'EC' && key.crv, crv);
    assert.equal(keyObject(key).asymmetricKeyDetails?.namedCurve, namedCurve);
  }
});

test('a symmetric key has the size asked for, and no other size is made', async () => {
  for (const sizeBits of [128, 192, 256]) {
    const key = await generateKey({ kty: 'oct', sizeBits });
    assert.equal(keyObject(key).symmetricKeySize, sizeBits / 8);
  }
  for (const sizeBits of [0, 8, 129, 512, Number.NaN]) {
    const generating = generateKey({ kty: 'oct', sizeBits });
    await assert.rejects(generating, new KeyError('unsupportedKeySize', 'key_size'));
  }
});

test('no two keys are alike', async () => {
  for (const spec of [
    { kty: 'oct', sizeBits: 256 },
    { kty: 'EC', crv: 'P-256' },
  ] as const) {
    const made = await Promise.all([0, 1, 2, 3].map(() => generateKey(spec)));
    const serialized = made.map((key) => serializeKey(key).toString('hex'));
    assert.equal(new Set(serialized).size, 4);
  }
});
