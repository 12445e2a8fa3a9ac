import assert from 'node:assert/strict';
import { createPublicKey, randomBytes, verify as verifyMessage } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { encrypt, unwrapKey, wrapKey } from './encrypt.ts';
import { generateKey } from './generate-key.ts';
import { KeyError } from './key-error.ts';
import {
  deserializeKey,
  exportSpki,
  type KeyMaterial,
  publicJwk,
  serializeKey,
} from './key-material.ts';
import { MESSAGE_BYTES_MAX } from './post-quantum.ts';
import { sign, verify } from './sign.ts';

async function make(alg: 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87' | 'ML-KEM-768' | 'ML-KEM-1024') {
  try {
    return await generateKey({ kty: 'AKP', alg });
  } catch (error) {
    assert.ok(error instanceof KeyError && error.code === 'unsupportedKeyType');
    return undefined;
  }
}

const signers = [await make('ML-DSA-44'), await make('ML-DSA-65'), await make('ML-DSA-87')];
const wrappers = [await make('ML-KEM-768'), await make('ML-KEM-1024')];
const skip = signers[0] === undefined ? 'this OpenSSL has no post-quantum keys' : false;
const there = (keys: readonly (KeyMaterial | undefined)[]) =>
  keys.filter((key): key is Extract<KeyMaterial, { kty: 'AKP' }> => key?.kty === 'AKP');

/** FIPS 204, table 2, and FIPS 203, table 3. */
const SIGNATURE_BYTES: readonly number[] = [2420, 3309, 4627];
const ENCAPSULATED_BYTES: readonly number[] = [1088, 1568];

test('ML-DSA signs messages of any length, and OpenSSL verifies them itself', {
  skip,
}, async () => {
  for (const [i, key] of there(signers).entries()) {
    const { alg: algorithm } = key;
    for (const digest of [randomBytes(1), randomBytes(32), randomBytes(MESSAGE_BYTES_MAX)]) {
      const signature = await sign({ key, algorithm, digest });
      assert.equal(signature.length, SIGNATURE_BYTES[i]);
      assert.ok(await verify({ key, algorithm, digest, signature }));
      const spki = createPublicKey({ key: exportSpki(key), format: 'der', type: 'spki' });
      assert.ok(verifyMessage(null, digest, spki, signature));
    }
  }
});

test('a changed message or signature, or another key, does not verify', { skip }, async () => {
  const [key, other] = there(signers);
  assert.ok(key && other);
  const digest = randomBytes(32);
  const signature = await sign({ key, algorithm: key.alg, digest });
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: signature.length - 1 }), async (at) => {
      const changed = Buffer.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const input = { key, algorithm: key.alg, digest, signature: changed };
      assert.equal(await verify(input), false);
    }),
    { numRuns: 30 },
  );
  for (const bytes of [
    signature.subarray(1),
    Buffer.alloc(0),
    Buffer.concat([signature, digest]),
  ]) {
    assert.equal(await verify({ key, algorithm: key.alg, digest, signature: bytes }), false);
  }
  const wrong = { algorithm: key.alg, digest: randomBytes(32), signature };
  assert.equal(await verify({ key, ...wrong }), false);
  await assert.rejects(verify({ key: other, ...wrong }), KeyError);
});

test('nothing and more than 64 KiB are not signed', { skip }, async () => {
  const [key] = there(signers);
  assert.ok(key);
  for (const length of [0, MESSAGE_BYTES_MAX + 1]) {
    const input = { key, algorithm: key.alg, digest: Buffer.alloc(length) };
    await assert.rejects(sign(input), { code: 'digestLength' });
    await assert.rejects(verify({ ...input, signature: Buffer.alloc(1) }), {
      code: 'digestLength',
    });
  }
});

test('ML-KEM wraps keys, each time otherwise, and gives them back', { skip }, async () => {
  for (const [i, key] of there(wrappers).entries()) {
    const { alg: algorithm } = key;
    for (const length of [1, 16, 32, 256, 1193]) {
      const plaintext = randomBytes(length);
      const ciphertext = await wrapKey({ key, algorithm, plaintext });
      const wrappedBytes = 8 + Math.ceil(length / 8) * 8;
      assert.equal(ciphertext.length, (ENCAPSULATED_BYTES[i] ?? 0) + wrappedBytes);
      assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), plaintext);
      assert.notDeepEqual(await wrapKey({ key, algorithm, plaintext }), ciphertext);
    }
  }
});

test('what ML-KEM wrapped and was changed anywhere has one answer', { skip }, async () => {
  const [key, other] = there(wrappers);
  assert.ok(key && other);
  const { alg: algorithm } = key;
  const whole = await wrapKey({ key, algorithm, plaintext: randomBytes(32) });
  const refused = (ciphertext: Uint8Array) =>
    assert.rejects(unwrapKey({ key, algorithm, ciphertext }), { code: 'undecryptable' });
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async (at) => {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await refused(changed);
    }),
    { numRuns: 40 },
  );
  for (const length of [0, 1, 1087, 1088, 1089, whole.length - 8]) {
    await refused(whole.subarray(0, length));
  }
  await refused(Buffer.concat([whole, Buffer.alloc(70_000)]));
});

test('each key does only what it is for', { skip }, async () => {
  const [dsa] = there(signers);
  const [kem] = there(wrappers);
  assert.ok(dsa && kem);
  const bytes = randomBytes(32);
  const refused = (work: Promise<unknown>) =>
    assert.rejects(work, (error) => error instanceof KeyError && /lgorithm/.test(error.code));
  await refused(sign({ key: kem, algorithm: 'ML-DSA-44', digest: bytes }));
  await refused(sign({ key: dsa, algorithm: 'ML-DSA-65', digest: bytes }));
  await refused(sign({ key: dsa, algorithm: 'RS256', digest: bytes }));
  await refused(wrapKey({ key: dsa, algorithm: 'ML-KEM-768', plaintext: bytes }));
  await refused(wrapKey({ key: kem, algorithm: 'ML-KEM-1024', plaintext: bytes }));
  await refused(wrapKey({ key: kem, algorithm: 'A256KW', plaintext: bytes }));
  await refused(encrypt({ key: kem, algorithm: 'ML-KEM-768', plaintext: bytes }));
});

test('a post-quantum key is kept and shown as the JOSE drafts have it', { skip }, async () => {
  for (const key of [...there(signers), ...there(wrappers)]) {
    const again = deserializeKey(serializeKey(key));
    assert.deepEqual(again, key);
    const jwk = publicJwk(again);
    assert.ok(jwk.kty === 'AKP');
    assert.deepEqual(Object.keys(jwk), ['kty', 'alg', 'pub']);
    assert.equal(Buffer.from(jwk.pub, 'base64url').length * 8, key.sizeBits);
  }
});
