import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  verify as nodeVerify,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import { DIGEST_BYTES, type Engine, type SigningMethod } from './engine.ts';
import { keySizeBytes } from './key-size.ts';
import { loadNativeAddon } from './native-addon.ts';
import { createNativeEngine } from './native-engine.ts';
import { createPortableEngine } from './portable-engine.ts';

const addon = loadNativeAddon();
const portable = createPortableEngine();
const engines: readonly Engine[] = addon ? [createNativeEngine(addon), portable] : [portable];
if (addon === undefined) test.skip('the native addon is not built: only the portable engine runs');

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const message = Buffer.from('what was signed');

const CASES: readonly (readonly [string, KeyObject, SigningMethod])[] = [
  ['RS256', rsa, { scheme: 'pkcs1', digest: 'sha256' }],
  ['RS384', rsa, { scheme: 'pkcs1', digest: 'sha384' }],
  ['RS512', rsa, { scheme: 'pkcs1', digest: 'sha512' }],
  ['PS256', rsa, { scheme: 'pss', digest: 'sha256' }],
  ['PS384', rsa, { scheme: 'pss', digest: 'sha384' }],
  ['PS512', rsa, { scheme: 'pss', digest: 'sha512' }],
  ['ES256', ecKey('prime256v1'), { scheme: 'ecdsa', digest: 'sha256' }],
  ['ES256K', ecKey('secp256k1'), { scheme: 'ecdsa', digest: 'sha256' }],
  ['ES384', ecKey('secp384r1'), { scheme: 'ecdsa', digest: 'sha384' }],
  ['ES512', ecKey('secp521r1'), { scheme: 'ecdsa', digest: 'sha512' }],
];

