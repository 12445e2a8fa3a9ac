import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { generateKey, type KeyMaterial, publicJwk, wrapForTransfer } from '#cryptography';
import { makeVault, openTestVault, type TestVault } from '../vault.fixture.ts';
import { parseTransferBlob, renderTransferBlob } from './transfer-blob.ts';

const HOST = 'https://contoso.vault.example:8443';
const kek = { name: 'kek' };
const brought = { name: 'brought' };

async function withExchangeKey(): Promise<TestVault> {
  const vault = await openTestVault();
  const body = { kty: 'RSA-HSM', key_size: 4096, key_ops: ['import'] };
  const { status } = await vault.call('CreateKey', { params: kek, body });
  assert.equal(status, 200);
  return vault;
}

/** As Microsoft's BYOK tools do it: from the public part that `az keyvault key download` gives. */
async function blobFor(vault: TestVault, key: KeyMaterial, kid?: string): Promise<string> {
  const { key: jwk } = (await vault.call('GetKey', { params: kek })).body;
  const { n, e } = jwk;
  const recipient = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const ciphertext = await wrapForTransfer(key, { recipient, hash: 'sha1' });
  return renderTransferBlob({ kid: kid ?? jwk.kid, ciphertext }, 'CKM_RSA_AES_KEY_WRAP');
}

const bring = (vault: TestVault, kty: string, blob: string) =>
  vault.call('ImportKey', { params: brought, body: { Hsm: true, key: { kty, key_hsm: blob } } });

test('a key of each type arrives wrapped and works', async () => {
  const vault = await withExchangeKey();
  const rsa = await generateKey({ kty: 'RSA', sizeBits: 2048 });
  const first = await bring(vault, 'RSA-HSM', await blobFor(vault, rsa));
  assert.equal(first.status, 200);
  assert.equal(first.body.key.kty, 'RSA-HSM');
  const expected = publicJwk(rsa);
  assert.equal(first.body.key.n, 'n' in expected && expected.n);
  const body = { alg: 'RS256', value: Buffer.alloc(32).toString('base64url') };
  assert.equal((await vault.call('sign', { params: brought, body })).status, 200);
  const ec = await generateKey({ kty: 'EC', crv: 'P-384' });
  assert.equal((await bring(vault, 'EC-HSM', await blobFor(vault, ec))).body.key.crv, 'P-384');
  const oct = await generateKey({ kty: 'oct', sizeBits: 256 });
  const last = await bring(vault, 'oct-HSM', await blobFor(vault, oct));
  assert.equal(last.body.key.k, undefined);
  assert.equal(last.body.key.kty, 'oct-HSM');
});

test('a blob that names the exchange key without its version means the latest', async () => {
  const vault = await withExchangeKey();
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const blob = await blobFor(vault, key, `${HOST}/keys/kek`);
  assert.equal((await bring(vault, 'EC-HSM', blob)).status, 200);
});

