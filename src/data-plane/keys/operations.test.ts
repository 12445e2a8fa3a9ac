import assert from 'node:assert/strict';
import { generateKeyPairSync, type webcrypto } from 'node:crypto';
import { test } from 'node:test';
import {
  makeVault,
  openTestVault,
  owner,
  recordsOf,
  stranger,
  type TestVault,
} from '../vault.fixture.ts';
import { keyObjects } from './key-objects.ts';

const params = { name: 'k' };
const KID = /^https:\/\/contoso\.vault\.example:8443\/keys\/k\/[0-9a-f]{32}$/;

const create = (vault: TestVault, body: object, apiVersion = '7.5') =>
  vault.call('CreateKey', { params, body, apiVersion });
const versionOf = (body: { key: { kid: string } }) => body.key.kid.split('/').at(-1) ?? '';
const encodePolicy = (policy: unknown) => Buffer.from(JSON.stringify(policy)).toString('base64url');
const CONDITION = { claim: 'sdk-test', equals: 'true' };
const AUTHORITY = { authority: 'https://attest.example/', anyOf: [CONDITION] };
const POLICY = { data: encodePolicy({ version: '1.0.0', anyOf: [AUTHORITY] }) };

test('an RSA key is created with the defaults that clients expect', async () => {
  const vault = await openTestVault();
  const { status, body } = await create(vault, { kty: 'RSA', public_exponent: 3 });
  assert.equal(status, 200);
  const { n, kid, ...key } = body.key;
  assert.match(kid, KID);
  assert.equal(Buffer.from(n, 'base64url').length, 256);
  assert.deepEqual(key, {
    kty: 'RSA',
    key_ops: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
    e: 'AQAB',
  });
  const { created, updated, ...attributes } = body.attributes;
  assert.equal(created, updated);
  assert.deepEqual(attributes, {
    enabled: true,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
    exportable: false,
    hsmPlatform: '0',
  });
  const got = await vault.call('GetKey', { params, apiVersion: '7.5' });
  assert.deepEqual(got.body, body);
});

test('each curve makes a key of its own, and no curve or an empty one is P-256', async () => {
  const vault = await openTestVault();
  for (const crv of ['P-256', 'P-384', 'P-521', 'P-256K', '', undefined]) {
    const { body } = await create(vault, { kty: 'EC', crv });
    assert.equal(body.key.crv, crv || 'P-256');
    assert.deepEqual(body.key.key_ops, ['sign', 'verify']);
    assert.deepEqual(Object.keys(body.key), ['kid', 'kty', 'key_ops', 'crv', 'x', 'y']);
  }
});

test('attributes that came with a later api-version are not shown to an earlier one', async () => {
  const vault = await openTestVault();
  await create(vault, { kty: 'EC' });
  const shown = async (apiVersion: string) => {
    const { body } = await vault.call('GetKey', { params, apiVersion });
    return ['exportable', 'hsmPlatform', 'key_size'].filter((name) => name in body.attributes);
  };
  assert.deepEqual(await shown('7.2'), []);
  assert.deepEqual(await shown('7.3'), ['exportable']);
  assert.deepEqual(await shown('7.6'), ['exportable', 'hsmPlatform']);
  assert.deepEqual(await shown('2026-04-01'), ['exportable', 'hsmPlatform', 'key_size']);
});

test('no answer of any operation holds a secret part of a key', async () => {
  const vault = await openTestVault();
  await create(vault, { kty: 'RSA' });
  const stored = await keyObjects.load(recordsOf(vault), 'k', '');
  // In PKCS #8 the public modulus comes first; from here on it is the private exponent.
  const exponent = stored.version.content.material.slice(600, 660);
  assert.equal(exponent.length, 60);
  const ids = ['GetKey', 'GetKeyAttestation', 'GetKeys', 'GetKeyVersions', 'RotateKey'];
  const after = ['BackupKey', 'DeleteKey', 'GetDeletedKeys', 'GetDeletedKey', 'RecoverDeletedKey'];
  for (const id of [...ids, ...after]) {
    const { status, body } = await vault.call(id, { params });
    assert.equal(status, 200, id);
    const text = JSON.stringify(body);
    assert.equal(/"(d|p|q|dp|dq|qi|k|material)":/.test(text), false, id);
    assert.equal(text.includes(exponent), false, id);
  }
});

