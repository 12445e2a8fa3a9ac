import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENCRYPTION_ALGORITHMS, WRAP_ALGORITHMS } from './algorithms.ts';
import { decrypt, encrypt, unwrapKey, wrapKey } from './encrypt.ts';
import { generateKey } from './generate-key.ts';
import { importJwk } from './import-key.ts';
import { KeyError, type KeyErrorCode } from './key-error.ts';
import type { KeyMaterial } from './key-material.ts';

const keys = {
  rsa: await generateKey({ kty: 'RSA', sizeBits: 2048 }),
  p256: await generateKey({ kty: 'EC', crv: 'P-256' }),
  oct128: await generateKey({ kty: 'oct', sizeBits: 128 }),
  oct192: await generateKey({ kty: 'oct', sizeBits: 192 }),
  oct256: await generateKey({ kty: 'oct', sizeBits: 256 }),
};

const OCT_KEYS = ['oct128', 'oct192', 'oct256'] as const;

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

async function octKey(text: string): Promise<KeyMaterial> {
  return await importJwk({ kty: 'oct', k: hex(text).toString('base64url') });
}

async function refuses(work: Promise<unknown>, code: KeyErrorCode): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof KeyError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

const key = keys.rsa;

test('RSA takes up to what its padding leaves room for, and gives it back', async () => {
  const limits = { 'RSA-OAEP': 214, 'RSA-OAEP-256': 190, RSA1_5: 245 };
  for (const [algorithm, lengthMax] of Object.entries(limits)) {
    for (const length of [0, 1, 32, lengthMax]) {
      const plaintext = randomBytes(length);
      const { ciphertext, ...rest } = await encrypt({ key, algorithm, plaintext });
      assert.deepEqual(rest, {});
      assert.equal(ciphertext.length, 256);
      assert.deepEqual(await decrypt({ key, algorithm, ciphertext }), plaintext);
      assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), plaintext);
      const wrapped = await wrapKey({ key, algorithm, plaintext });
      assert.deepEqual(await decrypt({ key, algorithm, ciphertext: wrapped }), plaintext);
    }
    const plaintext = Buffer.alloc(lengthMax + 1);
    await refuses(encrypt({ key, algorithm, plaintext }), 'plaintextLength');
    await refuses(wrapKey({ key, algorithm, plaintext }), 'plaintextLength');
  }
});

test('an OAEP ciphertext changed, cut or for another key has one answer', async () => {
  const algorithm = 'RSA-OAEP-256';
  const { ciphertext } = await encrypt({ key, algorithm, plaintext: Buffer.from('x') });
  const changed = Buffer.from(ciphertext);
  changed.writeUInt8(changed.readUInt8(200) ^ 1, 200);
  const bad = [changed, ciphertext.subarray(1), Buffer.alloc(0), Buffer.alloc(256, 0xff)];
  for (const one of bad)
    await refuses(decrypt({ key, algorithm, ciphertext: one }), 'undecryptable');
  await refuses(decrypt({ key, algorithm: 'RSA-OAEP', ciphertext }), 'undecryptable');
  const other = await generateKey({ kty: 'RSA', sizeBits: 2048 });
  await refuses(unwrapKey({ key: other, algorithm, ciphertext }), 'undecryptable');
});

test('RSA1_5 answers bad padding as it answers good padding', async () => {
  const algorithm = 'RSA1_5';
  for (let tries = 0; tries < 30; tries += 1) {
    const ciphertext = randomBytes(256);
    ciphertext.writeUInt8(0, 0);
    const plaintext = await decrypt({ key, algorithm, ciphertext });
    assert.ok(plaintext.length <= 245);
    assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), plaintext);
  }
});

