import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { importJwk, importPkcs8, type PrivateJwk } from './import-key.ts';
import { KeyError, type KeyErrorCode } from './key-error.ts';
import { publicJwk } from './key-material.ts';
import { sign, verify } from './sign.ts';

const rsa: PrivateJwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  format: 'jwk',
});
const otherRsa: PrivateJwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  format: 'jwk',
});

const OPENSSL_NAMES = [
  ['P-256', 'prime256v1'],
  ['P-384', 'secp384r1'],
  ['P-521', 'secp521r1'],
  ['P-256K', 'secp256k1'],
] as const;

function newEc(crv: string, namedCurve: string): PrivateJwk {
  const jwk = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' });
  return { ...jwk, crv };
}

const ec = newEc('P-256', 'prime256v1');

async function refuses(jwk: PrivateJwk, code: KeyErrorCode, subject: string): Promise<void> {
  await assert.rejects(importJwk(jwk), (error) => {
    assert.ok(error instanceof KeyError, String(error));
    assert.deepEqual([error.code, error.subject], [code, subject]);
    return true;
  });
}

function number(field: string | undefined): bigint {
  return BigInt(`0x${Buffer.from(field ?? '', 'base64url').toString('hex')}`);
}

function text(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}

test('an RSA key is imported whole, and shows its public part only', async () => {
  for (const kty of ['RSA', 'RSA-HSM']) {
    const material = await importJwk({ ...rsa, kty });
    assert.deepEqual(material, { kty: 'RSA', sizeBits: 2048 });
    assert.deepEqual(publicJwk(material), { kty: 'RSA', n: rsa.n, e: 'AQAB' });
  }
});

test('an EC key is imported on each of the four curves', async () => {
  for (const [crv, namedCurve] of OPENSSL_NAMES) {
    for (const kty of ['EC', 'EC-HSM']) {
      const jwk = { ...newEc(crv, namedCurve), kty };
      const material = await importJwk(jwk);
      assert.equal(material.kty, 'EC');
      assert.deepEqual(publicJwk(material), { kty: 'EC', crv, x: jwk.x, y: jwk.y });
    }
  }
});

test('a symmetric key is imported in AES and HMAC sizes, and shows nothing', async () => {
  for (const sizeBits of [128, 192, 256, 384, 512]) {
    const k = randomBytes(sizeBits / 8).toString('base64url');
    const material = await importJwk({ kty: 'oct-HSM', k });
    assert.deepEqual(material, { kty: 'oct', sizeBits });
    assert.deepEqual(publicJwk(material), { kty: 'oct' });
  }
  for (const length of [1, 15, 17, 20, 31, 33, 65, 128]) {
    await refuses(
      { kty: 'oct', k: randomBytes(length).toString('base64url') },
      'unsupportedKeySize',
      'k',
    );
  }
});

test('a key type or curve that Key Vault lacks is refused', async () => {
  for (const kty of [undefined, '', 'OKP', 'rsa', 'RSA-HSM-HSM', 'oct ', '__proto__']) {
    await refuses({ ...rsa, kty }, 'unsupportedKeyType', 'kty');
  }
  for (const crv of [undefined, '', 'secp256k1', 'prime256v1', 'p-256', 'P-224', 'constructor']) {
    await refuses({ ...ec, crv }, 'unsupportedCurve', 'crv');
  }
});

test('every field of a private key is needed', async () => {
  for (const field of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
    await refuses({ ...rsa, [field]: undefined }, 'missingField', field);
    await refuses({ ...rsa, [field]: '' }, 'missingField', field);
  }
  for (const field of ['x', 'y', 'd'] as const) {
    await refuses({ ...ec, [field]: undefined }, 'missingField', field);
  }
  await refuses({ kty: 'oct' }, 'missingField', 'k');
});

test('a field that is not strict base64url is refused', async () => {
  const bad = ['AQAB=', 'AQ+B', 'A', 'AQ B', 'AR', 'ä', '\0', 'A'.repeat(1028)];
  for (const value of bad) {
    for (const field of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
      await refuses({ ...rsa, [field]: value }, 'malformedField', field);
    }
    await refuses({ ...ec, d: value }, 'malformedField', 'd');
    await refuses({ kty: 'oct', k: value }, 'malformedField', 'k');
  }
});

