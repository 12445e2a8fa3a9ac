// Certificates whose keys an HSM holds: made there, or brought there at the import.
import assert from 'node:assert/strict';
import { createHash, verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  exportPkcs8,
  generateKey,
  KeyError,
  type KeyProvider,
  selfSignCertificate,
  writePem,
} from '#cryptography';
import { fakeHsm } from '../keys/hsm.fixture.ts';
import { keyObjects } from '../keys/key-objects.ts';
import { doDue, openTestVaultWith, recordsOf, type TestVault } from '../vault.fixture.ts';

const params = { name: 'web' };
const HELD = { kty: 'RSA-HSM', exportable: false };
const MESSAGE = Buffer.from('what is signed');
const DAY_MS = 86_400_000;

async function create(vault: TestVault, key_props: object): Promise<void> {
  const policy = { key_props, x509_props: { subject: 'CN=web' }, issuer: { name: 'Self' } };
  const answer = await vault.call('CreateCertificate', { params, body: { policy } });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  vault.clock.advance(1000);
  await doDue(vault);
}

async function pem(vault: TestVault): Promise<string> {
  const key = await generateKey({ kty: 'RSA', sizeBits: 2048 });
  const certificate = await selfSignCertificate({
    ...{ profile: { subject: 'CN=web' }, key },
    notBeforeMs: vault.clock.now(),
    notAfterMs: vault.clock.now() + 90 * DAY_MS,
  });
  return writePem({ privateKey: exportPkcs8(key), certificates: [certificate] });
}

/** The key signs, and what it signs is the certificate's. */
async function requireHeld(vault: TestVault): Promise<void> {
  const key = await vault.call('GetKey', { params });
  assert.equal(key.body.key.kty, 'RSA-HSM');
  assert.equal(key.body.attributes.hsmPlatform, '2');
  const value = createHash('sha256').update(MESSAGE).digest('base64url');
  const signed = await vault.call('sign', { params, body: { alg: 'RS256', value } });
  assert.equal(signed.status, 200, JSON.stringify(signed.body));
  const { cer } = (await vault.call('GetCertificate', { params })).body;
  const { publicKey } = new X509Certificate(Buffer.from(cer, 'base64'));
  const signature = Buffer.from(signed.body.value, 'base64url');
  assert.ok(verify('sha256', MESSAGE, publicKey, signature));
  const { version } = await keyObjects.load(recordsOf(vault), 'web', '');
  assert.equal(version.content.provider, 'fake');
  assert.equal(Buffer.from(version.content.material, 'base64').length, 36);
  const secret = await vault.call('GetSecret', { params });
  assert.ok(!Buffer.from(secret.body.value, 'base64').toString().includes('PRIVATE KEY'));
}

test('a certificate of an HSM type is made and renewed in the HSM', async () => {
  const hsm = fakeHsm();
  const vault = await openTestVaultWith({ hsm });
  await create(vault, HELD);
  assert.equal(hsm.inside.size, 1);
  await requireHeld(vault);
  vault.clock.advance(300 * DAY_MS);
  await doDue(vault);
  await doDue(vault);
  assert.equal(hsm.inside.size, 2);
  await requireHeld(vault);
});

test('a key that is used again stays in the HSM, and says so', async () => {
  const hsm = fakeHsm();
  const vault = await openTestVaultWith({ hsm });
  await create(vault, { ...HELD, reuse_key: true });
  await create(vault, { ...HELD, reuse_key: true });
  assert.equal(hsm.inside.size, 1);
  await requireHeld(vault);
});

test('an imported certificate of an HSM type has its key in the HSM from then on', async () => {
  const hsm = fakeHsm();
  const vault = await openTestVaultWith({ hsm });
  const body = { value: await pem(vault), policy: { key_props: HELD } };
  const answer = await vault.call('ImportCertificate', { params, body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(hsm.inside.size, 1);
  await requireHeld(vault);
});

test('an exportable key stays with software, imported or made', async () => {
  const hsm = fakeHsm();
  const vault = await openTestVaultWith({ hsm });
  await create(vault, { kty: 'RSA', exportable: true });
  const body = { value: await pem(vault) };
  assert.equal((await vault.call('ImportCertificate', { params, body })).status, 200);
  assert.equal(hsm.inside.size, 0);
  assert.equal((await vault.call('GetKey', { params })).body.attributes.hsmPlatform, '0');
});

test('a key that the HSM does not take is refused in words, and nothing is kept', async () => {
  const hsm: KeyProvider = {
    ...fakeHsm(),
    import: () => Promise.reject(new KeyError('unsupportedKeySize', 'n')),
  };
  const vault = await openTestVaultWith({ hsm });
  const body = { value: await pem(vault), policy: { key_props: HELD } };
  const answer = await vault.call('ImportCertificate', { params, body });
  assert.equal(answer.status, 400);
  assert.equal(answer.body.error.code, 'BadParameter');
  assert.equal((await vault.call('GetCertificate', { params })).status, 404);
});
