import assert from 'node:assert/strict';
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { generateKey } from './generate-key.ts';
import { importJwk } from './import-key.ts';
import { KeyError } from './key-error.ts';
import { exportSpki, type KeyMaterial, publicJwk, serializeKey } from './key-material.ts';
import {
  encryptTo,
  exportJwk,
  readRecipient,
  unwrapTransfer,
  wrapForTransfer,
} from './key-transfer.ts';

const receiver = await generateKey({ kty: 'RSA', sizeBits: 2048 });
const recipient = createPublicKey({ key: exportSpki(receiver), format: 'der', type: 'spki' });
const wrap = (key: KeyMaterial) => wrapForTransfer(key, { recipient, hash: 'sha1' });

const keys: readonly KeyMaterial[] = [
  await generateKey({ kty: 'RSA', sizeBits: 3072 }),
  await generateKey({ kty: 'EC', crv: 'P-521' }),
  await generateKey({ kty: 'EC', crv: 'P-256K' }),
  await generateKey({ kty: 'oct', sizeBits: 256 }),
];

test('a key that was wrapped for transfer arrives as it was', async () => {
  for (const key of keys) {
    assert.ok(key.kty !== 'AKP');
    const arrived = await unwrapTransfer(receiver, { kty: key.kty, ciphertext: await wrap(key) });
    assert.deepEqual(serializeKey(arrived), serializeKey(key));
  }
});

test('the wrapping is RSA-OAEP with the named hash, then AES key wrap with padding', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const hash of ['sha1', 'sha256', 'sha384'] as const) {
    const [key] = keys;
    assert.ok(key);
    const wrapped = await wrapForTransfer(key, { recipient: publicKey, hash });
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const head = wrapped.subarray(0, 256);
    const aes = privateDecrypt({ key: privateKey, padding, oaepHash: hash }, head);
    assert.equal(aes.length, 32);
    const other = hash === 'sha1' ? 'sha256' : 'sha1';
    assert.throws(() => privateDecrypt({ key: privateKey, padding, oaepHash: other }, head));
  }
});

test('a key that came as one type is not taken as another', async () => {
  const [rsa, ec] = keys;
  assert.ok(rsa && ec);
  for (const [key, kty] of [
    [rsa, 'EC'],
    [ec, 'RSA'],
    [rsa, 'oct'],
  ] as const) {
    await assert.rejects(unwrapTransfer(receiver, { kty, ciphertext: await wrap(key) }), KeyError);
  }
});

test('a transfer that was changed, cut or made for another key does not open', async () => {
  const [, ec] = keys;
  assert.ok(ec);
  const whole = await wrap(ec);
  const refused = (ciphertext: Uint8Array) =>
    assert.rejects(unwrapTransfer(receiver, { kty: 'EC', ciphertext }), KeyError);
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, bits) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ bits;
        await refused(changed);
      },
    ),
    { numRuns: 60 },
  );
  for (const length of [0, 1, 255, 256, 264, whole.length - 8])
    await refused(whole.subarray(0, length));
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  await refused(await wrapForTransfer(ec, { recipient: stranger, hash: 'sha1' }));
  await refused(
    Buffer.concat([encryptTo(recipient, 'sha1', randomBytes(31)), whole.subarray(256)]),
  );
});

test('a recipient is an RSA key of 2048 to 4096 bits and nothing else', () => {
  const jwk = publicJwk(receiver);
  assert.ok(jwk.kty === 'RSA');
  assert.equal(readRecipient(jwk).asymmetricKeyType, 'rsa');
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
    format: 'jwk',
  });
  const { n = '', e = '' } = short;
  const bad = [
    { n, e },
    { n: '', e },
    { n: '*', e: 'AQAB' },
    { n: jwk.n, e: '' },
    { n: jwk.n, e: 'AQ' },
  ];
  for (const one of bad) assert.throws(() => readRecipient(one), KeyError, JSON.stringify(one));
});

test('an exported JWK imports as the same key', async () => {
  for (const key of keys) {
    assert.deepEqual(serializeKey(await importJwk(exportJwk(key))), serializeKey(key));
  }
});