test('an RSA modulus of another size is refused before anything is computed with it', async () => {
  for (const bits of [1n, 512n, 1024n, 2047n, 2049n, 2056n, 4097n, 5120n, 6144n]) {
    await refuses({ ...rsa, n: text((1n << bits) - 1n) }, 'unsupportedKeySize', 'n');
  }
  await refuses({ ...rsa, n: 'AA' }, 'unsupportedKeySize', 'n');
});

test('an even, tiny or huge public exponent is refused', async () => {
  for (const e of [0n, 1n, 2n, 4n, 65_536n, (1n << 32n) + 1n, (1n << 64n) + 1n]) {
    await refuses({ ...rsa, e: text(e) }, 'unsupportedPublicExponent', 'e');
  }
});

test('an RSA private part that does not fit the public part is refused', async () => {
  for (const field of ['p', 'q', 'd', 'dp', 'dq', 'qi'] as const) {
    const subject = field === 'q' ? 'p' : field;
    await refuses({ ...rsa, [field]: otherRsa[field] }, 'keyPairMismatch', subject);
    for (const value of [0n, 1n, number(rsa[field]) + 2n]) {
      await refuses({ ...rsa, [field]: text(value) }, 'keyPairMismatch', subject);
    }
  }
  await refuses({ ...rsa, n: otherRsa.n }, 'keyPairMismatch', 'p');
  await refuses({ ...rsa, e: 'Aw' }, 'keyPairMismatch', 'd');
});

test('trivial and composite factors of the modulus are refused', async () => {
  const n = number(rsa.n);
  await refuses({ ...rsa, p: text(1n), q: rsa.n }, 'keyPairMismatch', 'p');
  await refuses({ ...rsa, p: rsa.n, q: text(1n) }, 'keyPairMismatch', 'p');
  const square = 2n ** 1024n - 105n;
  const squared = { ...rsa, n: text(square * square), p: text(square), q: text(square) };
  await refuses(squared, 'keyPairMismatch', 'p');
  // Factors that satisfy every congruence but are not prime: p is the product of two primes.
  const [p, q, e] = [number(rsa.p), number(rsa.q), 65_537n];
  const composite = await compositeKey(p, q, e);
  assert.notEqual(composite.n, text(n));
  await refuses(composite, 'keyPairMismatch', 'p');
});

/** A "key" whose p is composite, with d, dp, dq and qi computed as if it were prime. */
async function compositeKey(p: bigint, q: bigint, e: bigint): Promise<PrivateJwk> {
  for (let fake = p + 2n; ; fake += 2n) {
    const [d, qi] = [inverse(e, (fake - 1n) * (q - 1n)), inverse(q, fake)];
    if (
      fake % 3n !== 0n ||
      d === undefined ||
      qi === undefined ||
      (fake * q).toString(2).length !== 2048
    )
      continue;
    const [dp, dq] = [text(d % (fake - 1n)), text(d % (q - 1n))];
    const fields = { n: text(fake * q), e: text(e), d: text(d), p: text(fake), q: text(q) };
    return { kty: 'RSA', ...fields, dp, dq, qi: text(qi) };
  }
}

function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (a > 1n && b > 0n) {
    const quotient = a / b;
    [a, b, x, y] = [b, a % b, y, x - quotient * y];
  }
  return a === 1n ? ((x % modulus) + modulus) % modulus : undefined;
}

test('a multi-prime RSA key is refused', async () => {
  await refuses({ ...rsa, oth: [{ r: 'Aw', d: 'Aw', t: 'Aw' }] }, 'unsupportedKeyType', 'oth');
});

test('leading zeros of big integers change nothing', async () => {
  const padded: PrivateJwk = {
    kty: 'RSA',
    ...Object.fromEntries(
      (['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((field) => {
        const bytes = Buffer.from(rsa[field] ?? '', 'base64url');
        return [field, Buffer.concat([Buffer.alloc(2), bytes]).toString('base64url')];
      }),
    ),
  };
  assert.deepEqual(publicJwk(await importJwk(padded)), { kty: 'RSA', n: rsa.n, e: 'AQAB' });
});