test('RSA1_5 takes as long for bad padding as for good', async () => {
  const plaintext = randomBytes(32);
  const good = (await encrypt({ key, algorithm: 'RSA1_5', plaintext })).ciphertext;
  // Opens as OAEP and so, but for one in many thousands, has no padding of the older kind.
  const bad = (await encrypt({ key, algorithm: 'RSA-OAEP', plaintext })).ciphertext;
  const took: Record<'good' | 'bad', number[]> = { good: [], bad: [] };
  for (let tries = 0; tries < 200; tries += 1) {
    // In turn, so that whatever else the machine does falls on both.
    for (const [name, ciphertext] of [
      ['good', good],
      ['bad', bad],
    ] as const) {
      const startedNs = process.hrtime.bigint();
      await decrypt({ key, algorithm: 'RSA1_5', ciphertext });
      took[name].push(Number(process.hrtime.bigint() - startedNs));
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length / 2] ?? 0;
  const ratio = median(took.bad) / median(took.good);
  assert.ok(ratio > 0.8 && ratio < 1.25, `bad padding took ${ratio} times as long`);
});

test('iv, tag and aad have no place with RSA; empty ones are taken as absent', async () => {
  const algorithm = 'RSA-OAEP';
  const some = Buffer.from('x');
  const none = Buffer.alloc(0);
  const { ciphertext } = await encrypt({ key, algorithm, plaintext: some, iv: none, aad: none });
  const empty = { iv: none, tag: none, aad: none };
  assert.deepEqual(await decrypt({ key, algorithm, ciphertext, ...empty }), some);
  for (const name of ['iv', 'tag', 'aad']) {
    const extra = { [name]: some };
    await refuses(decrypt({ key, algorithm, ciphertext, ...extra }), 'parameterNotAllowed');
  }
  await refuses(encrypt({ key, algorithm, plaintext: some, iv: some }), 'parameterNotAllowed');
  await refuses(encrypt({ key, algorithm, plaintext: some, aad: some }), 'parameterNotAllowed');
});

test('an EC key neither encrypts nor wraps', async () => {
  for (const algorithm of ['RSA-OAEP', 'A256GCM']) {
    const input = { key: keys.p256, algorithm };
    await refuses(encrypt({ ...input, plaintext: Buffer.of(1) }), 'algorithmNotForKey');
    await refuses(decrypt({ ...input, ciphertext: Buffer.of(1) }), 'algorithmNotForKey');
  }
});

test('encryption and wrapping do not know each other’s AES algorithms', async () => {
  const plaintext = Buffer.alloc(16);
  for (const algorithm of ['A256KW', 'CKM_AES_KEY_WRAP', 'RS256', 'a256gcm', 'valueOf', '']) {
    const input = { key: keys.oct256, algorithm };
    await refuses(encrypt({ ...input, plaintext }), 'unknownAlgorithm');
    await refuses(decrypt({ ...input, ciphertext: plaintext }), 'unknownAlgorithm');
  }
  for (const algorithm of ['A256GCM', 'A256CBC', 'dir', '__proto__']) {
    const input = { key: keys.oct256, algorithm };
    await refuses(wrapKey({ ...input, plaintext }), 'unknownAlgorithm');
    await refuses(unwrapKey({ ...input, ciphertext: plaintext }), 'unknownAlgorithm');
  }
});

test('GCM: what was encrypted opens with the same iv, tag and aad, and with no other', async () => {
  for (const name of OCT_KEYS) {
    const key = keys[name];
    const algorithm = `A${key.sizeBits}GCM`;
    for (const length of [0, 1, 16, 1000]) {
      const [plaintext, aad] = [randomBytes(length), randomBytes(length)];
      const { ciphertext, iv, tag } = await encrypt({ key, algorithm, plaintext, aad });
      assert.deepEqual([ciphertext.length, iv?.length, tag?.length], [length, 12, 16]);
      const input = { key, algorithm, ciphertext, iv, tag, aad };
      assert.deepEqual(await decrypt(input), plaintext);
      const wrongTag = Buffer.from(tag ?? '');
      wrongTag.writeUInt8(wrongTag.readUInt8(15) ^ 1, 15);
      await refuses(decrypt({ ...input, tag: wrongTag }), 'undecryptable');
      await refuses(decrypt({ ...input, iv: randomBytes(12) }), 'undecryptable');
      await refuses(decrypt({ ...input, aad: Buffer.from('other') }), 'undecryptable');
    }
  }
});

test('GCM never takes the caller’s iv, and never uses one twice', async () => {
  const input = { key: keys.oct256, algorithm: 'A256GCM', plaintext: Buffer.alloc(16) };
  await refuses(encrypt({ ...input, iv: randomBytes(12) }), 'parameterNotAllowed');
  const made = await Promise.all(Array.from({ length: 50 }, () => encrypt(input)));
  assert.equal(new Set(made.map(({ iv }) => iv?.toString('hex'))).size, 50);
});

test('GCM needs a whole iv and a whole tag: a shortened tag is not a weaker one', async () => {
  const algorithm = 'A256GCM';
  const key = keys.oct256;
  const { ciphertext, iv, tag } = await encrypt({ key, algorithm, plaintext: Buffer.of(1) });
  const input = { key, algorithm, ciphertext, iv, tag };
  await refuses(decrypt({ ...input, tag: undefined }), 'parameterMissing');
  await refuses(decrypt({ ...input, iv: Buffer.alloc(0) }), 'parameterMissing');
  for (const length of [1, 4, 8, 12, 15]) {
    await refuses(decrypt({ ...input, tag: tag?.subarray(0, length) }), 'parameterLength');
  }
  for (const length of [1, 11, 13, 16]) {
    await refuses(decrypt({ ...input, iv: Buffer.alloc(length) }), 'parameterLength');
  }
});

test('CBC takes whole blocks, CBCPAD anything, with a given iv or a fresh one', async () => {
  for (const name of OCT_KEYS) {
    const key = keys[name];
    for (const iv of [undefined, randomBytes(16)]) {
      for (const [suffix, lengths] of [
        ['CBC', [16, 160]],
        ['CBCPAD', [0, 1, 15, 16, 100]],
      ] as const) {
        const algorithm = `A${key.sizeBits}${suffix}`;
        for (const length of lengths) {
          const plaintext = randomBytes(length);
          const made = await encrypt({ key, algorithm, plaintext, iv });
          assert.deepEqual(made.iv, iv ?? made.iv);
          assert.equal(made.iv?.length, 16);
          assert.deepEqual(await decrypt({ key, algorithm, ...made }), plaintext);
        }
      }
    }
  }
  const input = { key: keys.oct128, algorithm: 'A128CBC' };
  for (const length of [0, 1, 15, 17]) {
    await refuses(encrypt({ ...input, plaintext: Buffer.alloc(length) }), 'plaintextLength');
  }
});

test('CBC refuses a wrong iv length, a tag and associated data', async () => {
  const plaintext = Buffer.alloc(16);
  for (const algorithm of ['A256CBC', 'A256CBCPAD']) {
    const input = { key: keys.oct256, algorithm };
    const { ciphertext, iv } = await encrypt({ ...input, plaintext });
    const aad = Buffer.of(1);
    await refuses(encrypt({ ...input, plaintext, iv: Buffer.alloc(12) }), 'parameterLength');
    await refuses(encrypt({ ...input, plaintext, aad }), 'parameterNotAllowed');
    await refuses(decrypt({ ...input, ciphertext }), 'parameterMissing');
    await refuses(decrypt({ ...input, ciphertext, iv, tag: aad }), 'parameterNotAllowed');
    await refuses(decrypt({ ...input, ciphertext, iv, aad }), 'parameterNotAllowed');
    for (const bad of [Buffer.alloc(0), ciphertext.subarray(1)]) {
      await refuses(decrypt({ ...input, ciphertext: bad, iv }), 'undecryptable');
    }
  }
});

test('an algorithm for another key size is refused', async () => {
  const plaintext = Buffer.alloc(16);
  for (const [name, algorithm] of Object.entries(ENCRYPTION_ALGORITHMS)) {
    for (const key of OCT_KEYS.map((each) => keys[each])) {
      const fits = 'sizeBits' in algorithm && algorithm.sizeBits === key.sizeBits;
      if (fits) await encrypt({ key, algorithm: name, plaintext });
      else await refuses(encrypt({ key, algorithm: name, plaintext }), 'algorithmNotForKey');
    }
  }
  const long = await octKey('00'.repeat(64));
  for (const algorithm of ['A256GCM', 'A256CBC']) {
    await refuses(encrypt({ key: long, algorithm, plaintext }), 'algorithmNotForKey');
  }
  const wrapping = wrapKey({ key: long, algorithm: 'CKM_AES_KEY_WRAP', plaintext });
  await refuses(wrapping, 'algorithmNotForKey');
});

test('each key wrap gives back what it wrapped, for keys of its size', async () => {
  for (const [name, algorithm] of Object.entries(WRAP_ALGORITHMS)) {
    if (algorithm.kty !== 'oct') continue;
    for (const key of OCT_KEYS.map((each) => keys[each])) {
      const plaintext = randomBytes(32);
      const fits = !('sizeBits' in algorithm) || algorithm.sizeBits === key.sizeBits;
      const wrapping = wrapKey({ key, algorithm: name, plaintext });
      if (!fits) {
        await refuses(wrapping, 'algorithmNotForKey');
        continue;
      }
      const input = { key, algorithm: name, ciphertext: await wrapping };
      assert.deepEqual(await unwrapKey(input), plaintext);
      const other = keys[key === keys.oct128 ? 'oct256' : 'oct128'];
      const refusal = 'sizeBits' in algorithm ? 'algorithmNotForKey' : 'undecryptable';
      await refuses(unwrapKey({ ...input, key: other }), refusal);
    }
  }
});

test('a wrapped key with any bit changed, or of an impossible length, stays shut', async () => {
  const key = keys.oct256;
  for (const algorithm of ['A256KW', 'CKM_AES_KEY_WRAP_PAD']) {
    const ciphertext = await wrapKey({ key, algorithm, plaintext: randomBytes(16) });
    for (let bit = 0; bit < ciphertext.length * 8; bit += 5) {
      const changed = Buffer.from(ciphertext);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await refuses(unwrapKey({ key, algorithm, ciphertext: changed }), 'undecryptable');
    }
    for (let length = 0; length < ciphertext.length; length += 1) {
      const cut = ciphertext.subarray(0, length);
      await refuses(unwrapKey({ key, algorithm, ciphertext: cut }), 'undecryptable');
    }
  }
});

test('a key wrap without padding takes whole blocks of eight bytes, at least two', async () => {
  const key = keys.oct128;
  for (const length of [0, 1, 8, 15, 17, 20]) {
    const plaintext = Buffer.alloc(length);
    await refuses(wrapKey({ key, algorithm: 'A128KW', plaintext }), 'plaintextLength');
  }
  const empty = { key, algorithm: 'CKM_AES_KEY_WRAP_PAD', plaintext: Buffer.alloc(0) };
  await refuses(wrapKey(empty), 'plaintextLength');
});

test('a padded key wrap takes any length', async () => {
  const key = keys.oct192;
  const algorithm = 'CKM_AES_KEY_WRAP_PAD';
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (plaintext) => {
      const ciphertext = await wrapKey({ key, algorithm, plaintext });
      assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), Buffer.from(plaintext));
    }),
  );
});

