import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeVault, openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';
import { secretObjects } from './secret-store.ts';

const ID = /^https:\/\/contoso\.vault\.example:8443\/secrets\/db\/[0-9a-f]{32}$/;

const set = (vault: TestVault, name: string, body: object) =>
  vault.call('SetSecret', { params: { name }, body });
const get = (vault: TestVault, name: string, version = '') =>
  vault.call('GetSecret', { params: { name, version } });
const versionOf = (body: { id: string }) => body.id.split('/').at(-1) ?? '';

test('a secret that was set is got back as it was, latest and by version', async () => {
  const vault = await openTestVault();
  const made = await set(vault, 'db', {
    value: 'päss🔑',
    contentType: 'text/plain',
    tags: { team: 'a' },
    attributes: { nbf: 1, exp: 2, enabled: true },
  });
  assert.equal(made.status, 200);
  assert.match(made.body.id, ID);
  assert.deepEqual(Object.keys(made.body), ['value', 'contentType', 'id', 'attributes', 'tags']);
  assert.deepEqual(made.body.attributes, {
    enabled: true,
    nbf: 1,
    exp: 2,
    created: Date.UTC(2026, 0, 1) / 1000,
    updated: Date.UTC(2026, 0, 1) / 1000,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  });
  assert.deepEqual((await get(vault, 'db')).body, made.body);
  assert.deepEqual((await get(vault, 'db', versionOf(made.body))).body, made.body);
  assert.deepEqual((await get(vault, 'DB', versionOf(made.body).toUpperCase())).body, made.body);
});

test('every set makes a new version and older ones stay readable', async () => {
  const vault = await openTestVault();
  const first = await set(vault, 'db', { value: '1' });
  const second = await set(vault, 'db', { value: '2' });
  assert.equal((await get(vault, 'db')).body.value, '2');
  assert.equal((await get(vault, 'db', versionOf(first.body))).body.value, '1');
  assert.equal(first.body.previousVersion, undefined);
  assert.equal(second.body.previousVersion, versionOf(first.body));
  const older = await vault.call('GetSecret', { params: { name: 'db' }, apiVersion: '7.6' });
  assert.equal('previousVersion' in older.body, false, 'came with 2025-07-01');
});

test('getting the latest version costs two record reads', async () => {
  const vault = await openTestVault();
  await set(vault, 'db', { value: '1' });
  const view = recordsOf(vault);
  let reads = 0;
  const counting = {
    get: <T>(path: string): Promise<T | undefined> => {
      reads += 1;
      return view.get<T>(path);
    },
    scan: () => assert.fail('scans'),
  };
  await secretObjects.load(counting, 'db', '');
  assert.equal(reads, 2);
});

test('an expired or not yet valid secret is still handed out: its times only inform', async () => {
  const vault = await openTestVault();
  await set(vault, 'old', { value: 'x', attributes: { exp: 1 } });
  await set(vault, 'new', { value: 'y', attributes: { nbf: 4_000_000_000 } });
  assert.equal((await get(vault, 'old')).body.value, 'x');
  assert.equal((await get(vault, 'new')).body.value, 'y');
});

test('a disabled secret is listed and can be updated, but its value stays in', async () => {
  const vault = await openTestVault();
  await set(vault, 'db', { value: 'hidden', attributes: { enabled: false } });
  const refused = await get(vault, 'db');
  assert.equal(refused.status, 403);
  assert.deepEqual(refused.body.error, {
    code: 'Forbidden',
    message: 'Operation get is not allowed on a disabled secret.',
    innererror: { code: 'SecretDisabled' },
  });
  assert.equal((await vault.call('GetSecrets')).body.value.length, 1);
  await vault.call('DeleteSecret', { params: { name: 'db' } });
  const deleted = await vault.call('GetDeletedSecret', { params: { name: 'db' } });
  assert.equal(deleted.body.error.innererror.code, 'SecretDisabled', 'recorded: deleted ones too');
  await vault.call('RecoverDeletedSecret', { params: { name: 'db' } });
  const enabled = { attributes: { enabled: true } };
  await vault.call('UpdateSecret', { params: { name: 'db' }, body: enabled });
  assert.equal((await get(vault, 'db')).body.value, 'hidden');
});

test('an update changes what it names in one version, and nothing else', async () => {
  const vault = await openTestVault();
  const first = await set(vault, 'db', { value: '1', tags: { a: '1' }, attributes: { exp: 9 } });
  await set(vault, 'db', { value: '2' });
  vault.clock.advance(5000);
  const version = versionOf(first.body);
  const changed = await vault.call('UpdateSecret', {
    params: { name: 'db', version },
    body: { contentType: 'x', attributes: { nbf: 3, enabled: null } },
  });
  assert.equal(changed.status, 200);
  assert.equal('value' in changed.body, false);
  assert.equal(changed.body.contentType, 'x');
  assert.deepEqual(changed.body.tags, { a: '1' });
  const { created, updated, nbf, exp } = changed.body.attributes;
  assert.deepEqual({ nbf, exp, age: updated - created }, { nbf: 3, exp: 9, age: 5 });
  assert.equal((await get(vault, 'db')).body.contentType, undefined, 'the latest is untouched');
  assert.equal((await get(vault, 'db', version)).body.value, '1');
});

