// The token by itself: the same operations as software's, checked by node:crypto with the public
// part alone, and that nothing secret comes out.
import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify as verifySignature,
} from 'node:crypto';
import {
  decrypt,
  encrypt,
  exportPkcs8,
  exportSpki,
  type KeyMaterial,
  openTokenProvider,
  serializeKey,
  sign,
  TokenError,
  type TokenProvider,
  unwrapKey,
  verify,
  wrapKey,
} from '#cryptography';
import { systemClock } from '#kernel';
import type { HsmCase, HsmPlace } from './suite.ts';

const MESSAGE = Buffer.from('what is signed');

export function tokenCases(place: HsmPlace): readonly HsmCase[] {
  const access = { module: place.hsm.module, label: place.token, pin: place.pin };
  let opened: Promise<TokenProvider> | undefined;
  const provider = () => {
    opened ??= openTokenProvider({ access, clock: systemClock });
    return opened;
  };
  return [
    {
      name: 'token: RSA keys sign as node:crypto verifies',
      run: async () => rsa(await provider()),
    },
    { name: 'token: EC keys sign on all four curves', run: async () => ec(await provider()) },
    { name: 'token: RSA keys decrypt', run: async () => rsaDecrypt(await provider()) },
    {
      name: 'token: RSA1_5 with bad padding gives the same substitute each time',
      run: async () => noPaddingOracle(await provider()),
    },
    { name: 'token: AES in every mode, both ways', run: async () => aes(await provider()) },
    {
      name: 'token: HMAC with the octets of an oct-HSM key',
      run: async () => hmac(await provider()),
    },
    { name: 'token: imported keys are the same keys', run: async () => imported(await provider()) },
    {
      name: 'token: a private key does not come out',
      run: async () => staysInside(await provider()),
    },
    {
      name: 'token: what it saved opens again, elsewhere it does not',
      run: async () => reopened(place, await provider()),
    },
    { name: 'token: forty keys at once', run: async () => many(await provider()) },
    { name: 'token: closes', run: async () => (await provider()).close() },
  ];
}

function digestOf(name: 'sha256' | 'sha384' | 'sha512'): Buffer {
  return createHash(name).update(MESSAGE).digest();
}

function publicOf(key: KeyMaterial) {
  return createPublicKey({ key: exportSpki(key), format: 'der', type: 'spki' });
}

async function rsa(provider: TokenProvider): Promise<void> {
  for (const sizeBits of [2048, 3072, 4096]) {
    const key = await provider.make({ kty: 'RSA', sizeBits });
    assert.deepEqual(key, { kty: 'RSA', sizeBits });
    for (const bits of [256, 384, 512] as const) {
      for (const family of ['RS', 'PS'] as const) {
        const algorithm = `${family}${bits}`;
        const digest = digestOf(`sha${bits}`);
        const signature = await sign({ key, algorithm, digest });
        const padding =
          family === 'PS' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
        const checked = { key: publicOf(key), padding, saltLength: bits / 8 };
        assert.ok(verifySignature(`sha${bits}`, MESSAGE, checked, signature), algorithm);
        assert.equal(await verify({ key, algorithm, digest, signature }), true);
        digest.writeUInt8(digest.readUInt8() ^ 1);
        assert.equal(await verify({ key, algorithm, digest, signature }), false);
      }
    }
    const raw = randomBytes(20);
    const signature = await sign({ key, algorithm: 'RSNULL', digest: raw });
    assert.equal(await verify({ key, algorithm: 'RSNULL', digest: raw, signature }), true);
  }
}

async function ec(provider: TokenProvider): Promise<void> {
  const curves = [
    ['P-256', 'ES256', 'sha256'],
    ['P-384', 'ES384', 'sha384'],
    ['P-521', 'ES512', 'sha512'],
    ['P-256K', 'ES256K', 'sha256'],
  ] as const;
  for (const [crv, algorithm, hash] of curves) {
    const key = await provider.make({ kty: 'EC', crv });
    const signature = await sign({ key, algorithm, digest: digestOf(hash) });
    const checked = { key: publicOf(key), dsaEncoding: 'ieee-p1363' } as const;
    assert.ok(verifySignature(hash, MESSAGE, checked, signature), crv);
  }
}

const SCHEMES = [
  ['RSA1_5', constants.RSA_PKCS1_PADDING, 'sha1'],
  ['RSA-OAEP', constants.RSA_PKCS1_OAEP_PADDING, 'sha1'],
] as const;

async function rsaDecrypt(provider: TokenProvider): Promise<void> {
  const key = await provider.make({ kty: 'RSA', sizeBits: 2048 });
  for (const [algorithm, padding, oaepHash] of SCHEMES) {
    const sealed = { key: publicOf(key), padding, oaepHash };
    const ciphertext = publicEncrypt(sealed, MESSAGE);
    assert.deepEqual(await decrypt({ key, algorithm, ciphertext }), MESSAGE);
    assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), MESSAGE);
  }
  const ciphertext = randomBytes(256).fill(0, 0, 1);
  const wrong = decrypt({ key, algorithm: 'RSA-OAEP', ciphertext });
  await assert.rejects(wrong, { code: 'undecryptable' });
  // SoftHSM knows OAEP with SHA-1 only: another HSM decrypts this, and no HSM fails it silently.
  const sealed = await encrypt({ key, algorithm: 'RSA-OAEP-256', plaintext: MESSAGE });
  const opened = await decrypt({ key, algorithm: 'RSA-OAEP-256', ...sealed }).catch(
    (error) => error,
  );
  if (!Buffer.isBuffer(opened)) assert.equal(opened.code, 'algorithmNotForKey');
  else assert.deepEqual(opened, MESSAGE);
}

