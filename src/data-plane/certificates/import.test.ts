// Certificates that are brought along: what is taken over from them, and everything that is refused
// with nothing kept.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  exportPkcs8,
  generateKey,
  type KeyMaterial,
  readPem,
  readPkcs12,
  selfSignCertificate,
  writePem,
  writePkcs12,
} from '#cryptography';
import { openTestVault, type TestVault } from '../vault.fixture.ts';

const DAY_MS = 86_400_000;
const NOT_BEFORE_MS = Date.UTC(2026, 0, 31);
const NOT_AFTER_MS = Date.UTC(2026, 6, 31);
const params = { name: 'web' };

const newKey = () => generateKey({ kty: 'EC', crv: 'P-256' });

function certify(key: KeyMaterial, profile: object = {}): Promise<Buffer> {
  return selfSignCertificate({
    profile: { subject: 'CN=web', ...profile },
    ...{ key, notBeforeMs: NOT_BEFORE_MS, notAfterMs: NOT_AFTER_MS },
  });
}

interface Own {
  readonly key: KeyMaterial;
  readonly certificate: Buffer;
  readonly pem: string;
}

async function own(profile: object = {}, given?: KeyMaterial): Promise<Own> {
  const key = given ?? (await newKey());
  const certificate = await certify(key, profile);
  const pem = writePem({ privateKey: exportPkcs8(key), certificates: [certificate] });
  return { key, certificate, pem };
}

const send = (vault: TestVault, value: unknown, more: object = {}) =>
  vault.call('ImportCertificate', { params, body: { value, ...more } });