test('an update replaces all tags by those sent, even by none', async () => {
  const vault = await openTestVault();
  await set(vault, 'db', { value: '1', tags: { a: '1', b: '2' } });
  const params = { name: 'db' };
  const some = await vault.call('UpdateSecret', { params, body: { tags: { c: '3' } } });
  assert.deepEqual(some.body.tags, { c: '3' });
  const none = await vault.call('UpdateSecret', { params, body: { tags: {} } });
  assert.deepEqual(none.body.tags, {});
  const item = (await vault.call('GetSecrets')).body.value[0];
  assert.deepEqual(item.tags, {}, 'lists show the latest version as it is now');
});

test('a secret that is not there is not found, in the words clients look for', async () => {
  const vault = await openTestVault();
  const text = (id: string) =>
    `A secret with (name/id) ${id} was not found in this key vault. If you recently deleted this ` +
    'secret you may be able to recover it using the correct recovery command. For help resolving ' +
    'this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182';
  await set(vault, 'there', { value: '1' });
  const unknown = 'f'.repeat(32);
  for (const [id, params] of [
    ['GetSecret', { name: 'none' }],
    ['GetSecret', { name: 'there', version: unknown }],
    ['GetSecret', { name: 'there', version: 'not-a-version' }],
    ['DeleteSecret', { name: 'none' }],
    ['BackupSecret', { name: 'none' }],
    ['RecoverDeletedSecret', { name: 'none' }],
  ] as const) {
    const { status, body } = await vault.call(id, { params });
    const name = 'version' in params ? `${params.name}/${params.version}` : params.name;
    assert.deepEqual([status, body.error], [404, { code: 'SecretNotFound', message: text(name) }]);
  }
  const update = await vault.call('UpdateSecret', { params: { name: 'none' }, body: {} });
  assert.equal(update.body.error.code, 'SecretNotFound');
  for (const id of ['GetDeletedSecret', 'PurgeDeletedSecret']) {
    const { status, body } = await vault.call(id, { params: { name: 'none' } });
    const error = { code: 'SecretNotFound', message: 'Deleted Secret not found: none' };
    assert.deepEqual([status, body.error], [404, error]);
  }
  const versions = await vault.call('GetSecretVersions', { params: { name: 'none' } });
  assert.deepEqual(versions.body, { value: [], nextLink: null });
});

test('deleting says when it will be purged and how to recover, and shows no value', async () => {
  const vault = await openTestVault(makeVault({ softDeleteRetentionDays: 7 }));
  await set(vault, 'db', { value: '1', contentType: 't', tags: { a: 'b' } });
  const deleted = await vault.call('DeleteSecret', { params: { name: 'db' } });
  assert.equal(deleted.status, 200);
  assert.deepEqual(Object.keys(deleted.body), [
    ...['recoveryId', 'deletedDate', 'scheduledPurgeDate', 'contentType', 'id'],
    ...['attributes', 'tags'],
  ]);
  assert.equal(deleted.body.recoveryId, 'https://contoso.vault.example:8443/deletedsecrets/db');
  assert.equal(deleted.body.scheduledPurgeDate - deleted.body.deletedDate, 7 * 86_400);
  assert.equal(deleted.body.attributes.recoveryLevel, 'CustomizedRecoverable+Purgeable');
  assert.match(deleted.body.id, ID);
  const shown = await vault.call('GetDeletedSecret', { params: { name: 'db' } });
  assert.deepEqual(shown.body, deleted.body);
  const [item] = (await vault.call('GetDeletedSecrets')).body.value;
  const { id, ...rest } = deleted.body;
  assert.deepEqual(item, { ...rest, id: id.slice(0, id.lastIndexOf('/')) });
  assert.equal((await get(vault, 'db')).status, 404);
  assert.equal((await get(vault, 'db', versionOf(deleted.body))).status, 404);
  assert.deepEqual((await vault.call('GetSecrets')).body.value, []);
});

test('a deleted secret keeps its name until it is recovered or purged', async () => {
  const vault = await openTestVault();
  const params = { name: 'db' };
  const first = await set(vault, 'db', { value: '1' });
  await vault.call('DeleteSecret', { params });
  const taken = await set(vault, 'DB', { value: '2' });
  assert.equal(taken.status, 409);
  assert.equal(taken.body.error.code, 'Conflict');
  assert.equal(taken.body.error.innererror.code, 'ObjectIsDeletedButRecoverable');
  const recovered = await vault.call('RecoverDeletedSecret', { params });
  assert.equal(recovered.status, 200);
  assert.equal('value' in recovered.body || 'deletedDate' in recovered.body, false);
  assert.equal((await get(vault, 'db', versionOf(first.body))).body.value, '1');
  await vault.call('DeleteSecret', { params });
  const purged = await vault.call('PurgeDeletedSecret', { params });
  assert.deepEqual([purged.status, purged.body], [204, undefined]);
  assert.equal((await vault.call('RecoverDeletedSecret', { params })).status, 404);
  assert.equal((await set(vault, 'db', { value: '3' })).status, 200);
  assert.equal((await get(vault, 'db', versionOf(first.body))).status, 404, 'no trace of the old');
  const versions = await vault.call('GetSecretVersions', { params });
  assert.equal(versions.body.value.length, 1);
});