const count = '000102030405060708090A0B0C0D0E0F';
const data = '00112233445566778899AABBCCDDEEFF';
const rfc5649 = '5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8';
const wraps = [
  ['RFC 3394 §4.1', 'A128KW', count, data, '1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5'],
  [
    'RFC 3394 §4.6',
    'A256KW',
    `${count}101112131415161718191A1B1C1D1E1F`,
    data + count,
    '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21',
  ],
  [
    'RFC 5649 §6',
    'CKM_AES_KEY_WRAP_PAD',
    rfc5649,
    'c37b7e6492584340bed12207808941155068f738',
    '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a',
  ],
  [
    'RFC 5649 §6, short',
    'CKM_AES_KEY_WRAP_PAD',
    rfc5649,
    '466f7250617369',
    'afbeb0f07dfbf5419200f2ccb50bb24f',
  ],
] as const;
for (const [source, algorithm, kek, plaintext, expected] of wraps) {
  test(`${source}: the published key wrap, both ways`, async () => {
    const key = await octKey(kek);
    const ciphertext = await wrapKey({ key, algorithm, plaintext: hex(plaintext) });
    assert.deepEqual(ciphertext, hex(expected));
    assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), hex(plaintext));
  });
}

test('NIST SP 800-38A F.2.1: AES-128-CBC, both ways', async () => {
  const key = await octKey('2b7e151628aed2a6abf7158809cf4f3c');
  const plaintext = hex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51');
  const input = { key, algorithm: 'A128CBC', iv: hex(count) };
  const { ciphertext } = await encrypt({ ...input, plaintext });
  const expected = '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2';
  assert.deepEqual(ciphertext, hex(expected));
  assert.deepEqual(await decrypt({ ...input, ciphertext }), plaintext);
});