test('a point that is not on the curve is refused, on every curve', async () => {
  for (const [crv, namedCurve] of OPENSSL_NAMES) {
    const jwk = newEc(crv, namedCurve);
    await refuses({ ...jwk, y: jwk.x }, 'pointNotOnCurve', 'x');
    await refuses({ ...jwk, x: 'AA', y: 'AA' }, 'pointNotOnCurve', 'x');
    const wide = Buffer.alloc(Buffer.from(jwk.x ?? '', 'base64url').length, 0xff);
    await refuses({ ...jwk, x: wide.toString('base64url') }, 'pointNotOnCurve', 'x');
  }
  await refuses({ ...ec, crv: 'P-256K' }, 'pointNotOnCurve', 'x');
});

test('a coordinate or scalar longer than the curve is refused', async () => {
  for (const field of ['x', 'y', 'd'] as const) {
    const long = Buffer.alloc(33, 1).toString('base64url');
    await refuses({ ...ec, [field]: long }, 'malformedField', field);
  }
  await refuses({ ...ec, crv: 'P-384' }, 'pointNotOnCurve', 'x');
});

test('an EC private part that is not the public point’s, or out of range, is refused', async () => {
  const orders = {
    'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    'P-256K': 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  };
  for (const [crv, namedCurve] of OPENSSL_NAMES) {
    const jwk = newEc(crv, namedCurve);
    await refuses({ ...jwk, d: newEc(crv, namedCurve).d }, 'keyPairMismatch', 'd');
    await refuses({ ...jwk, d: 'AA' }, 'keyPairMismatch', 'd');
    const order = crv === 'P-256' || crv === 'P-256K' ? orders[crv] : undefined;
    if (order === undefined) continue;
    await refuses({ ...jwk, d: text(order) }, 'keyPairMismatch', 'd');
    await refuses({ ...jwk, d: text(order - number(jwk.d)) }, 'keyPairMismatch', 'd');
  }
});

test('an EC key sent without leading zeros, or with a sign byte, is the same', async () => {
  for (let tries = 0; tries < 8000; tries += 1) {
    const jwk = newEc('P-256', 'prime256v1');
    if (Buffer.from(jwk.x ?? '', 'base64url')[0] !== 0) continue;
    const short = { ...jwk, x: text(number(jwk.x)) };
    const long = { ...jwk, y: Buffer.from(`00${hexOf(jwk.y)}`, 'hex').toString('base64url') };
    for (const variant of [short, long]) {
      assert.deepEqual(publicJwk(await importJwk(variant)), publicJwk(await importJwk(jwk)));
    }
    return;
  }
  assert.fail('no coordinate with a leading zero in 8000 keys');
});

function hexOf(field: string | undefined): string {
  return Buffer.from(field ?? '', 'base64url').toString('hex');
}

test('PKCS#8 goes through the same checks', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const material = await importPkcs8(pair.privateKey.export({ format: 'der', type: 'pkcs8' }));
  assert.deepEqual(material, { kty: 'EC', crv: 'P-256K', sizeBits: 256 });
  const digest = randomBytes(32);
  const signature = await sign({ key: material, algorithm: 'ES256K', digest });
  assert.ok(await verify({ key: material, algorithm: 'ES256K', digest, signature }));

  const malformed = [Buffer.alloc(0), randomBytes(100), Buffer.alloc(9000, 0x30)];
  for (const der of malformed) {
    await assert.rejects(importPkcs8(der), new KeyError('malformedField', 'pkcs8'));
  }
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const smallDer = small.export({ format: 'der', type: 'pkcs8' });
  await assert.rejects(importPkcs8(smallDer), new KeyError('unsupportedKeySize', 'n'));
  const edwards = generateKeyPairSync('ed25519').privateKey;
  const edwardsDer = edwards.export({ format: 'der', type: 'pkcs8' });
  await assert.rejects(importPkcs8(edwardsDer), { code: 'unsupportedKeyType' });
});

test('no JWK does worse than a KeyError, and none shows a value of the key', async () => {
  const field = fc.oneof(
    fc.constantFrom(rsa.n, rsa.d, ec.x, ec.d, 'AQAB', '', undefined),
    fc.string({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  );
  const names = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y', 'k'] as const;
  const arbitrary = fc.record({
    base: fc.constantFrom(rsa, ec, { kty: 'oct' }),
    changes: fc.dictionary(fc.constantFrom(...names), field, { maxKeys: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ base, changes }) => {
      try {
        await importJwk({ ...base, ...changes });
      } catch (error) {
        assert.ok(error instanceof KeyError, String(error));
        assert.ok(error.message.length < 50, error.message);
      }
    }),
    { numRuns: 60 },
  );
});