test('a live secret can be neither recovered nor purged', async () => {
  const vault = await openTestVault();
  await set(vault, 'db', { value: '1' });
  const recover = await vault.call('RecoverDeletedSecret', { params: { name: 'db' } });
  assert.equal(recover.status, 400);
  assert.deepEqual(recover.body.error, {
    code: 'MethodNotAllowed',
    message: 'Secret exists already: db',
    innererror: { code: 'RequestNotAllowedOnNonDeletedObject' },
  });
  const purge = await vault.call('PurgeDeletedSecret', { params: { name: 'db' } });
  assert.equal(purge.status, 400);
  assert.equal(purge.body.error.innererror.code, 'ObjectMustBeDeletedPriorToBeingPurged');
  assert.equal((await get(vault, 'db')).body.value, '1');
});

test('purge protection lets no one purge', async () => {
  const vault = await openTestVault(makeVault({ enablePurgeProtection: true }));
  const made = await set(vault, 'db', { value: '1' });
  assert.equal(made.body.attributes.recoveryLevel, 'Recoverable');
  await vault.call('DeleteSecret', { params: { name: 'db' } });
  const refused = await vault.call('PurgeDeletedSecret', { params: { name: 'db' } });
  assert.equal(refused.status, 403);
  assert.equal(refused.body.error.code, 'Forbidden');
  assert.equal('innererror' in refused.body.error, false);
  assert.match(refused.body.error.message, /^Operation "purge" is not allowed because purge/);
  assert.equal((await vault.call('GetDeletedSecret', { params: { name: 'db' } })).status, 200);
});

test("a certificate's secret can be read, and changed only through the certificate", async () => {
  const vault = await openTestVault();
  const view = recordsOf(vault);
  const version = 'a'.repeat(32);
  await view.transact((transaction) =>
    secretObjects.add(transaction, {
      name: 'tls',
      version,
      managed: true,
      attributes: { enabled: true },
      tags: undefined,
      listed: { contentType: 'application/x-pkcs12' },
      content: { value: 'UEZY', certificateKey: `tls/${version}` },
      nowSeconds: 1,
    }),
  );
  const shown = await get(vault, 'tls');
  assert.equal(shown.body.managed, true);
  assert.equal(shown.body.kid, `https://contoso.vault.example:8443/keys/tls/${version}`);
  assert.equal((await vault.call('GetSecrets')).body.value[0].managed, true);
  const params = { name: 'tls' };
  for (const [id, operation, body] of [
    ['SetSecret', 'set', { value: 'x' }],
    ['UpdateSecret', 'update', { tags: {} }],
    ['DeleteSecret', 'delete', undefined],
    ['BackupSecret', 'backup', undefined],
  ] as const) {
    const refused = await vault.call(id, { params, body });
    assert.equal(refused.status, 403, id);
    assert.equal(refused.body.error.innererror.code, 'SecretManagedByKeyVault');
    assert.ok(refused.body.error.message.startsWith(`Operation "${operation}" is not allowed`));
  }
  assert.deepEqual((await get(vault, 'tls')).body, shown.body);
  const retention = { nowSeconds: 2, retentionDays: 7 };
  await view.transact((transaction) => secretObjects.remove(transaction, 'tls', retention));
  for (const id of ['RecoverDeletedSecret', 'PurgeDeletedSecret']) {
    const refused = await vault.call(id, { params });
    assert.equal(refused.body.error.innererror.code, 'SecretManagedByKeyVault');
  }
});

test('outContentType converts nothing but a PFX, and is new with 2025-07-01', async () => {
  const vault = await openTestVault();
  await set(vault, 'db', { value: '1', contentType: 'text/plain' });
  const ask = (outContentType: string, apiVersion?: string) =>
    vault.call('GetSecret', {
      params: { name: 'db' },
      query: { outContentType },
      ...(apiVersion && { apiVersion }),
    });
  const refused = await ask('application/x-pem-file');
  assert.equal(refused.status, 400);
  assert.equal(
    refused.body.error.message,
    "The 'Unsupported' to 'PEM' transformation is not supported. " +
      'Only PFX to PEM transformation is supported.',
  );
  assert.equal((await ask('image/png')).body.error.code, 'BadParameter');
  assert.equal((await ask('application/x-pem-file', '7.6')).status, 200);
});
