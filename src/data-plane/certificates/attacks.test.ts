// Who may do much with certificates, keys or secrets, and tries for a little more: the private key
// of a certificate that is not to leave, or another's key and secret.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { deserializeKey, readPem, selfSignCertificate } from '#cryptography';
import { doDue, openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';
import { certificateObjects, loadPending } from './certificate-objects.ts';

const params = { name: 'web' };
const PEM = { contentType: 'application/x-pem-file' };

const policyOf = (key: object, issuer = 'Self') => ({
  key_props: { kty: 'EC', crv: 'P-256', ...key },
  secret_props: PEM,
  x509_props: { subject: 'CN=contoso.com' },
  issuer: { name: issuer },
});

async function create(vault: TestVault, policy: object): Promise<void> {
  const { status, body } = await vault.call('CreateCertificate', { params, body: { policy } });
  assert.equal(status, 202, JSON.stringify(body));
}

async function pass(vault: TestVault): Promise<void> {
  vault.clock.advance(2000);
  await doDue(vault);
}

const keysIn = async (vault: TestVault) => {
  const { value } = (await vault.call('GetSecret', { params })).body;
  return (await readPem(value, undefined)).privateKeys.length;
};

const spkiOf = async (vault: TestVault) => {
  const { cer } = (await vault.call('GetCertificate', { params })).body;
  const { publicKey } = new X509Certificate(Buffer.from(cer, 'base64'));
  return publicKey.export({ format: 'pem', type: 'spki' });
};

describe('a key that is not exportable', () => {
  test('does not leave in the next version by being used again', async () => {
    const vault = await openTestVault();
    await create(vault, policyOf({ exportable: false, reuse_key: true }));
    await pass(vault);
    assert.equal(await keysIn(vault), 0);
    const first = await spkiOf(vault);

    await create(vault, policyOf({ exportable: false, reuse_key: true }));
    await pass(vault);
    assert.equal(await spkiOf(vault), first, 'used again as it is');
    await create(vault, policyOf({ exportable: true, reuse_key: true }));
    await pass(vault);
    assert.notEqual(await spkiOf(vault), first, 'another key, which may leave');
    assert.equal(await keysIn(vault), 1);
  });

  test('does not leave because the policy is changed before the certificate is there', async () => {
    const vault = await openTestVault();
    await create(vault, policyOf({ exportable: false }));
    const body = { key_props: { exportable: true, kty: 'RSA', key_size: 2048 } };
    const changed = await vault.call('UpdateCertificatePolicy', { params, body });
    assert.equal(changed.status, 200);
    await pass(vault);
    assert.equal(await keysIn(vault), 0);
    assert.equal((await vault.call('GetKey', { params })).body.key.kty, 'EC');
  });

  test('does not leave because the policy is changed before a merge', async () => {
    const vault = await openTestVault();
    await create(vault, policyOf({ exportable: false }, 'Unknown'));
    const body = { key_props: { exportable: true } };
    await vault.call('UpdateCertificatePolicy', { params, body });
    assert.equal((await merge(vault)).status, 201);
    assert.equal(await keysIn(vault), 0);
  });

  test('is used again for keys that may leave if it may itself', async () => {
    const vault = await openTestVault();
    await create(vault, policyOf({ exportable: true, reuse_key: true }));
    await pass(vault);
    const first = await spkiOf(vault);
    await create(vault, policyOf({ exportable: true, reuse_key: true }));
    await pass(vault);
    assert.equal(await spkiOf(vault), first);
  });
});

/** Merges what an issuer that is unknown to the vault would have signed. */
async function merge(vault: TestVault) {
  const { body } = await vault.call('GetCertificateOperation', { params });
  const reader = recordsOf(vault);
  const head = await certificateObjects.requireLive(reader, 'web');
  const work = (await loadPending(reader, head.uid))?.work;
  assert.ok(work, body.status);
  const key = deserializeKey(Buffer.from(work.key.material, 'base64'));
  const now = vault.clock.now();
  const der = await selfSignCertificate({
    profile: { subject: 'CN=contoso.com' },
    ...{ key, notBeforeMs: now, notAfterMs: now + 86_400_000 },
  });
  const x5c = [der.toString('base64')];
  return await vault.call('MergeCertificate', { params, body: { x5c } });
}

describe('a key or secret that takes the name of a certificate to be', () => {
  const takers = [
    ['secret', 'SetSecret', { value: 'mine' }],
    ['key', 'CreateKey', { kty: 'EC' }],
  ] as const;
  for (const [noun, id, body] of takers) {
    test(`a ${noun} is not given the certificate's when it is issued`, async () => {
      const vault = await openTestVault();
      await create(vault, policyOf({ exportable: true }));
      assert.equal((await vault.call(id, { params, body })).status, 200);
      await pass(vault);
      const { body: pending } = await vault.call('GetCertificateOperation', { params });
      assert.equal(pending.status, 'failed');
      assert.equal(pending.error.code, 'Conflict');
      await expectUntouched(vault, noun);
    });

    test(`a ${noun} is not given the certificate's by a merge`, async () => {
      const vault = await openTestVault();
      await create(vault, policyOf({ exportable: true }, 'Unknown'));
      await vault.call(id, { params, body });
      const merged = await merge(vault);
      assert.deepEqual([merged.status, merged.body.error.code], [409, 'Conflict']);
      await expectUntouched(vault, noun);
    });

    test(`a deleted ${noun} of that name ends the issuing for good`, async () => {
      const vault = await openTestVault();
      await create(vault, policyOf({ exportable: true }));
      await vault.call(id, { params, body });
      const noted = `${noun[0]?.toUpperCase()}${noun.slice(1)}`;
      await vault.call(`Delete${noted}`, { params });
      await pass(vault);
      const { body: pending } = await vault.call('GetCertificateOperation', { params });
      assert.equal(pending.status, 'failed');
    });
  }
});

async function expectUntouched(vault: TestVault, noun: 'secret' | 'key'): Promise<void> {
  const own = noun === 'secret' ? 'GetSecretVersions' : 'GetKeyVersions';
  const other = noun === 'secret' ? 'GetKeyVersions' : 'GetSecretVersions';
  assert.equal((await vault.call(own, { params })).body.value.length, 1);
  assert.equal((await vault.call(other, { params })).body.value.length, 0);
}