test('hardware keys need a premium vault', async () => {
  const vault = await openTestVault(makeVault({ sku: 'standard' }));
  for (const kty of ['RSA-HSM', 'EC-HSM']) {
    const { status, body } = await create(vault, { kty });
    assert.deepEqual(
      [status, body.error],
      [
        403,
        {
          code: 'Forbidden',
          message: 'Hardware key operation not allowed on standard vault',
          innererror: { code: 'HardwareKeysNotSupported' },
        },
      ],
    );
  }
  const premium = await openTestVault();
  const made = await create(premium, { kty: 'RSA-HSM' }, '7.4');
  assert.deepEqual([made.body.key.kty, made.body.key.e], ['RSA-HSM', 'AAEAAQ'], 'as recorded');
  const newer = await premium.call('GetKey', { params, apiVersion: '7.5' });
  assert.equal(newer.body.key.e, 'AQAB');
});

test('octet keys came with 2026-04-01 and show nothing of themselves', async () => {
  const vault = await openTestVault();
  const early = await create(vault, { kty: 'oct-HSM', key_size: 256 }, '7.3');
  assert.deepEqual([early.status, early.body.error.code], [400, 'BadParameter']);
  const { body } = await create(vault, { kty: 'oct-HSM', key_size: 128 }, '2026-04-01');
  assert.deepEqual(Object.keys(body.key), ['kid', 'kty', 'key_ops']);
  assert.equal(body.attributes.key_size, 128);
});

test('a key that only imports others lives for two days', async () => {
  const vault = await openTestVault();
  const { body } = await create(vault, { kty: 'RSA-HSM', key_ops: ['import'] });
  assert.equal(body.attributes.exp - body.attributes.created, 172_800);
});

const badKeys: Record<string, unknown> = {
  'no body': undefined,
  'no type': {},
  'an unknown type': { kty: 'DSA' },
  'a bare octet key': { kty: 'oct' },
  'a type in other letters': { kty: 'rsa' },
  'a small modulus': { kty: 'RSA', key_size: 1024 },
  'a size in between': { kty: 'RSA', key_size: 2049 },
  'a size as text': { kty: 'RSA', key_size: '2048' },
  'an unknown curve': { kty: 'EC', crv: 'P-192' },
  'an unknown operation': { kty: 'RSA', key_ops: ['sign', 'shred'] },
  'import beside another operation': { kty: 'RSA-HSM', key_ops: ['import', 'sign'] },
  '16 tags': { kty: 'EC', tags: Object.fromEntries([...'abcdefghijklmnop'].map((t) => [t, ''])) },
  'a release policy that is not JSON': {
    kty: 'EC-HSM',
    attributes: { exportable: true },
    release_policy: { data: 'AAAA' },
  },
};

for (const [what, body] of Object.entries(badKeys)) {
  test(`a key with ${what} is not created`, async () => {
    const vault = await openTestVault();
    const answer = await vault.call('CreateKey', { params, body });
    assert.deepEqual([answer.status, answer.body.error.code], [400, 'BadParameter']);
    assert.equal((await vault.call('GetKey', { params })).status, 404);
  });
}

test('a bad name is refused in words', async () => {
  const vault = await openTestVault();
  const body = { kty: 'EC' };
  const bad = await vault.call('CreateKey', { params: { name: 'key!@#$' }, body });
  assert.equal(bad.body.error.message, 'The request URI contains an invalid name: key!@#$');
});

function jwkOf(type: 'rsa' | 'ec'): webcrypto.JsonWebKey {
  const { privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'jwk' });
}