async function noPaddingOracle(provider: TokenProvider): Promise<void> {
  const key = await provider.make({ kty: 'RSA', sizeBits: 2048 });
  const lengths = new Set<number>();
  for (let round = 0; round < 20; round += 1) {
    const ciphertext = randomBytes(256).fill(0, 0, 1);
    const once = await decrypt({ key, algorithm: 'RSA1_5', ciphertext });
    const again = await decrypt({ key, algorithm: 'RSA1_5', ciphertext });
    assert.deepEqual(once, again);
    assert.ok(once.length <= 245);
    lengths.add(once.length);
  }
  assert.ok(lengths.size > 5, 'lengths differ from ciphertext to ciphertext');
}

async function aes(provider: TokenProvider): Promise<void> {
  const plaintext = randomBytes(32);
  for (const sizeBits of [128, 192, 256]) {
    const key = await provider.make({ kty: 'oct', sizeBits });
    for (const mode of ['GCM', 'CBC', 'CBCPAD']) {
      const algorithm = `A${sizeBits}${mode}`;
      const aad = mode === 'GCM' ? Buffer.from('beside it') : undefined;
      const sealed = await encrypt({ key, algorithm, plaintext, aad });
      assert.deepEqual(await decrypt({ key, algorithm, aad, ...sealed }), plaintext, algorithm);
      if (sealed.tag === undefined) continue;
      sealed.tag.writeUInt8(sealed.tag.readUInt8() ^ 1);
      const forged = decrypt({ key, algorithm, aad, ...sealed });
      await assert.rejects(forged, { code: 'undecryptable' });
    }
    for (const algorithm of [`A${sizeBits}KW`, 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD']) {
      const ciphertext = await wrapKey({ key, algorithm, plaintext });
      assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), plaintext, algorithm);
      ciphertext.writeUInt8(ciphertext.readUInt8() ^ 1);
      const forged = unwrapKey({ key, algorithm, ciphertext });
      await assert.rejects(forged, { code: 'undecryptable' });
    }
  }
}

async function hmac(provider: TokenProvider): Promise<void> {
  const octets = randomBytes(32);
  const jwk = { kty: 'oct', k: octets.toString('base64url') };
  const key = await provider.import(jwk);
  const signature = await sign({ key, algorithm: 'HS256', digest: MESSAGE });
  assert.deepEqual(signature, createHmac('sha256', octets).update(MESSAGE).digest());
}

async function imported(provider: TokenProvider): Promise<void> {
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  ];
  for (const { privateKey, publicKey } of pairs) {
    const key = await provider.import(privateKey.export({ format: 'jwk' }));
    assert.deepEqual(publicOf(key).export({ format: 'jwk' }), publicKey.export({ format: 'jwk' }));
    const algorithm = key.kty === 'RSA' ? 'RS256' : 'ES256';
    const signature = await sign({ key, algorithm, digest: digestOf('sha256') });
    const checked = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    assert.ok(verifySignature('sha256', MESSAGE, checked, signature));
  }
}

async function staysInside(provider: TokenProvider): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  const key = await provider.import(jwk);
  assert.throws(() => exportPkcs8(key));
  assert.throws(() => serializeKey(key));
  const saved = provider.save(key);
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
    const secret = Buffer.from(jwk[member] ?? '', 'base64url');
    assert.equal(saved.includes(secret), false, member);
  }
}

async function reopened(place: HsmPlace, provider: TokenProvider): Promise<void> {
  const key = await provider.make({ kty: 'EC', crv: 'P-256' });
  const saved = provider.save(key);
  const again = await provider.open(saved);
  const signature = await sign({ key: again, algorithm: 'ES256', digest: digestOf('sha256') });
  assert.equal(
    await verify({ key, algorithm: 'ES256', digest: digestOf('sha256'), signature }),
    true,
  );
  const { hsm, otherToken, pin } = place;
  const access = { module: hsm.module, label: otherToken, pin };
  const other = await openTokenProvider({ access, clock: systemClock });
  // A token without any wrapping key is taken for one that is away.
  await other.make({ kty: 'EC', crv: 'P-256' });
  const stranger = await other.open(saved);
  await assert.rejects(
    sign({ key: stranger, algorithm: 'ES256', digest: digestOf('sha256') }),
    (error) => error instanceof TokenError && error.code === 'foreignKey',
  );
  await other.close();
  saved.writeUInt8(saved.readUInt8(saved.length - 1) ^ 1, saved.length - 1);
  const damaged = await provider.open(saved);
  await assert.rejects(
    sign({ key: damaged, algorithm: 'ES256', digest: digestOf('sha256') }),
    (error) => error instanceof TokenError && error.code === 'foreignKey',
  );
}

async function many(provider: TokenProvider): Promise<void> {
  const digest = digestOf('sha256');
  const work = Array.from({ length: 40 }, async () => {
    const key = await provider.make({ kty: 'EC', crv: 'P-256' });
    const signature = await sign({ key, algorithm: 'ES256', digest });
    assert.equal(await verify({ key, algorithm: 'ES256', digest, signature }), true);
  });
  await Promise.all(work);
}
