import assert from 'node:assert/strict';
import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { generateKey } from './generate-key.ts';
import { KeyError } from './key-error.ts';
import {
  deserializeKey,
  exportPkcs8,
  exportSpki,
  fromKeyObject,
  type KeyMaterial,
  keyObject,
  publicJwk,
  serializeKey,
} from './key-material.ts';
import { sign, verify } from './sign.ts';

const keys: readonly (readonly [KeyMaterial, string, number])[] = [
  [await generateKey({ kty: 'RSA', sizeBits: 2048 }), 'PS256', 32],
  [await generateKey({ kty: 'EC', crv: 'P-256' }), 'ES256', 32],
  [await generateKey({ kty: 'EC', crv: 'P-384' }), 'ES384', 48],
  [await generateKey({ kty: 'EC', crv: 'P-521' }), 'ES512', 64],
  [await generateKey({ kty: 'EC', crv: 'P-256K' }), 'ES256K', 32],
  [await generateKey({ kty: 'oct', sizeBits: 256 }), 'HS256', 32],
];

test('a key that was serialized does the same as before', async () => {
  for (const [key, algorithm, digestBytes] of keys) {
    const bytes = serializeKey(key);
    const again = deserializeKey(bytes);
    bytes.fill(0);
    assert.deepEqual(again, key);
    assert.deepEqual(publicJwk(again), publicJwk(key));
    const digest = randomBytes(digestBytes);
    const signature = await sign({ key: again, algorithm, digest });
    assert.ok(await verify({ key, algorithm, digest, signature }));
    assert.deepEqual(serializeKey(again), serializeKey(key));
  }
});

test('a key shows nothing secret when printed, copied or turned into JSON', () => {
  for (const [key] of keys) {
    const shown = inspect(key, { showHidden: true, depth: 9 }) + JSON.stringify(key);
    assert.ok(shown.length < 200, shown);
    assert.throws(() => serializeKey({ ...key }), /not a key of this program/);
    assert.throws(() => serializeKey(structuredClone(key)), /not a key of this program/);
  }
});

test('a key object made by hand does nothing', async () => {
  const forged: KeyMaterial = { kty: 'RSA', sizeBits: 2048 };
  const signing = sign({ key: forged, algorithm: 'RS256', digest: randomBytes(32) });
  await assert.rejects(signing, /not a key of this program/);
  assert.throws(() => publicJwk(forged), /not a key of this program/);
});

test('the public part has what a client needs and no private member', () => {
  const members: readonly string[] = keys.map(([key]) => Object.keys(publicJwk(key)).join());
  const ec = 'kty,crv,x,y';
  assert.deepEqual(members, ['kty,n,e', ec, ec, ec, ec, 'kty']);
});

test('the exported public key and private key are each other’s', () => {
  for (const [key] of keys.filter(([{ kty }]) => kty !== 'oct')) {
    const spki = createPublicKey({ key: exportSpki(key), format: 'der', type: 'spki' });
    const again = deserializeKey(Buffer.concat([Buffer.of(1), exportPkcs8(key)]));
    assert.ok(createPublicKey(keyObject(again)).equals(spki));
  }
});

test('a symmetric key has no public key and no PKCS#8', () => {
  const [oct] = keys.at(-1) ?? assert.fail();
  assert.throws(() => exportSpki(oct), { code: 'unsupportedKeyType' });
  assert.throws(() => exportPkcs8(oct), { code: 'unsupportedKeyType' });
});

test('what is not a serialized key is refused', () => {
  const good = serializeKey(keys[1]?.[0] ?? assert.fail());
  const bad = [
    Buffer.alloc(0),
    Buffer.of(0),
    Buffer.of(1),
    Buffer.of(2),
    Buffer.of(3, ...randomBytes(32)),
    Buffer.of(2, ...randomBytes(33)),
    good.subarray(1),
    good.subarray(0, good.length - 9),
  ];
  for (const bytes of bad) assert.throws(() => deserializeKey(bytes), Error);
});

test('keys that Key Vault does not have are refused', () => {
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 2056 }),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  ];
  for (const { privateKey } of pairs) assert.throws(() => fromKeyObject(privateKey), KeyError);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  assert.throws(() => fromKeyObject(publicKey), KeyError);
  assert.throws(() => fromKeyObject(createSecretKey(randomBytes(20))), KeyError);
});
