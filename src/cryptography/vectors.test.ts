import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { type Schema, z } from '#kernel';
import { hex, isHere, loadSelected, loadWycheproof, vectorBase } from '#test/vectors/wycheproof.ts';
import { seal, unseal } from './aes-modes.ts';
import type { DecryptionScheme, DigestName, Engine, SigningMethod } from './engine/engine.ts';
import { loadNativeAddon } from './engine/native-addon.ts';
import { createNativeEngine } from './engine/native-engine.ts';
import { createPortableEngine } from './engine/portable-engine.ts';
import { KeyError } from './key-error.ts';
import { type AesMode, SoftwareSymmetricKey } from './symmetric-key.ts';

const addon = loadNativeAddon();
const portable = createPortableEngine();
const engines: readonly Engine[] = addon ? [createNativeEngine(addon), portable] : [portable];
if (addon === undefined) test.skip('the native addon is not built: vectors run without it');

const DIGESTS: Readonly<Record<string, DigestName>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Pure JavaScript takes 3–10 ms for one verification on these: there the selection has to do. */
const SLOW_CURVES = /secp384r1|secp521r1/;

function load<T>(name: string, schema: Schema<T>, engine: Engine): readonly T[] {
  const isSlow = engine.name === 'portable' && SLOW_CURVES.test(name);
  return isSlow ? loadSelected(name, schema) : loadWycheproof(name, schema);
}

const signatures = z.object({
  publicKeyDer: hex,
  sha: z.enum(['SHA-256', 'SHA-384', 'SHA-512']),
  tests: z.array(z.object({ ...vectorBase, msg: hex, sig: hex })),
});

const SIGNATURE_FILES = [
  { file: 'ecdsa_secp256r1_sha256_p1363', scheme: 'ecdsa' },
  { file: 'ecdsa_secp256k1_sha256_p1363', scheme: 'ecdsa' },
  { file: 'ecdsa_secp384r1_sha384_p1363', scheme: 'ecdsa' },
  { file: 'ecdsa_secp521r1_sha512_p1363', scheme: 'ecdsa' },
  { file: 'rsa_signature_2048_sha256', scheme: 'pkcs1' },
  { file: 'rsa_signature_2048_sha512', scheme: 'pkcs1' },
  { file: 'rsa_pss_2048_sha256_mgf1_32', scheme: 'pss' },
] as const;

// Only where the complete set is at hand.
const MORE_SIGNATURE_FILES = [
  { file: 'rsa_signature_2048_sha384', scheme: 'pkcs1' },
  { file: 'rsa_signature_3072_sha256', scheme: 'pkcs1' },
  { file: 'rsa_signature_3072_sha384', scheme: 'pkcs1' },
  { file: 'rsa_signature_3072_sha512', scheme: 'pkcs1' },
  { file: 'rsa_signature_4096_sha256', scheme: 'pkcs1' },
  { file: 'rsa_signature_4096_sha384', scheme: 'pkcs1' },
  { file: 'rsa_signature_4096_sha512', scheme: 'pkcs1' },
  { file: 'rsa_pss_2048_sha384_mgf1_48', scheme: 'pss' },
  { file: 'rsa_pss_3072_sha256_mgf1_32', scheme: 'pss' },
  { file: 'rsa_pss_4096_sha256_mgf1_32', scheme: 'pss' },
  { file: 'rsa_pss_4096_sha384_mgf1_48', scheme: 'pss' },
  { file: 'rsa_pss_4096_sha512_mgf1_64', scheme: 'pss' },
] as const;

type SignatureFile = (typeof SIGNATURE_FILES)[number] | (typeof MORE_SIGNATURE_FILES)[number];

async function checkSignatures({ file, scheme }: SignatureFile, engine: Engine): Promise<number> {
  let checked = 0;
  for (const group of load(file, signatures, engine)) {
    const key = engine.openKey(
      createPublicKey({ key: group.publicKeyDer, format: 'der', type: 'spki' }),
    );
    const digestName = DIGESTS[group.sha] ?? 'sha256';
    const method: SigningMethod = { scheme, digest: digestName };
    for (const { tcId, comment, msg, sig, result } of group.tests) {
      const digest = createHash(digestName).update(msg).digest();
      const verified = await key.verify(method, digest, sig);
      checked += 1;
      // The one acceptable case leaves the NULL out of the DigestInfo; we want it there.
      assert.equal(verified, result === 'valid', `${file} #${tcId} ${comment}`);
    }
  }
  return checked;
}

for (const engine of engines) {
  for (const file of SIGNATURE_FILES) {
    test(`${engine.name}: Wycheproof signatures, ${file.file}`, async () => {
      assert.ok((await checkSignatures(file, engine)) > 5);
    });
  }
  for (const file of MORE_SIGNATURE_FILES) {
    test(`${engine.name}: Wycheproof signatures, ${file.file}`, async (context) => {
      if (!isHere(file.file)) return context.skip('the complete vectors are not here');
      assert.ok((await checkSignatures(file, engine)) > 5);
    });
  }
}