function ecKey(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

function verifiesInNode(key: KeyObject, method: SigningMethod, signature: Buffer): boolean {
  const isPss = method.scheme === 'pss';
  return nodeVerify(
    method.digest ?? '',
    message,
    {
      key: createPublicKey(key),
      dsaEncoding: 'ieee-p1363',
      ...(isPss && {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }),
    },
    signature,
  );
}

for (const signer of engines) {
  for (const [name, key, method] of CASES) {
    test(`${signer.name} ${name}: node:crypto and every engine accept the signature`, async () => {
      const digest = createHash(method.digest ?? '')
        .update(message)
        .digest();
      const signature = await signer.openKey(key).sign(method, digest);
      assert.ok(verifiesInNode(key, method, signature));
      for (const verifier of engines) {
        for (const opened of [key, createPublicKey(key)].map((one) => verifier.openKey(one))) {
          assert.equal(await opened.verify(method, digest, signature), true);
          const otherDigest = randomBytes(digest.length);
          assert.equal(await opened.verify(method, otherDigest, signature), false);
          const changed = Buffer.from(signature);
          changed.writeUInt8(changed.readUInt8(9) ^ 1, 9);
          assert.equal(await opened.verify(method, digest, changed), false);
          for (const wrong of [signature.subarray(1), Buffer.concat([signature, Buffer.of(0)])]) {
            assert.equal(await opened.verify(method, digest, wrong), false);
          }
          assert.equal(await opened.verify(method, digest, Buffer.alloc(0)), false);
          assert.equal(await opened.verify(method, digest, Buffer.alloc(4096)), false);
        }
      }
    });
  }

  test(`${signer.name} RSNULL: the bytes are padded as they are`, async () => {
    const method = { scheme: 'pkcs1', digest: undefined } as const;
    for (const bytes of [Buffer.of(7), randomBytes(36), randomBytes(245)]) {
      const signature = await signer.openKey(rsa).sign(method, bytes);
      for (const verifier of engines) {
        assert.equal(await verifier.openKey(rsa).verify(method, bytes, signature), true);
        const longer = Buffer.concat([bytes.subarray(1), Buffer.of(1)]);
        assert.equal(await verifier.openKey(rsa).verify(method, longer, signature), false);
      }
    }
  });

  test(`${signer.name}: RSNULL over a DigestInfo is the same signature as RS256`, async () => {
    const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
    const digest = randomBytes(32);
    const raw = { scheme: 'pkcs1', digest: undefined } as const;
    const key = signer.openKey(rsa);
    const byHand = await key.sign(raw, Buffer.concat([prefix, digest]));
    assert.deepEqual(await key.sign({ scheme: 'pkcs1', digest: 'sha256' }, digest), byHand);
  });

  test(`${signer.name}: OAEP of node:crypto opens with the same hash only`, async () => {
    const key = signer.openKey(rsa);
    const plaintext = Buffer.from('a key to wrap');
    for (const [scheme, oaepHash, other] of [
      ['RSA-OAEP', 'sha1', 'RSA-OAEP-256'],
      ['RSA-OAEP-256', 'sha256', 'RSA-OAEP'],
    ] as const) {
      const publicKey = createPublicKey(rsa);
      const ciphertext = publicEncrypt({ key: publicKey, oaepHash }, plaintext);
      assert.deepEqual(await key.decrypt(scheme, ciphertext), plaintext);
      assert.equal(await key.decrypt(other, ciphertext), undefined);
      ciphertext.writeUInt8(ciphertext.readUInt8(100) ^ 4, 100);
      assert.equal(await key.decrypt(scheme, ciphertext), undefined);
    }
  });

  test(`${signer.name}: RSA1_5 with bad padding yields one random-looking text`, async () => {
    const key = signer.openKey(rsa);
    const publicKey = createPublicKey(rsa);
    // Encrypted without any padding: what comes out never starts with 00 02.
    const broken = Buffer.alloc(256, 0x11);
    const padding = constants.RSA_NO_PADDING;
    const ciphertext = publicEncrypt({ key: publicKey, padding }, broken);
    const first = await key.decrypt('RSA1_5', ciphertext);
    assert.ok(first !== undefined && first.length <= 245);
    assert.deepEqual(await key.decrypt('RSA1_5', ciphertext), first);
    for (const other of engines) {
      assert.deepEqual(await other.openKey(rsa).decrypt('RSA1_5', ciphertext), first);
    }
  });

  test(`${signer.name}: an impossible ciphertext does not open`, async () => {
    const key = signer.openKey(rsa);
    for (const ciphertext of [Buffer.alloc(0), randomBytes(255), Buffer.alloc(257)]) {
      assert.equal(await key.decrypt('RSA-OAEP', ciphertext), undefined);
      assert.equal(await key.decrypt('RSA1_5', ciphertext), undefined);
    }
    assert.equal(await key.decrypt('RSA-OAEP-256', Buffer.alloc(256, 0xff)), undefined);
    assert.equal(await key.decrypt('RSA1_5', Buffer.alloc(256, 0xff)), undefined);
  });

  test(`${signer.name}: a public key neither signs nor decrypts`, async () => {
    const key = signer.openKey(createPublicKey(rsa));
    const signing = key.sign({ scheme: 'pkcs1', digest: 'sha256' }, randomBytes(32));
    await assert.rejects(signing, Error);
    await assert.rejects(key.decrypt('RSA-OAEP', randomBytes(256)), Error);
  });

  test(`${signer.name}: a key of another type or size is not opened`, () => {
    const foreign = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
      generateKeyPairSync('ed25519').privateKey,
      ecKey('secp224r1'),
    ];
    for (const key of foreign) assert.throws(() => signer.openKey(key), Error);
  });
}

test('every supported key knows how long its signatures are', async () => {
  for (const [, key, method] of CASES) {
    const digest = randomBytes(DIGEST_BYTES[method.digest ?? 'sha256']);
    const signature = await portable.openKey(key).sign(method, digest);
    assert.equal(signature.length, keySizeBytes(key) * (method.scheme === 'ecdsa' ? 2 : 1));
  }
});

test('two signatures by the same randomised method differ', async () => {
  const randomised = CASES.filter(([, , method]) => method.scheme !== 'pkcs1');
  for (const engine of engines) {
    for (const [, key, method] of randomised) {
      const digest = randomBytes(DIGEST_BYTES[method.digest ?? 'sha256']);
      const opened = engine.openKey(key);
      const [one, two] = [await opened.sign(method, digest), await opened.sign(method, digest)];
      assert.notDeepEqual(one, two);
    }
  }
});

test('a task that fails in a worker rejects, and the worker goes on', async () => {
  const key = portable.openKey(rsa);
  const digest = randomBytes(32);
  await assert.rejects(key.sign({ scheme: 'ecdsa', digest: 'sha256' }, digest), Error);
  const signature = await key.sign({ scheme: 'pkcs1', digest: 'sha256' }, digest);
  assert.equal(signature.length, 256);
});
