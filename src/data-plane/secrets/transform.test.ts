// `outContentType`: a PFX is handed out as PEM, and nothing leaves by it that would stay otherwise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportPkcs8, generateKey, readPem, selfSignCertificate, writePkcs12 } from '#cryptography';
import { openTestVault, type TestVault } from '../vault.fixture.ts';

const params = { name: 'web' };
const PFX = 'application/x-pkcs12';
const PEM = 'application/x-pem-file';

async function made() {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const times = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2026, 6, 1) };
  const certificate = await selfSignCertificate({ profile: { subject: 'CN=web' }, key, ...times });
  const input = { privateKey: exportPkcs8(key), certificates: [certificate] };
  return { ...input, pfx: (await writePkcs12(input)).toString('base64') };
}

const ask = (vault: TestVault, outContentType: string, apiVersion = '2025-07-01') =>
  vault.call('GetSecret', { params, query: { outContentType }, apiVersion });

const keep = (vault: TestVault, value: string, contentType: string, more: object = {}) =>
  vault.call('SetSecret', { params, body: { value, contentType, ...more } });

test('a PFX comes as PEM with its key and certificates, and is kept as it was', async () => {
  const vault = await openTestVault();
  const { pfx, privateKey, certificates } = await made();
  const { body: before } = await keep(vault, pfx, PFX, { tags: { a: 'b' } });
  const { status, body } = await ask(vault, PEM);
  assert.equal(status, 200);
  const content = await readPem(body.value, undefined);
  assert.deepEqual(content.certificates, certificates);
  assert.ok(content.privateKeys[0]?.equals(privateKey));
  assert.deepEqual({ ...body, value: pfx, contentType: PFX }, before, 'but for value and type');
  assert.deepEqual((await vault.call('GetSecret', { params })).body, before);
});

test('asking for the form that it has changes nothing', async () => {
  const vault = await openTestVault();
  for (const type of [PFX, PEM]) {
    const { body: before } = await keep(vault, 'not even one', type);
    assert.deepEqual((await ask(vault, type)).body.value, before.value);
  }
});

test('older versions of the interface do not know it, and give what is kept', async () => {
  const vault = await openTestVault();
  const { pfx } = await made();
  await keep(vault, pfx, PFX);
  for (const version of ['7.6', '7.0']) {
    const { body } = await ask(vault, PEM, version);
    assert.deepEqual([body.value, body.contentType], [pfx, PFX]);
  }
});

test('what is no PFX, or does not open, is refused without a word of its content', async () => {
  const vault = await openTestVault();
  const { pfx } = await made();
  for (const value of [
    'hunter2',
    '',
    pfx.slice(0, 400),
    Buffer.from('hunter2').toString('base64'),
  ]) {
    await keep(vault, value, PFX);
    const { status, body } = await ask(vault, PEM);
    assert.equal(status, 400);
    assert.match(body.error.message, /^The 'PFX' to 'PEM' transformation is not supported/);
    assert.equal(JSON.stringify(body).includes('hunter2'), false);
  }
  await keep(vault, 'pem', PEM);
  const back = await ask(vault, PFX);
  assert.match(back.body.error.message, /^The 'PEM' to 'PFX' transformation/);
  for (const wanted of ['', 'text/plain', 'constructor', PEM.toUpperCase()]) {
    const { status, body } = await ask(vault, wanted);
    assert.deepEqual([status, body.error?.code], [400, 'BadParameter'], wanted);
  }
});

test('a disabled secret is not handed out in another form either', async () => {
  const vault = await openTestVault();
  const { pfx } = await made();
  await keep(vault, pfx, PFX, { attributes: { enabled: false } });
  const { status, body } = await ask(vault, PEM);
  assert.deepEqual([status, body.error.innererror.code], [403, 'SecretDisabled']);
});

test('the key of a certificate that is not exportable is in none of its forms', async () => {
  const vault = await openTestVault();
  const { pfx } = await made();
  const policy = { key_props: { exportable: false } };
  const imported = await vault.call('ImportCertificate', { params, body: { value: pfx, policy } });
  assert.equal(imported.status, 200);
  const { body } = await ask(vault, PEM);
  const content = await readPem(body.value, undefined);
  assert.deepEqual([content.privateKeys.length, content.certificates.length], [0, 1]);
  assert.equal(body.value.includes('PRIVATE'), false);
});