async function imported(vault: TestVault, value: string, more: object = {}) {
  const { status, body } = await send(vault, value, more);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const secretOf = async (vault: TestVault) => (await vault.call('GetSecret', { params })).body;

describe('an imported certificate', () => {
  test('gives its policy names, key, usages and validity, and nobody renews it', async () => {
    const alternativeNames = { dnsNames: ['web.example'], ipAddresses: ['192.0.2.1'] };
    const profile = {
      ...{ subject: 'C=CH, CN=web', alternativeNames },
      keyUsages: ['keyAgreement', 'digitalSignature'],
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'],
    };
    const vault = await openTestVault();
    const { pem } = await own(profile);
    const { policy, attributes, pending, cer } = await imported(vault, pem);
    assert.deepEqual(policy, {
      id: 'https://contoso.vault.example:8443/certificates/web/policy',
      key_props: { exportable: true, kty: 'EC', key_size: 256, reuse_key: false, crv: 'P-256' },
      secret_props: { contentType: 'application/x-pem-file' },
      x509_props: {
        subject: 'C=CH, CN=web',
        sans: {
          ...{ emails: [], dns_names: ['web.example'], upns: [] },
          ipAddresses: ['192.0.2.1'],
        },
        ekus: ['1.3.6.1.5.5.7.3.2'],
        key_usage: ['digitalSignature', 'keyAgreement'],
        validity_months: 6,
        basic_constraints: { ca: false },
      },
      lifetime_actions: [
        { trigger: { lifetime_percentage: 80 }, action: { action_type: 'EmailContacts' } },
      ],
      issuer: { name: 'Unknown' },
      attributes: policy.attributes,
    });
    assert.equal(attributes.enabled, true);
    assert.equal(attributes.nbf, NOT_BEFORE_MS / 1000);
    assert.equal(attributes.exp, NOT_AFTER_MS / 1000);
    assert.equal(pending, undefined);
    assert.equal((await vault.call('GetCertificate', { params })).body.cer, cer);
  });

  test('without alternative names shows none, and one of an authority says so', async () => {
    const vault = await openTestVault();
    const profile = { basicConstraints: { isAuthority: true }, keyUsages: ['keyCertSign'] };
    const { policy } = await imported(vault, (await own(profile)).pem);
    assert.equal('sans' in policy.x509_props, false);
    assert.deepEqual(policy.x509_props.basic_constraints, { ca: true });
  });

  test('is not what the policy given with it says of names and key', async () => {
    const vault = await openTestVault();
    const { policy } = await imported(vault, (await own()).pem, {
      policy: {
        x509_props: { subject: 'CN=other', validity_months: 99 },
        key_props: { kty: 'RSA', key_size: 4096, reuse_key: true },
        lifetime_actions: [],
        issuer: { name: 'Self' },
      },
    });
    assert.equal(policy.x509_props.subject, 'CN=web');
    assert.equal(policy.x509_props.validity_months, 6);
    const key_props = { exportable: true, kty: 'EC', key_size: 256, reuse_key: true, crv: 'P-256' };
    assert.deepEqual(policy.key_props, key_props);
    assert.deepEqual(policy.lifetime_actions, []);
    assert.deepEqual(policy.issuer, { name: 'Self' });
  });

  test('renews itself where its policy names who signs', async () => {
    const vault = await openTestVault();
    const policy = { issuer: { name: 'Self' } };
    const body = await imported(vault, (await own()).pem, { policy });
    assert.equal(body.policy.lifetime_actions[0].action.action_type, 'AutoRenew');
  });

  test('keeps its key in where that is asked, whatever form its secret has', async () => {
    for (const contentType of ['application/x-pem-file', 'application/x-pkcs12']) {
      const vault = await openTestVault();
      const policy = { key_props: { exportable: false }, secret_props: { contentType } };
      const { pem, certificate } = await own();
      await imported(vault, pem, { policy });
      const secret = await secretOf(vault);
      assert.equal(secret.contentType, contentType);
      const isPemFile = contentType === 'application/x-pem-file';
      const content = isPemFile
        ? await readPem(secret.value, undefined)
        : await readPkcs12(Buffer.from(secret.value, 'base64'), undefined);
      assert.equal(content.privateKeys.length, 0);
      assert.ok(content.certificates[0]?.equals(certificate));
      assert.equal((await vault.call('GetKey', { params })).body.key.d, undefined);
    }
  });

  test('comes as PEM, as PEM in base64, or as PFX, and its secret is kept likewise', async () => {
    const { key, pem, certificate } = await own();
    const input = { privateKey: exportPkcs8(key), certificates: [certificate] };
    const forms = [
      [pem, 'application/x-pem-file'],
      [Buffer.from(pem).toString('base64'), 'application/x-pem-file'],
      [(await writePkcs12(input)).toString('base64'), 'application/x-pkcs12'],
    ] as const;
    for (const [value, contentType] of forms) {
      const vault = await openTestVault();
      const { cer } = await imported(vault, value);
      assert.equal(cer, certificate.toString('base64'));
      assert.equal((await secretOf(vault)).contentType, contentType);
    }
  });

  test('is disabled, and key and secret with it, where that is asked', async () => {
    const vault = await openTestVault();
    const more = { attributes: { enabled: false }, tags: { a: 'b' } };
    const { attributes, tags } = await imported(vault, (await own()).pem, more);
    assert.equal(attributes.enabled, false);
    assert.deepEqual(tags, { a: 'b' });
    const secret = await vault.call('GetSecret', { params });
    assert.equal(secret.body.error.innererror.code, 'SecretDisabled');
    const key = (await vault.call('GetKey', { params })).body;
    assert.deepEqual([key.attributes.enabled, key.tags], [false, { a: 'b' }]);
  });

  test('under a name in use is a new version, with key and secret of that version', async () => {
    const vault = await openTestVault();
    const first = await imported(vault, (await own()).pem);
    vault.clock.advance(5000);
    const second = await vault.call('ImportCertificate', {
      ...{ params: { name: 'WEB' }, body: { value: (await own()).pem } },
    });
    const { id, kid, sid, policy } = second.body;
    assert.notEqual(id, first.id);
    assert.match(id, /\/certificates\/web\//);
    const [version] = id.split('/').slice(-1);
    assert.deepEqual(
      [kid, sid].map((url: string) => url.split('/').pop()),
      [version, version],
    );
    assert.equal((await secretOf(vault)).id, sid);
    assert.equal(policy.attributes.created, first.policy.attributes.created);
    assert.equal(policy.attributes.updated, first.policy.attributes.updated + 5);
    const old = { ...params, version: first.id.split('/').pop() };
    assert.equal((await vault.call('GetCertificate', { params: old })).body.cer, first.cer);
  });

  test('has its chain put in order, or left as it came where that is asked', async () => {
    const [leaf, other, third] = [await own(), await own(), await own()];
    const certificates = [third.certificate, leaf.certificate, other.certificate];
    const value = writePem({ privateKey: exportPkcs8(leaf.key), certificates });
    const order = async (preserveCertOrder: boolean) => {
      const vault = await openTestVault();
      const body = await imported(vault, value, { preserveCertOrder });
      assert.equal(body.preserveCertOrder, preserveCertOrder);
      assert.equal(body.cer, leaf.certificate.toString('base64'));
      const content = await readPem((await secretOf(vault)).value, undefined);
      return content.certificates.map((der) => certificates.findIndex((own) => own.equals(der)));
    };
    assert.deepEqual(await order(true), [1, 0, 2], 'the leaf first, the rest as it came');
    assert.deepEqual(await order(false), [1, 0, 2], 'what belongs to no chain stands behind it');
  });
});

describe('an import is refused, and nothing is kept,', () => {
  const refusals: Record<string, readonly [() => Promise<unknown>, RegExp]> = {
    'without a value': [async () => undefined, /^Property value has invalid value/],
    'of what is no base64': [async () => 'no base64!', /^Format of Pkcs12 value is invalid/],
    'of nothing': [async () => '', /./],
    'of base64 of anything': [
      async () => Buffer.from('anything').toString('base64'),
      /^The specified PKCS#12 X\.509 certificate content can not be read/,
    ],
    'of 350,001 characters': [async () => 'A'.repeat(350_001), /^value is too long\.$/],
    'of a certificate without a key': [
      async () => writePem({ certificates: [(await own()).certificate] }),
      /^Private key is not specified in the specified X\.509 PEM certificate content/,
    ],
    'of a PFX without a key': [
      async () =>
        (await writePkcs12({ certificates: [(await own()).certificate] })).toString('base64'),
      /^Private key is not specified in the specified X\.509 PKCS#12 certificate content/,
    ],
    'of two keys': [async () => (await own()).pem + (await own()).pem, /several private keys/],
    "of another's certificate": [
      async () => {
        const privateKey = exportPkcs8(await newKey());
        return writePem({ privateKey, certificates: [(await own()).certificate] });
      },
      /^The public key of the end-entity certificate .* does not match/,
    ],
    'of a key alone': [
      async () => writePem({ privateKey: exportPkcs8(await newKey()), certificates: [] }),
      /./,
    ],
    'of a certificate that is none': [
      async () =>
        writePem({
          privateKey: exportPkcs8(await newKey()),
          certificates: [Buffer.from([0x30, 0])],
        }),
      /./,
    ],
  };
  for (const [what, [make, message]] of Object.entries(refusals)) {
    test(what, async () => {
      const vault = await openTestVault();
      const { status, body } = await send(vault, await make());
      assert.deepEqual([status, body.error?.code], [400, 'BadParameter']);
      assert.match(body.error.message, message);
      for (const noun of ['Certificate', 'Key', 'Secret']) {
        assert.equal((await vault.call(`Get${noun}`, { params })).status, 404, noun);
      }
    });
  }

  test('of 350,000 characters for what is in them, not for their number', async () => {
    const { body } = await send(await openTestVault(), 'A'.repeat(350_000));
    assert.notEqual(body.error.message, 'value is too long.');
  });

  test('of what does not open with the password, and says nothing of either', async () => {
    const { key, certificate } = await own();
    const input = { privateKey: exportPkcs8(key), certificates: [certificate] };
    const value = (await writePkcs12(input)).toString('base64');
    const vault = await openTestVault();
    const { status, body } = await send(vault, value, { pwd: 'hunter2' });
    assert.equal(status, 400);
    assert.match(body.error.message, /cannot be opened with the specified password/);
    assert.equal(JSON.stringify(body).includes('hunter2'), false);
    const long = await send(vault, value, { pwd: 'x'.repeat(1025) });
    assert.equal(long.body.error.message, 'Property pwd has invalid value\r\n');
  });

  test('where the name belongs to a key or secret, or something is pending', async () => {
    const { pem } = await own();
    for (const [id, body] of [
      ['SetSecret', { value: 'mine' }],
      ['CreateKey', { kty: 'EC' }],
    ] as const) {
      const vault = await openTestVault();
      await vault.call(id, { params, body });
      const refused = await send(vault, pem);
      assert.deepEqual([refused.status, refused.body.error.code], [409, 'Conflict'], id);
      assert.equal((await vault.call('GetCertificate', { params })).status, 404);
    }
    const vault = await openTestVault();
    const policy = { x509_props: { subject: 'CN=web' } };
    await vault.call('CreateCertificate', { params, body: { policy } });
    const refused = await send(vault, pem);
    assert.equal(refused.status, 409);
    assert.match(
      refused.body.error.message,
      /pending key vault certificate's status is inProgress/,
    );
  });

  test('while a deleted certificate has the name', async () => {
    const vault = await openTestVault();
    const { pem } = await own();
    await imported(vault, pem);
    await vault.call('DeleteCertificate', { params });
    const { body } = await send(vault, pem);
    assert.equal(body.error.innererror.code, 'ObjectIsDeletedButRecoverable');
  });

  test('with actions that do not fit the time of the certificate', async () => {
    const at = (days_before_expiry: number) => ({
      policy: {
        lifetime_actions: [
          { trigger: { days_before_expiry }, action: { action_type: 'EmailContacts' } },
        ],
      },
    });
    const vault = await openTestVault();
    const { pem } = await own();
    const { status, body } = await send(vault, pem, at(6 * 27 + 1));
    assert.deepEqual([status, body.error.code], [400, 'BadParameter']);
    assert.equal((await vault.call('GetCertificate', { params })).status, 404);
    await imported(vault, pem, at(6 * 27));
  });

  test('with a key that is to be in an HSM and to leave it', async () => {
    const vault = await openTestVault();
    const key_props = { kty: 'EC-HSM', exportable: true };
    const { status, body } = await send(vault, (await own()).pem, { policy: { key_props } });
    assert.equal(status, 400);
    assert.match(body.error.message, /policy\.key_props\.exportable/);
  });
});

describe('the backup of a certificate', () => {
  const restore = (vault: TestVault, value: string) =>
    vault.call('RestoreCertificate', { body: { value } });

  /** Its blob; the certificate itself is purged. */
  async function backedUp(vault: TestVault): Promise<string> {
    await imported(vault, (await own()).pem, { tags: { a: 'b' } });
    vault.clock.advance(DAY_MS);
    await imported(vault, (await own()).pem);
    const { value } = (await vault.call('BackupCertificate', { params })).body;
    await vault.call('DeleteCertificate', { params });
    assert.equal((await vault.call('PurgeDeletedCertificate', { params })).status, 204);
    return value;
  }

  test('brings back policy, all versions, and key and secret as its own', async () => {
    const vault = await openTestVault();
    const blob = await backedUp(vault);
    assert.equal((await restore(vault, blob)).status, 200);
    const policy = await vault.call('GetCertificatePolicy', { params });
    assert.equal(policy.body.secret_props.contentType, 'application/x-pem-file');
    for (const noun of ['Certificate', 'Key', 'Secret']) {
      const versions = await vault.call(`Get${noun}Versions`, { params });
      assert.equal(versions.body.value.length, 2, noun);
    }
    for (const [id, body] of [
      ['SetSecret', { value: 'x' }],
      ['DeleteSecret', undefined],
      ['DeleteKey', undefined],
    ] as const) {
      const { status, body: answer } = await vault.call(id, { params, body });
      assert.equal(status, 403, id);
      assert.match(answer.error.innererror.code, /ManagedByKeyVault$/);
    }
  });

  for (const [id, body, get] of [
    ['SetSecret', { value: 'mine' }, 'GetSecretVersions'],
    ['CreateKey', { kty: 'EC' }, 'GetKeyVersions'],
  ] as const) {
    test(`is not restored over what took its name by ${id}, live or deleted`, async () => {
      const vault = await openTestVault();
      const blob = await backedUp(vault);
      await vault.call(id, { params, body });
      assert.deepEqual((await restore(vault, blob)).body.error.code, 'Conflict');
      assert.equal((await vault.call(get, { params })).body.value.length, 1);
      await vault.call(id === 'SetSecret' ? 'DeleteSecret' : 'DeleteKey', { params });
      const { body: refused } = await restore(vault, blob);
      assert.equal(refused.error.innererror.code, 'ObjectIsDeletedButRecoverable');
      for (const noun of ['Certificate', 'Key', 'Secret']) {
        assert.equal((await vault.call(`Get${noun}`, { params })).status, 404, noun);
      }
    });
  }

  test('does not hold what is still to be issued', async () => {
    const vault = await openTestVault();
    const policy = { x509_props: { subject: 'CN=web' } };
    await vault.call('CreateCertificate', { params, body: { policy } });
    const { value } = (await vault.call('BackupCertificate', { params })).body;
    await vault.call('DeleteCertificate', { params });
    await vault.call('PurgeDeletedCertificate', { params });
    const { status, body } = await restore(vault, value);
    assert.deepEqual([status, body.pending, body.cer], [200, undefined, undefined]);
    assert.equal((await vault.call('GetCertificateOperation', { params })).status, 404);
    assert.equal((await vault.call('GetKey', { params })).status, 404);
  });
});

test("deleting a certificate to be leaves another's key and secret of its name alone", async () => {
  const vault = await openTestVault();
  const policy = { x509_props: { subject: 'CN=web' } };
  await vault.call('CreateCertificate', { params, body: { policy } });
  await vault.call('SetSecret', { params, body: { value: 'mine' } });
  await vault.call('CreateKey', { params, body: { kty: 'EC' } });
  const mine = async () => {
    assert.equal((await secretOf(vault)).value, 'mine');
    assert.equal((await vault.call('GetKey', { params })).status, 200);
  };
  assert.equal((await vault.call('DeleteCertificate', { params })).status, 200);
  await mine();
  assert.equal((await vault.call('RecoverDeletedCertificate', { params })).status, 200);
  await vault.call('DeleteSecret', { params });
  await vault.call('DeleteCertificate', { params });
  assert.equal((await vault.call('RecoverDeletedCertificate', { params })).status, 200);
  assert.equal((await vault.call('GetSecret', { params })).status, 404, 'stays deleted');
  await vault.call('DeleteCertificate', { params });
  assert.equal((await vault.call('PurgeDeletedCertificate', { params })).status, 204);
  assert.equal((await vault.call('RecoverDeletedSecret', { params })).status, 200);
  await mine();
});
