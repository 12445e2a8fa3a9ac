import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, parseJson, z } from '#kernel';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './algorithms.ts';
import { DIGEST_BYTES } from './engine/engine.ts';
import { generateKey } from './generate-key.ts';
import { importJwk } from './import-key.ts';
import { KeyError, type KeyErrorCode } from './key-error.ts';
import type { KeyMaterial } from './key-material.ts';
import { sign, verify } from './sign.ts';

const rsa = await generateKey({ kty: 'RSA', sizeBits: 2048 });
const keys: readonly KeyMaterial[] = [
  rsa,
  await generateKey({ kty: 'EC', crv: 'P-256' }),
  await generateKey({ kty: 'EC', crv: 'P-256K' }),
  await generateKey({ kty: 'EC', crv: 'P-384' }),
  await generateKey({ kty: 'EC', crv: 'P-521' }),
  await generateKey({ kty: 'oct', sizeBits: 128 }),
  await generateKey({ kty: 'oct', sizeBits: 256 }),
];

async function refuses(work: Promise<unknown>, code: KeyErrorCode): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof KeyError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

/** A digest that `algorithm` takes. */
function digestFor(algorithm: SignatureAlgorithm): Buffer {
  if (!('method' in algorithm) || algorithm.method.digest === undefined) return randomBytes(32);
  return randomBytes(DIGEST_BYTES[algorithm.method.digest]);
}

function keysFor(algorithm: SignatureAlgorithm): readonly KeyMaterial[] {
  return keys.filter(
    (key) =>
      key.kty === algorithm.kty &&
      (algorithm.kty !== 'EC' || (key.kty === 'EC' && key.crv === algorithm.crv)),
  );
}

test('each signature algorithm signs with its own keys, and all others are refused', async () => {
  for (const [name, algorithm] of Object.entries<SignatureAlgorithm>(SIGNATURE_ALGORITHMS)) {
    const digest = digestFor(algorithm);
    const fitting = keysFor(algorithm);
    // Post-quantum keys have tests of their own: not every runtime has them.
    assert.ok(fitting.length > 0 || algorithm.kty === 'AKP', name);
    for (const key of keys) {
      const input = { key, algorithm: name, digest };
      if (!fitting.includes(key)) {
        await refuses(sign(input), 'algorithmNotForKey');
        await refuses(verify({ ...input, signature: digest }), 'algorithmNotForKey');
        continue;
      }
      const signature = await sign(input);
      assert.equal(await verify({ ...input, signature }), true, name);
      assert.equal(await verify({ ...input, signature: signature.subarray(1) }), false, name);
      assert.equal(await verify({ ...input, signature: randomBytes(64) }), false, name);
      assert.equal(await verify({ ...input, signature: Buffer.alloc(0) }), false, name);
      assert.equal(await verify({ ...input, signature: Buffer.alloc(5000) }), false, name);
      const other = Buffer.from(digest).fill(0x55, 0, 8);
      assert.equal(await verify({ ...input, digest: other, signature }), false, name);
    }
  }
});

test('a signature by one algorithm is none by another', async () => {
  const digest = randomBytes(32);
  const signature = await sign({ key: rsa, algorithm: 'RS256', digest });
  for (const algorithm of ['PS256', 'RSNULL']) {
    assert.equal(await verify({ key: rsa, algorithm, digest, signature }), false);
  }
});

test('a digest of another length than the hash’s is refused, also for verifying', async () => {
  for (const [name, algorithm] of Object.entries<SignatureAlgorithm>(SIGNATURE_ALGORITHMS)) {
    if (!('method' in algorithm) || algorithm.method.digest === undefined) continue;
    const right = DIGEST_BYTES[algorithm.method.digest];
    const key = keysFor(algorithm)[0] ?? assert.fail();
    for (const length of [0, 1, 20, right - 1, right + 1, 2 * right]) {
      const input = { key, algorithm: name, digest: Buffer.alloc(length) };
      await refuses(sign(input), 'digestLength');
      await refuses(verify({ ...input, signature: randomBytes(64) }), 'digestLength');
    }
  }
});

test('RSNULL takes what PKCS#1 padding has room for and no more', async () => {
  const key = rsa;
  for (const length of [1, 20, 36, 245]) {
    const input = { key, algorithm: 'RSNULL', digest: randomBytes(length) };
    assert.ok(await verify({ ...input, signature: await sign(input) }));
  }
  for (const length of [0, 246, 256, 1000]) {
    const digest = Buffer.alloc(length);
    await refuses(sign({ key, algorithm: 'RSNULL', digest }), 'digestLength');
  }
});

test('algorithms that do not exist, or do not sign, are refused by a code alone', async () => {
  const names = ['', 'none', 'rs256', 'RS1', 'RSA-OAEP', 'A256KW', '__proto__', 'toString'];
  for (const algorithm of names) {
    const input = { key: rsa, algorithm, digest: randomBytes(32) };
    await refuses(sign(input), 'unknownAlgorithm');
    await refuses(verify({ ...input, signature: randomBytes(256) }), 'unknownAlgorithm');
  }
});
test('RFC 7520 §4.1: RS256 over the digest gives the published signature', async () => {
  const file = new URL('../../test/vectors/rfc7520-rs256.json', import.meta.url);
  const fields = z.object({
    key: z.record(z.string(), z.string()),
    signed: z.string(),
    signature: z.string(),
  });
  const vector = parse(fields, parseJson(readFileSync(file, 'utf8')), 'body');
  const key = await importJwk(vector.key);
  const digest = createHash('sha256').update(vector.signed).digest();
  const signature = await sign({ key, algorithm: 'RS256', digest });
  assert.equal(signature.toString('base64url'), vector.signature);
});

const payload =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

test('RFC 7515 A.3: ES256 accepts the published signature', async () => {
  const key = await importJwk({
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  });
  const digest = createHash('sha256').update(`eyJhbGciOiJFUzI1NiJ9.${payload}`).digest();
  const published =
    'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
  const signature = Buffer.from(published, 'base64url');
  assert.equal(await verify({ key, algorithm: 'ES256', digest, signature }), true);
});

test('RFC 7515 A.1: HS256 gives the published code', async () => {
  const k =
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';
  const key = await importJwk({ kty: 'oct', k });
  const digest = Buffer.from(`eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}`);
  const code = await sign({ key, algorithm: 'HS256', digest });
  assert.equal(code.toString('base64url'), 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
});
