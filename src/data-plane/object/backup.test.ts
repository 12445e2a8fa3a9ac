import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyErrors, secretErrors } from '#errors';
import { newGuid } from '#kernel';
import type { View } from '#storage';
import { secretObjects } from '../secrets/secret-store.ts';
import { makeVault, openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';
import { openBackup, readBackup, sealBackup } from './backup.ts';
import { geography } from './geography.ts';

const params = { name: 'db' };

async function makeBackup(vault: TestVault): Promise<string> {
  for (const value of ['1', '2']) {
    await vault.call('SetSecret', { params, body: { value, tags: { v: value } } });
    vault.clock.advance(1000);
  }
  return (await vault.call('BackupSecret', { params })).body.value;
}

const restore = (test: TestVault, value: string, vault = 'contoso') =>
  test.call('RestoreSecret', { vault, body: { value } });

const MALFORMED = [400, 'Malformed backup blob'];
const refusal = ({ status, body }: Awaited<ReturnType<typeof restore>>) => [
  status,
  body.error?.code,
];

test('a purged secret comes back from its backup with all it had', async () => {
  const vault = await openTestVault();
  const blob = await makeBackup(vault);
  const before = await vault.call('GetSecret', { params });
  const versions = await vault.call('GetSecretVersions', { params });
  await vault.call('DeleteSecret', { params });
  await vault.call('PurgeDeletedSecret', { params });
  vault.clock.advance(60_000);
  const restored = await restore(vault, blob);
  const { value, ...bundle } = before.body;
  assert.deepEqual([restored.status, restored.body], [200, bundle]);
  assert.deepEqual((await vault.call('GetSecret', { params })).body, before.body);
  assert.deepEqual((await vault.call('GetSecretVersions', { params })).body, versions.body);
});

test('a blob does not show what is in it', async () => {
  const vault = await openTestVault();
  await vault.call('SetSecret', { params, body: { value: 'very-secret-value' } });
  const { value } = (await vault.call('BackupSecret', { params })).body;
  assert.match(value, /^[\w-]+$/);
  assert.equal(Buffer.from(value, 'base64url').includes('very-secret-value'), false);
});

test('a name in use, live or deleted, is not restored over', async () => {
  const vault = await openTestVault();
  const blob = await makeBackup(vault);
  const live = await restore(vault, blob);
  assert.deepEqual(refusal(live), [409, 'Conflict']);
  assert.equal('innererror' in live.body.error, false);
  assert.ok(
    live.body.error.message.startsWith(
      "There was a conflict restoring the secret 'https://contoso.vault.example:8443/secrets/db'.",
    ),
  );
  await vault.call('DeleteSecret', { params });
  const deleted = await restore(vault, blob);
  assert.equal(deleted.body.error.innererror.code, 'ObjectIsDeletedButRecoverable');
});

test('a backup opens only in its subscription and geography', async () => {
  const vault = await openTestVault(
    makeVault(),
    makeVault({ name: 'sameplace', location: 'East US 2' }),
    makeVault({ name: 'europe', location: 'westeurope' }),
    makeVault({ name: 'elsewhere', subscriptionId: newGuid() }),
  );
  const blob = await makeBackup(vault);
  for (const name of ['europe', 'elsewhere']) {
    assert.deepEqual(refusal(await restore(vault, blob, name)), MALFORMED, name);
  }
  assert.equal((await restore(vault, blob, 'sameplace')).status, 200);
  const copy = { vault: 'sameplace', params };
  await vault.call('DeleteSecret', { params });
  assert.equal((await vault.call('GetSecret', copy)).body.value, '2', 'copies stand on their own');
});

test('a blob of another tenant, instance or kind of object is malformed', async () => {
  const vault = await openTestVault();
  const blob = await makeBackup(vault);
  const stolen = await openTestVault();
  assert.deepEqual(
    refusal(await restore(stolen, blob)),
    MALFORMED,
    'another instance has other keys',
  );
  const record = makeVault();
  const storage = vault.storage;
  const kind = { collection: 'keys', errors: keyErrors } as const;
  const backup = { name: 'db', currentVersion: '', versions: [], attachments: [] };
  const asKey = sealBackup({ storage, vault: record, kind }, backup);
  const answer = await restore(vault, asKey);
  assert.deepEqual(refusal(answer), MALFORMED);
  assert.equal(answer.body.error.message, 'Backup blob contains invalid or corrupt version.');
  const foreign = { storage, vault: { ...record, tenantId: newGuid() }, kind };
  assert.throws(() => openBackup(foreign, asKey), { message: 'Backup blob is corrupt.' });
});

test('one changed bit anywhere makes a blob malformed, and restores nothing', async () => {
  const vault = await openTestVault();
  const bytes = Buffer.from(await makeBackup(vault), 'base64url');
  await vault.call('DeleteSecret', { params });
  await vault.call('PurgeDeletedSecret', { params });
  const bit = fc.integer({ min: 0, max: bytes.length * 8 - 1 });
  await fc.assert(
    fc.asyncProperty(bit, async (at) => {
      const changed = Buffer.from(bytes);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      const answer = await restore(vault, changed.toString('base64url'));
      assert.deepEqual(refusal(answer), MALFORMED);
    }),
    { numRuns: 200 },
  );
  const cut = fc.integer({ min: 0, max: bytes.length - 1 });
  await fc.assert(
    fc.asyncProperty(cut, async (length) => {
      const answer = await restore(vault, bytes.subarray(0, length).toString('base64url'));
      assert.deepEqual(refusal(answer), MALFORMED);
    }),
    { numRuns: 50 },
  );
  assert.equal((await vault.call('GetSecret', { params })).status, 404);
});

test('garbage is told in the recorded words', async () => {
  const vault = await openTestVault();
  const message = async (value: string) => (await restore(vault, value)).body.error.message;
  assert.equal(await message('bm9uLWV4aXN0aW5n'), 'Backup blob is corrupt.');
  assert.equal(await message('A'.repeat(400)), 'Backup blob contains invalid or corrupt version.');
  for (const value of ['', '*', 'A', 'å', 'bm9u='.repeat(2)]) {
    assert.deepEqual(refusal(await restore(vault, value)), MALFORMED, value);
  }
  const missing = await vault.call('RestoreSecret', { body: {} });
  assert.deepEqual(refusal(missing), [400, 'BadParameter']);
});

test('a version that is added while a backup is read is in it, as its latest', async () => {
  const vault = await openTestVault();
  await makeBackup(vault);
  const view = recordsOf(vault);
  let reads = 0;
  const racing: View = {
    get: (path) => view.get(path),
    transact: (work) => view.transact(work),
    async scan(range) {
      const found = await view.scan<never>(range);
      reads += 1;
      if (reads === 1) await vault.call('SetSecret', { params, body: { value: 'late' } });
      return found;
    },
  };
  const { versions, currentVersion } = await readBackup(secretObjects, racing, 'db');
  assert.deepEqual(versions.map(({ content }) => content.value).toSorted(), ['1', '2', 'late']);
  const latest = versions.find(({ header }) => header.version === currentVersion);
  assert.equal(latest?.content.value, 'late');
});

test('a secret deleted while its backup is read, is not in it', async () => {
  const vault = await openTestVault();
  await makeBackup(vault);
  const view = recordsOf(vault);
  const racing: View = {
    get: (path) => view.get(path),
    transact: (work) => view.transact(work),
    async scan(range) {
      const found = await view.scan<never>(range);
      await vault.call('DeleteSecret', { params });
      return found;
    },
  };
  await assert.rejects(readBackup(secretObjects, racing, 'db'), { status: 404 });
});

test('a backup without the version that it calls its latest is malformed', async () => {
  const vault = await openTestVault();
  const seal = {
    ...{ storage: vault.storage, vault: makeVault() },
    kind: { collection: 'secrets', errors: secretErrors } as const,
  };
  const backup = { name: 'db', currentVersion: 'a'.repeat(32), versions: [], attachments: [] };
  const answer = await restore(vault, sealBackup(seal, backup));
  assert.deepEqual(refusal(answer), MALFORMED);
  assert.equal((await vault.call('GetSecret', { params })).status, 404);
});

test('blobs that end within or right after their label are corrupt', async () => {
  const vault = await openTestVault();
  const blob = Buffer.from(await makeBackup(vault), 'base64url');
  const label = blob[0] ?? 0;
  for (const length of [1, 2, label, label + 1, label + 2]) {
    const { status, body } = await restore(vault, blob.toString('base64url', 0, length));
    assert.deepEqual([status, body.error.code], MALFORMED, String(length));
  }
  const longest = Buffer.from(blob);
  longest[0] = 255;
  assert.deepEqual(refusal(await restore(vault, longest.toString('base64url'))), MALFORMED);
});

test('a backup of a key brings back its rotation policy', async () => {
  const vault = await openTestVault();
  const key = { params: { name: 'turning' } };
  await vault.call('CreateKey', { ...key, body: { kty: 'EC' } });
  const action = { trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } };
  const set = await vault.call('UpdateKeyRotationPolicy', {
    ...{ ...key, body: { lifetimeActions: [action] } },
  });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const blob = (await vault.call('BackupKey', key)).body.value;
  await vault.call('DeleteKey', key);
  await vault.call('PurgeDeletedKey', key);
  assert.equal((await vault.call('RestoreKey', { body: { value: blob } })).status, 200);
  const { body } = await vault.call('GetKeyRotationPolicy', key);
  assert.deepEqual(body, set.body);
});

test('500 versions can be backed up, 501 cannot', async () => {
  const vault = await openTestVault();
  const set = () => vault.call('SetSecret', { params, body: { value: '' } });
  for (let i = 0; i < 500; i++) await set();
  const full = await vault.call('BackupSecret', { params });
  assert.equal(full.status, 200);
  await set();
  const refused = await vault.call('BackupSecret', { params });
  assert.deepEqual([refused.status, refused.body.error.code], [400, 'BadParameter']);
  await vault.call('DeleteSecret', { params });
  await vault.call('PurgeDeletedSecret', { params });
  assert.equal((await restore(vault, full.body.value)).status, 200);
});

test('locations are the same in any spelling, and unknown ones are places of their own', () => {
  assert.equal(geography('West US 3'), geography('eastus'));
  assert.notEqual(geography('westeurope'), geography('westus'));
  assert.equal(geography('My Basement'), 'mybasement');
  assert.equal(geography('__proto__'), '__proto__');
});
