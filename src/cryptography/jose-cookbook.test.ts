// The worked examples of RFC 7520 for every algorithm that Key Vault has, from the files beside the
// project; without them there is nothing to run. (RFC 7515 A.2 and RFC 7520 §4.1 stand in
// `sign.test.ts` as well.)
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, parseJson, z } from '#kernel';
import { decrypt, encrypt, unwrapKey, wrapKey } from './encrypt.ts';
import { importJwk } from './import-key.ts';
import { sign, verify } from './sign.ts';

const COOKBOOK = new URL('../../../shared/vectors/jose-cookbook/', import.meta.url);
const skip = existsSync(COOKBOOK) ? false : 'the JOSE cookbook is not beside this checkout';

const bytes = z.string().transform((text) => Buffer.from(text, 'base64url'));
const text = z.string().optional();
const jwk = z.object({
  ...{ kty: text, crv: text, n: text, e: text, d: text, p: text, q: text },
  ...{ dp: text, dq: text, qi: text, x: text, y: text, k: text },
});

const jwsSchema = z.object({
  reproducible: z.boolean().optional(),
  input: z.object({ key: jwk, alg: z.string() }),
  signing: z.object({ 'sig-input': z.string(), sig: bytes }),
});

const jweSchema = z.object({
  input: z.object({ key: jwk, alg: z.string() }),
  generated: z.object({ cek: bytes, iv: bytes }),
  encrypting_key: z.object({ encrypted_key: bytes }),
});

const directSchema = z.object({
  input: z.object({ plaintext: z.string(), key: jwk }),
  generated: z.object({ iv: bytes }),
  encrypting_content: z.object({ protected_b64u: z.string(), ciphertext: bytes, tag: bytes }),
});

function load<T>(file: string, schema: z.ZodType<T>): T {
  return parse(schema, parseJson(readFileSync(new URL(file, COOKBOOK), 'utf8')), 'body');
}

/** P-521 is `P-521` in both; the others are named alike as well. */
const JWS = [
  'jws/4_1.rsa_v15_signature.json',
  'jws/4_2.rsa-pss_signature.json',
  'jws/4_3.ecdsa_signature.json',
  'jws/4_4.hmac-sha2_integrity_protection.json',
];

for (const file of JWS) {
  test(`RFC 7520, ${file}: the signature is this key’s`, { skip }, async () => {
    const { reproducible, input, signing } = load(file, jwsSchema);
    const key = await importJwk(input.key);
    const hash = `sha${input.alg.slice(2)}`;
    const message = Buffer.from(signing['sig-input']);
    // HS* signs the message itself, the others a digest.
    const digest = key.kty === 'oct' ? message : createHash(hash).update(message).digest();
    const { alg: algorithm } = input;
    assert.ok(await verify({ key, algorithm, digest, signature: signing.sig }));
    const own = await sign({ key, algorithm, digest });
    if (reproducible) assert.deepEqual(own, signing.sig);
    assert.ok(await verify({ key, algorithm, digest, signature: own }));
  });
}

const JWE = [
  'jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json',
  'jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json',
  'jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json',
];

for (const file of JWE) {
  test(`RFC 7520, ${file}: the content key comes out, and goes in again`, { skip }, async () => {
    const { input, generated, encrypting_key: encrypting } = load(file, jweSchema);
    const key = await importJwk(input.key);
    const { alg: algorithm } = input;
    const ciphertext = encrypting.encrypted_key;
    assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext }), generated.cek);
    const again = await wrapKey({ key, algorithm, plaintext: generated.cek });
    assert.deepEqual(await unwrapKey({ key, algorithm, ciphertext: again }), generated.cek);
    if (key.kty === 'oct') assert.deepEqual(again, ciphertext);
  });
}

test('RFC 7520, 5.6: direct encryption with AES-GCM opens', { skip }, async () => {
  const file = 'jwe/5_6.direct_encryption_using_aes-gcm.json';
  const { input, generated, encrypting_content: content } = load(file, directSchema);
  const key = await importJwk(input.key);
  const algorithm = `A${key.sizeBits}GCM`;
  const aad = Buffer.from(content.protected_b64u);
  const { iv } = generated;
  const { ciphertext, tag } = content;
  const opened = await decrypt({ key, algorithm, ciphertext, iv, tag, aad });
  assert.equal(opened.toString(), input.plaintext);
  const sealed = await encrypt({ key, algorithm, plaintext: opened, aad });
  const back = await decrypt({ key, algorithm, ...sealed, aad });
  assert.equal(back.toString(), input.plaintext);
});