const decryptions = z.object({
  privateKeyPkcs8: hex,
  tests: z.array(z.object({ ...vectorBase, msg: hex, ct: hex, label: hex.optional() })),
});

const DECRYPTION_FILES: readonly (readonly [string, DecryptionScheme])[] = [
  ['rsa_oaep_2048_sha1_mgf1sha1', 'RSA-OAEP'],
  ['rsa_oaep_2048_sha256_mgf1sha256', 'RSA-OAEP-256'],
  ['rsa_pkcs1_2048', 'RSA1_5'],
];

// Only where the complete set is at hand.
const MORE_DECRYPTION_FILES: readonly (readonly [string, DecryptionScheme])[] = [
  ['rsa_oaep_3072_sha256_mgf1sha256', 'RSA-OAEP-256'],
  ['rsa_oaep_4096_sha256_mgf1sha256', 'RSA-OAEP-256'],
  ['rsa_pkcs1_3072', 'RSA1_5'],
  ['rsa_pkcs1_4096', 'RSA1_5'],
];

async function checkDecryption(file: string, scheme: DecryptionScheme, engine: Engine) {
  for (const group of load(file, decryptions, engine)) {
    const key = engine.openKey(
      createPrivateKey({ key: group.privateKeyPkcs8, format: 'der', type: 'pkcs8' }),
    );
    for (const { tcId, comment, msg, ct, label, result } of group.tests) {
      // Key Vault has no label: what was made with one must not open.
      const opens = result === 'valid' && (label === undefined || label.length === 0);
      const plaintext = await key.decrypt(scheme, ct);
      const found = plaintext?.equals(msg) ?? false;
      assert.equal(found, opens, `${file} #${tcId} ${comment}`);
    }
  }
}

for (const engine of engines) {
  for (const [file, scheme] of [...DECRYPTION_FILES, ...MORE_DECRYPTION_FILES]) {
    test(`${engine.name}: Wycheproof decryption, ${file}`, async (context) => {
      if (!isHere(file)) return context.skip('the complete vectors are not here');
      await checkDecryption(file, scheme, engine);
    });
  }
}

const gcmGroup = z.object({
  ivSize: z.number(),
  keySize: z.number(),
  tagSize: z.number(),
  tests: z.array(
    z.object({ ...vectorBase, key: hex, iv: hex, aad: hex, msg: hex, ct: hex, tag: hex }),
  ),
});

function gcmGroups() {
  const groups = loadWycheproof('aes_gcm', gcmGroup);
  return groups.filter(({ ivSize, tagSize }) => ivSize === 96 && tagSize === 128);
}

test('Wycheproof AES-GCM with 128, 192 and 256 bits as Key Vault decrypts it', async () => {
  for (const group of gcmGroups()) {
    for (const vector of group.tests) {
      const key = new SoftwareSymmetricKey(createSecretKey(vector.key));
      const opened = await attempt(unseal({ ...vector, mode: 'gcm', key, ciphertext: vector.ct }));
      assert.deepEqual(opened, vector.result === 'valid' ? vector.msg : undefined, vector.comment);
    }
  }
});

for (const engine of engines) {
  test(`${engine.name}: Wycheproof AES-256-GCM as storage opens it`, () => {
    for (const group of gcmGroups().filter(({ keySize }) => keySize === 256)) {
      for (const { key, iv, aad, msg, ct, tag, result, comment } of group.tests) {
        const opened = engine.createAesGcm(key).open(Buffer.concat([iv, ct, tag]), aad);
        assert.deepEqual(opened, result === 'valid' ? msg : undefined, comment);
      }
    }
  });
}

const blockGroup = z.object({
  tests: z.array(z.object({ ...vectorBase, key: hex, iv: hex.optional(), msg: hex, ct: hex })),
});

const BLOCK_FILES: readonly (readonly [string, AesMode])[] = [
  ['aes_cbc_pkcs5', 'cbcpad'],
  ['aes_wrap', 'kw'],
  ['aes_kwp', 'kwp'],
];

for (const [file, mode] of BLOCK_FILES) {
  test(`Wycheproof ${file}: every vector opens or stays shut as it should`, async () => {
    for (const group of loadWycheproof(file, blockGroup)) {
      for (const { tcId, key: raw, iv, msg, ct, result, comment } of group.tests) {
        const key = new SoftwareSymmetricKey(createSecretKey(raw));
        const context = { mode, key, iv, aad: undefined, tag: undefined };
        const opened = await attempt(unseal({ ...context, ciphertext: ct }));
        const wanted = result === 'valid' ? msg : undefined;
        // Acceptable: key wraps shorter than RFC 3394 allows. We open none of them.
        assert.deepEqual(opened, wanted, `${file} #${tcId} ${comment}`);
        if (wanted === undefined) continue;
        const sealed = await seal({ ...context, plaintext: msg });
        assert.deepEqual(sealed.ciphertext, ct, `seal #${tcId}`);
      }
    }
  });
}

async function attempt(work: Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await work;
  } catch (error) {
    assert.ok(error instanceof KeyError && error.code === 'undecryptable');
    return undefined;
  }
}