test('a blob may be in either base64, as the specification and the SDKs have it', async () => {
  const vault = await withExchangeKey();
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  // Octets that have + and / in plain base64, whatever was wrapped.
  const { kid = '', ciphertext } = parseTransferBlob(await blobFor(vault, key)) ?? {};
  const json = JSON.stringify({
    schema_version: '1.0.0',
    header: { kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: ciphertext?.toString('base64'),
    generator: 'ÿÿÿ>>>???',
  });
  const blob = Buffer.from(json).toString('base64');
  assert.match(blob, /[+/].*=$/);
  assert.equal((await bring(vault, 'EC-HSM', blob)).status, 200);
});

test('every unfit blob gets one and the same answer', async () => {
  const vault = await withExchangeKey();
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const good = parseTransferBlob(await blobFor(vault, key));
  assert.ok(good);
  const json = (change: object) =>
    Buffer.from(
      JSON.stringify({
        schema_version: '1.0.0',
        header: { kid: good.kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
        ciphertext: good.ciphertext.toString('base64url'),
        ...change,
      }),
    ).toString('base64url');
  const changed = Buffer.from(good.ciphertext);
  changed[0] = (changed[0] ?? 0) ^ 1;
  const tail = Buffer.from(good.ciphertext);
  tail[tail.length - 1] = (tail.at(-1) ?? 0) ^ 1;
  const unfit = [
    ...['', '*', 'AAAA', json({ schema_version: '2.0' }), json({ header: {} })],
    json({ header: { kid: good.kid, alg: 'RSA-OAEP', enc: 'CKM_RSA_AES_KEY_WRAP' } }),
    json({
      header: {
        kid: 'https://other.vault.example:8443/keys/kek',
        alg: 'dir',
        enc: 'CKM_RSA_AES_KEY_WRAP',
      },
    }),
    json({ header: { kid: 'kek', alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' } }),
    json({ ciphertext: changed.toString('base64url') }),
    json({ ciphertext: tail.toString('base64url') }),
    json({ ciphertext: good.ciphertext.subarray(0, 100).toString('base64url') }),
    await blobFor(vault, await generateKey({ kty: 'RSA', sizeBits: 2048 })),
  ];
  for (const blob of unfit) {
    const { status, body } = await bring(vault, 'EC-HSM', blob);
    assert.deepEqual([status, body.error.code], [400, 'BadParameter'], blob);
    assert.match(body.error.message, /must be a key transfer blob made for a key of this vault/);
  }
  assert.equal((await vault.call('GetKey', { params: brought })).status, 404);
});

test('only a key made for importing unwraps, while it lives and is enabled', async () => {
  const vault = await withExchangeKey();
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  await vault.call('CreateKey', { params: { name: 'other' }, body: { kty: 'RSA-HSM' } });
  const { kid } = (await vault.call('GetKey', { params: { name: 'other' } })).body.key;
  const wrong = await bring(vault, 'EC-HSM', await blobFor(vault, key, kid));
  assert.equal(wrong.body.error.innererror.code, 'KeyOperationForbidden');
  const blob = await blobFor(vault, key);
  vault.clock.advance(2 * 86_400_000);
  assert.match((await bring(vault, 'EC-HSM', blob)).body.error.message, /expired key/);
  const body = { attributes: { enabled: false } };
  await vault.call('UpdateKey', { params: kek, body });
  assert.equal((await bring(vault, 'EC-HSM', blob)).body.error.innererror.code, 'KeyDisabled');
});

test('an exchange key is never given another use, nor another key this one', async () => {
  const vault = await withExchangeKey();
  for (const keyOps of [['decrypt'], ['import', 'decrypt'], ['unwrapKey'], []]) {
    const body = { key_ops: keyOps };
    const { status } = await vault.call('UpdateKey', { params: kek, body });
    assert.equal(status, 400, keyOps.join());
  }
  await vault.call('CreateKey', { params: { name: 'plain' }, body: { kty: 'RSA-HSM' } });
  const plain = { params: { name: 'plain' }, body: { key_ops: ['import'] } };
  assert.equal((await vault.call('UpdateKey', plain)).status, 400);
});

test('an exchange key does nothing but that, and a standard vault has none', async () => {
  const vault = await withExchangeKey();
  for (const id of ['sign', 'decrypt', 'unwrapKey']) {
    const body = { alg: 'RSA-OAEP', value: 'AAAA' };
    const { body: answer } = await vault.call(id, { params: kek, body });
    assert.equal(answer.error.innererror.code, 'KeyOperationForbidden', id);
  }
  const standard = await openTestVault(makeVault({ sku: 'standard' }));
  const { body } = await bring(standard, 'RSA-HSM', 'AAAA');
  assert.equal(body.error.innererror.code, 'HardwareKeysNotSupported');
});

test('an exchange key stays one, and never decrypts what was brought', async () => {
  const vault = await withExchangeKey();
  const blob = parseTransferBlob(
    await blobFor(vault, await generateKey({ kty: 'EC', crv: 'P-256' })),
  );
  for (const keyOps of [['decrypt'], ['unwrapKey'], ['import', 'decrypt'], []]) {
    const changed = await vault.call('UpdateKey', { params: kek, body: { key_ops: keyOps } });
    assert.deepEqual([changed.status, changed.body.error.code], [400, 'BadParameter']);
  }
  const same = { key_ops: ['import'], tags: { a: 'b' } };
  assert.equal((await vault.call('UpdateKey', { params: kek, body: same })).status, 200);
  const value = blob?.ciphertext.subarray(0, 512).toString('base64url');
  const body = { alg: 'RSA-OAEP', value };
  for (const id of ['decrypt', 'unwrapKey']) {
    const { body: refused } = await vault.call(id, { params: kek, body });
    assert.equal(refused.error.innererror.code, 'KeyOperationForbidden');
  }
  const other = { name: 'other' };
  await vault.call('CreateKey', { params: other, body: { kty: 'RSA-HSM' } });
  const late = await vault.call('UpdateKey', { params: other, body: { key_ops: ['import'] } });
  assert.equal(late.status, 400);
});
