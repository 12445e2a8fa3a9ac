import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { readPkcs12 } from '#cryptography';
import { doDue, eventsOf, openTestVault, type TestVault } from '../vault.fixture.ts';

const params = { name: 'web' };
const selfSigned = {
  policy: { x509_props: { subject: 'CN=contoso.com', sans: {} }, issuer: { name: 'Self' } },
};

/** Creates a certificate and lets its moment pass. */
async function create(vault: TestVault, body: object = selfSigned, name = 'web') {
  const created = await vault.call('CreateCertificate', { params: { name }, body });
  assert.equal(created.status, 202, JSON.stringify(created.body));
  vault.clock.advance(2000);
  await doDue(vault);
  return created;
}

const codeOf = (answer: { status: number; body: ReturnType<typeof JSON.parse> }) => [
  answer.status,
  answer.body.error.innererror?.code ?? answer.body.error.code,
];

describe('a self-signed certificate', () => {
  test('is pending first and issued a moment later, with key and secret', async () => {
    const vault = await openTestVault();
    const created = await vault.call('CreateCertificate', { params, body: selfSigned });
    assert.equal(created.status, 202);
    assert.equal(created.body.status, 'inProgress');
    assert.equal(created.headers['Retry-After'], '10');
    assert.equal(
      created.headers.Location,
      'https://contoso.vault.example:8443/certificates/web/pending' +
        `?api-version=2026-04-01&request_id=${created.body.request_id}`,
    );
    const before = (await vault.call('GetCertificate', { params })).body;
    assert.equal(before.attributes.enabled, false);
    assert.equal(before.cer, undefined);
    assert.equal(before.kid, undefined);
    assert.deepEqual((await vault.call('GetCertificates')).body.value, []);
    const query = { includePending: 'true' };
    assert.equal((await vault.call('GetCertificates', { query })).body.value.length, 1);
    assert.deepEqual(await eventsOf(vault), []);

    vault.clock.advance(2000);
    const audited: string[] = [];
    await doDue(vault, audited);
    assert.deepEqual(audited, ['CertificateEnroll']);
    const pending = (await vault.call('GetCertificateOperation', { params })).body;
    assert.equal(pending.status, 'completed');
    assert.equal(pending.target, 'https://contoso.vault.example:8443/certificates/web');
    const bundle = (await vault.call('GetCertificate', { params })).body;
    const version = bundle.id.split('/').pop();
    assert.equal(bundle.kid, `https://contoso.vault.example:8443/keys/web/${version}`);
    assert.equal(bundle.sid, `https://contoso.vault.example:8443/secrets/web/${version}`);
    assert.equal(bundle.attributes.enabled, true);
    const certificate = new X509Certificate(Buffer.from(bundle.cer, 'base64'));
    assert.equal(certificate.subject, 'CN=contoso.com');
    const now = vault.clock.now() / 1000;
    assert.equal(bundle.attributes.nbf, now - 600);
    assert.equal(bundle.attributes.exp, now + 365 * 86_400);
    assert.equal(
      bundle.x5t,
      Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url'),
    );
    assert.deepEqual((await eventsOf(vault)).toSorted(), [
      'CertificateNewVersionCreated web',
      'KeyNewVersionCreated web',
      'SecretNewVersionCreated web',
    ]);

    const key = (await vault.call('GetKey', { params })).body;
    assert.equal(key.managed, true);
    assert.equal(key.key.kid, bundle.kid);
    assert.deepEqual(key.key.key_ops, ['sign', 'verify', 'wrapKey', 'unwrapKey']);
    const secret = (await vault.call('GetSecret', { params })).body;
    assert.equal(secret.managed, true);
    assert.equal(secret.contentType, 'application/x-pkcs12');
    assert.equal(secret.kid, bundle.kid);
    const { privateKeys } = await readPkcs12(Buffer.from(secret.value, 'base64'), undefined);
    const privateKey = createPrivateKey({
      key: privateKeys[0] ?? Buffer.alloc(0),
      format: 'der',
      type: 'pkcs8',
    });
    assert.ok(certificate.checkPrivateKey(privateKey));
  });

  test('fills its policy with the documented defaults', async () => {
    const vault = await openTestVault();
    await create(vault);
    const { body } = await vault.call('GetCertificatePolicy', { params });
    const { attributes, ...policy } = body;
    assert.equal(attributes.enabled, true);
    assert.deepEqual(policy, {
      id: 'https://contoso.vault.example:8443/certificates/web/policy',
      key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      x509_props: {
        subject: 'CN=contoso.com',
        sans: {},
        ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
        key_usage: ['digitalSignature', 'keyEncipherment'],
        validity_months: 12,
        basic_constraints: { ca: false },
      },
      lifetime_actions: [
        { trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } },
      ],
      issuer: { name: 'Self' },
    });
  });

  test('takes key and secret through delete, recover, purge, backup, restore', async () => {
    const vault = await openTestVault();
    await create(vault);
    const original = (await vault.call('GetCertificate', { params })).body;
    const backup = (await vault.call('BackupCertificate', { params })).body;
    const deleted = (await vault.call('DeleteCertificate', { params })).body;
    assert.equal(deleted.recoveryId.split('/').pop(), 'web');
    for (const noun of ['Key', 'Secret', 'Certificate']) {
      assert.equal((await vault.call(`Get${noun}`, { params })).status, 404);
      assert.equal((await vault.call(`GetDeleted${noun}`, { params })).status, 200);
    }
    assert.deepEqual(codeOf(await vault.call('RecoverDeletedKey', { params })), [
      403,
      'KeyManagedByKeyVault',
    ]);
    assert.equal((await vault.call('RecoverDeletedCertificate', { params })).status, 200);
    assert.equal((await vault.call('GetSecret', { params })).status, 200);
    await vault.call('DeleteCertificate', { params });
    assert.equal((await vault.call('PurgeDeletedCertificate', { params })).status, 204);
    for (const noun of ['Key', 'Secret', 'Certificate']) {
      assert.equal((await vault.call(`GetDeleted${noun}`, { params })).status, 404);
    }
    const restored = await vault.call('RestoreCertificate', { body: backup });
    assert.equal(restored.status, 200, JSON.stringify(restored.body));
    assert.equal(restored.body.cer, original.cer);
    assert.equal(restored.body.pending, undefined);
    assert.equal((await vault.call('GetKey', { params })).body.managed, true);
    assert.equal((await vault.call('GetSecret', { params })).body.kid, original.kid);
    assert.deepEqual(codeOf(await vault.call('RestoreCertificate', { body: backup })), [
      409,
      'Conflict',
    ]);
  });

  test('keeps its key and secret from being changed by themselves', async () => {
    const vault = await openTestVault();
    await create(vault);
    const key = { kty: 'RSA' };
    const calls: [string, object, string][] = [
      ['DeleteKey', {}, 'KeyManagedByKeyVault'],
      ['CreateKey', { body: key }, 'KeyManagedByKeyVault'],
      ['UpdateKey', { body: {} }, 'KeyManagedByKeyVault'],
      ['RotateKey', {}, 'KeyManagedByKeyVault'],
      ['BackupKey', {}, 'KeyManagedByKeyVault'],
      ['DeleteSecret', {}, 'SecretManagedByKeyVault'],
      ['SetSecret', { body: { value: 'x' } }, 'SecretManagedByKeyVault'],
      ['UpdateSecret', { body: {} }, 'SecretManagedByKeyVault'],
      ['BackupSecret', {}, 'SecretManagedByKeyVault'],
    ];
    for (const [id, call, code] of calls) {
      assert.deepEqual(codeOf(await vault.call(id, { params, ...call })), [403, code], id);
    }
  });
});