test('imported keys keep their public part, operations and type', async () => {
  const vault = await openTestVault();
  const rsa = jwkOf('rsa');
  const imported = await vault.call('ImportKey', { params, body: { Hsm: false, key: rsa } });
  assert.equal(imported.status, 200);
  assert.equal(imported.body.key.n, rsa.n);
  assert.equal(imported.body.key.kty, 'RSA');
  const key = { ...jwkOf('ec'), key_ops: ['sign'], kid: 'ignored' };
  const ec = await vault.call('ImportKey', { params, body: { Hsm: true, key, tags: { a: 'b' } } });
  assert.deepEqual([ec.body.key.kty, ec.body.key.key_ops], ['EC-HSM', ['sign']]);
  assert.deepEqual([ec.body.key.x, ec.body.tags], [key.x, { a: 'b' }]);
  const versions = await vault.call('GetKeyVersions', { params });
  assert.equal(versions.body.value.length, 2);
});

test('a JWK with anything missing or wrong is refused without saying what', async () => {
  const vault = await openTestVault();
  const rsa = jwkOf('rsa');
  const ec = jwkOf('ec');
  const other = jwkOf('ec');
  const without = (jwk: object, field: string) =>
    Object.fromEntries(Object.entries(jwk).filter(([name]) => name !== field));
  const bad = [
    ...['kty', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((field) => without(rsa, field)),
    ...['kty', 'crv', 'x', 'y', 'd'].map((field) => without(ec, field)),
    { ...rsa, d: ec.d },
    { ...ec, d: other.d },
    { ...ec, x: other.x },
    { ...ec, kty: 'oct', k: 'AAAA' },
    { ...rsa, n: '*' },
  ];
  for (const key of bad) {
    const { status, body } = await vault.call('ImportKey', { params, body: { key } });
    assert.deepEqual(
      [status, body.error],
      [
        400,
        { code: 'BadParameter', message: 'The property "key" must be a valid JsonWebKey object.' },
      ],
    );
  }
  assert.equal((await vault.call('GetKey', { params })).status, 404);
});

test('an update changes operations, attributes and tags of one version', async () => {
  const vault = await openTestVault();
  const first = await create(vault, { kty: 'RSA', tags: { a: '1' } });
  await create(vault, { kty: 'EC' });
  const { body } = await vault.call('UpdateKey', {
    params: { name: 'k', version: versionOf(first.body) },
    body: { key_ops: ['decrypt'], attributes: { exp: 9, enabled: false } },
  });
  assert.deepEqual(body.key.key_ops, ['decrypt']);
  assert.deepEqual(
    [body.attributes.exp, body.attributes.enabled, body.tags],
    [9, false, { a: '1' }],
  );
  const latest = await vault.call('GetKey', { params });
  assert.deepEqual(latest.body.key.key_ops, ['sign', 'verify']);
});

test('exportable and its release policy come together, and an immutable one stays', async () => {
  const vault = await openTestVault();
  const exportable = { kty: 'EC-HSM', attributes: { exportable: true } };
  const message = async (answer: Promise<{ body: { error: { message: string } } }>) =>
    (await answer).body.error.message;
  assert.match(await message(create(vault, exportable)), /^AKV\.SKR\.1004: Exportable keys must/);
  const lone = create(vault, { kty: 'EC-HSM', release_policy: POLICY });
  assert.match(await message(lone), /^AKV\.SKR\.1005: Non-exportable keys must not/);
  const made = await create(vault, { ...exportable, release_policy: POLICY });
  assert.deepEqual(made.body.release_policy, {
    contentType: 'application/json; charset=utf-8',
    data: POLICY.data,
    immutable: false,
  });
  const update = (body: object) => vault.call('UpdateKey', { params, body });
  assert.equal((await update({ attributes: { exportable: false } })).status, 400);
  const frozen = await update({ release_policy: { ...POLICY, immutable: true } });
  assert.equal(frozen.body.release_policy.immutable, true);
  assert.match(await message(update({ release_policy: POLICY })), /^AKV\.SKR\.1020: Immutable Key/);
  assert.equal((await update({ tags: { a: 'b' } })).status, 200);
});

test('nothing is released while no attestation authority is known', async () => {
  const vault = await openTestVault();
  await create(vault, { kty: 'EC-HSM', attributes: { exportable: true }, release_policy: POLICY });
  const { status, body } = await vault.call('release', { params, body: { target: 'anything' } });
  assert.equal(status, 403);
  assert.equal(body.error.innererror.code, 'AccessDenied');
});

test('no key is given an attestation, not even one whose type says HSM', async () => {
  const vault = await openTestVault();
  for (const kty of ['RSA', 'EC', 'RSA-HSM', 'EC-HSM', 'oct-HSM']) {
    const made = await create(vault, { kty, tags: { kty } }, '2026-04-01');
    const { status, body } = await vault.call('GetKeyAttestation', { params });
    assert.equal(status, 200, kty);
    assert.deepEqual(body, made.body, 'the key as it is');
    assert.equal('attestation' in body.attributes, false, kty);
    assert.equal(body.attributes.hsmPlatform, '0', 'software');
  }
});

test('the attestation asked for is that of one version, or of the latest', async () => {
  const vault = await openTestVault();
  const first = await create(vault, { kty: 'RSA' }, '7.6');
  const latest = await create(vault, { kty: 'EC' }, '7.6');
  const attest = (version: string) =>
    vault.call('GetKeyAttestation', { params: { name: 'k', version }, apiVersion: '7.6' });
  assert.deepEqual((await attest(versionOf(first.body))).body, first.body);
  assert.deepEqual((await attest('')).body, latest.body);
  for (const unknown of ['0'.repeat(32), 'latest', `${versionOf(first.body)}0`, '..']) {
    const { status, body } = await attest(unknown);
    assert.deepEqual([status, body.error.code], [404, 'KeyNotFound'], unknown);
  }
});

test('attestation came with 7.6', async () => {
  const vault = await openTestVault();
  await create(vault, { kty: 'EC' });
  for (const apiVersion of ['7.0', '7.5', '7.5-preview.1', '7.7', '2016-10-01', '']) {
    const { status, body } = await vault.call('GetKeyAttestation', { params, apiVersion });
    assert.deepEqual([status, body.error.code], [400, 'BadParameter'], apiVersion);
  }
  for (const apiVersion of ['7.6-preview.1', '7.6', '2025-07-01', '2026-04-01']) {
    const { status } = await vault.call('GetKeyAttestation', { params, apiVersion });
    assert.equal(status, 200, apiVersion);
  }
});

test('a disabled or expired key is attested as it is got, a deleted one is not found', async () => {
  const vault = await openTestVault();
  const unusable = { kty: 'EC', attributes: { enabled: false, exp: 9 } };
  const made = await create(vault, unusable, '2026-04-01');
  assert.deepEqual((await vault.call('GetKeyAttestation', { params })).body, made.body);
  await vault.call('DeleteKey', { params });
  const gone = await vault.call('GetKeyAttestation', { params });
  assert.deepEqual([gone.status, gone.body.error.code], [404, 'KeyNotFound']);
});

test('an attestation needs the permission to get the key: no other policy is enough', async () => {
  const { tenantId, objectId } = owner;
  const record = makeVault();
  const allow = (keys: readonly string[]) => ({
    ...record,
    accessPolicies: [{ tenantId, objectId, permissions: { keys } }],
  });
  const others = ['create', 'list', 'update', 'sign', 'verify', 'release', 'backup', 'recover'];
  const vault = await openTestVault(allow(others));
  assert.equal((await create(vault, { kty: 'EC' })).status, 200);
  const refused = await vault.call('GetKeyAttestation', { params });
  assert.equal(refused.body.error.innererror.code, 'ForbiddenByPolicy');
  assert.match(refused.body.error.message, /does not have keys get permission on key vault/);
  await vault.putVault(allow(['get']));
  assert.equal((await vault.call('GetKeyAttestation', { params })).status, 200);
  assert.equal((await vault.call('GetKeyAttestation', { params, as: stranger })).status, 403);
});

test('an attestation needs the role to read keys, and names no key to who lacks it', async () => {
  const record = makeVault();
  const vault = await openTestVault(record);
  await create(vault, { kty: 'EC' });
  await vault.putVault({ ...record, enableRbacAuthorization: true });
  const attest = (name: string) => vault.call('GetKeyAttestation', { params: { name } });
  for (const role of [
    'Owner',
    'Key Vault Secrets Officer',
    'Key Vault Crypto Service Release User',
  ]) {
    await vault.assign(role);
    for (const name of ['k', 'absent']) {
      const { status, body } = await attest(name);
      assert.deepEqual([status, body.error.innererror.code], [403, 'ForbiddenByRbac'], role);
      assert.match(body.error.message, /Action: 'Microsoft\.KeyVault\/vaults\/keys\/read'/);
    }
  }
  await vault.assign('Key Vault Reader');
  assert.equal((await attest('k')).status, 200);
  assert.equal((await attest('absent')).status, 404);
});

test("a certificate's key is used like any other and changed by no one", async () => {
  const vault = await openTestVault();
  await create(vault, { kty: 'EC' });
  const view = recordsOf(vault);
  const { head } = await keyObjects.load(view, 'k', '');
  await view.transact(async (transaction) =>
    keyObjects.putHead(transaction, { ...head, managed: true }),
  );
  for (const [id, operation, body] of [
    ['CreateKey', 'create', { kty: 'EC' }],
    ['ImportKey', 'create', { key: jwkOf('ec') }],
    ['UpdateKey', 'update', {}],
    ['RotateKey', 'rotate', undefined],
    ['UpdateKeyRotationPolicy', 'setrotationpolicy', {}],
    ['DeleteKey', 'delete', undefined],
    ['BackupKey', 'backup', undefined],
  ] as const) {
    const refused = await vault.call(id, { params, body });
    assert.deepEqual(
      [refused.status, refused.body.error],
      [
        403,
        {
          code: 'Forbidden',
          message:
            `Operation "${operation}" is not allowed as this object's lifetime is managed by ` +
            'Key Vault.',
          innererror: { code: 'KeyManagedByKeyVault' },
        },
      ],
    );
  }
  assert.equal((await vault.call('GetKeys')).body.value[0].managed, true);
  const signed = { alg: 'ES256', value: Buffer.alloc(32).toString('base64url') };
  assert.equal((await vault.call('sign', { params, body: signed })).status, 200);
});

test('keys are deleted, recovered, purged, backed up and restored with all versions', async () => {
  const vault = await openTestVault();
  const first = await create(vault, { kty: 'RSA' });
  const latest = await create(vault, { kty: 'EC', tags: { a: 'b' } });
  const policy = { lifetimeActions: [], attributes: { expiryTime: 'P90D' } };
  await vault.call('UpdateKeyRotationPolicy', { params, body: policy });
  const backup = (await vault.call('BackupKey', { params })).body.value;
  const deleted = await vault.call('DeleteKey', { params, apiVersion: '7.5' });
  assert.deepEqual(Object.keys(deleted.body), [
    ...['recoveryId', 'deletedDate', 'scheduledPurgeDate', 'key', 'attributes', 'tags'],
  ]);
  const gone = await create(vault, { kty: 'EC' });
  assert.equal(gone.body.error.innererror.code, 'ObjectIsDeletedButRecoverable');
  const recovered = await vault.call('RecoverDeletedKey', { params, apiVersion: '7.5' });
  assert.deepEqual(recovered.body, latest.body);
  await vault.call('DeleteKey', { params });
  assert.equal((await vault.call('PurgeDeletedKey', { params })).status, 204);
  assert.equal((await recordsOf(vault).scan({ prefix: 'keys/', limit: 10 })).length, 0);
  assert.equal((await recordsOf(vault).scan({ prefix: 'due/', limit: 10 })).length, 0);
  const restored = await vault.call('RestoreKey', { body: { value: backup }, apiVersion: '7.5' });
  assert.deepEqual(restored.body, latest.body);
  const version = versionOf(first.body);
  const older = await vault.call('GetKey', { params: { name: 'k', version }, apiVersion: '7.5' });
  assert.deepEqual(older.body, first.body);
  const travelled = await vault.call('GetKeyRotationPolicy', { params });
  assert.equal(travelled.body.attributes.expiryTime, 'P90D');
  const asSecret = await vault.call('RestoreSecret', { body: { value: backup } });
  assert.equal(asSecret.body.error.code, 'Malformed backup blob');
});
