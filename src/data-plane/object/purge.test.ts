import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purgeDue, purgeJob } from '../purge-job.ts';
import { secretObjects } from '../secrets/secret-store.ts';
import { makeVault, openTestVault, recordsOf, type TestVault } from '../vault.fixture.ts';

const DAY_MS = 86_400_000;

async function setAndDelete(vault: TestVault, name: string): Promise<void> {
  await vault.call('SetSecret', { params: { name }, body: { value: 'v' } });
  await vault.call('DeleteSecret', { params: { name } });
}

/** All but events, which outlive what they tell of. */
const countRecords = async (vault: TestVault, name = 'contoso') => {
  const records = await recordsOf(vault, name).scan({ prefix: '', limit: 10_000 });
  return records.filter(({ path }) => !path.startsWith('event/')).length;
};

test('a deleted secret is purged at the end of its retention, not a second before', async () => {
  const vault = await openTestVault(makeVault({ softDeleteRetentionDays: 7 }));
  await setAndDelete(vault, 'db');
  vault.clock.advance(7 * DAY_MS - 1000);
  assert.equal(await purgeDue(vault, vault.clock.now()), 0);
  const params = { name: 'db' };
  assert.equal((await vault.call('GetDeletedSecret', { params })).status, 200);
  vault.clock.advance(1000);
  assert.equal(await purgeDue(vault, vault.clock.now()), 1);
  assert.equal((await vault.call('GetDeletedSecret', { params })).status, 404);
  assert.equal((await vault.call('RecoverDeletedSecret', { params })).status, 404);
  assert.equal(await countRecords(vault), 0, 'no record of it is left');
});

test('purge protection does not keep a secret beyond its retention', async () => {
  const vault = await openTestVault(makeVault({ enablePurgeProtection: true }));
  await setAndDelete(vault, 'db');
  vault.clock.advance(90 * DAY_MS);
  assert.equal(await purgeDue(vault, vault.clock.now()), 1);
  assert.equal(await countRecords(vault), 0);
});

test('a secret recovered in time is not purged, even if it is deleted once more', async () => {
  const vault = await openTestVault(makeVault({ softDeleteRetentionDays: 7 }));
  await setAndDelete(vault, 'db');
  vault.clock.advance(6 * DAY_MS);
  await vault.call('RecoverDeletedSecret', { params: { name: 'db' } });
  await vault.call('DeleteSecret', { params: { name: 'db' } });
  vault.clock.advance(6 * DAY_MS);
  assert.equal(await purgeDue(vault, vault.clock.now()), 0);
  vault.clock.advance(DAY_MS);
  assert.equal(await purgeDue(vault, vault.clock.now()), 1);
});

test('any number of secrets falls due together, in every vault, even late', async () => {
  const other = makeVault({ name: 'other', softDeleteRetentionDays: 7 });
  const vault = await openTestVault(makeVault({ softDeleteRetentionDays: 7 }), other);
  for (let i = 0; i < 230; i++) await setAndDelete(vault, `s${i}`);
  await vault.call('SetSecret', { params: { name: 'kept' }, body: { value: 'v' } });
  const inOther = { vault: 'other', params: { name: 'x' } };
  await vault.call('SetSecret', { ...inOther, body: { value: 'v' } });
  await vault.call('DeleteSecret', inOther);
  vault.clock.advance(1000 * DAY_MS);
  await purgeJob(vault).run(vault.clock.now());
  assert.equal(await countRecords(vault), 2, 'head and version of the one that was kept');
  assert.equal(await countRecords(vault, 'other'), 0);
});

test('a purge that was cut short is finished by the next sweep', async () => {
  const vault = await openTestVault();
  for (let i = 0; i < 450; i++) {
    await vault.call('SetSecret', { params: { name: 'db' }, body: { value: 'v' } });
  }
  await vault.call('DeleteSecret', { params: { name: 'db' } });
  const view = recordsOf(vault);
  await view.transact((transaction) => secretObjects.purge(transaction, 'db'));
  assert.equal((await vault.call('GetDeletedSecret', { params: { name: 'db' } })).status, 404);
  await vault.call('SetSecret', { params: { name: 'db' }, body: { value: 'new' } });
  assert.equal(await countRecords(vault), 450 + 1 + 2);
  await purgeDue(vault, vault.clock.now());
  assert.equal(await countRecords(vault), 2, 'the new secret of that name is not touched');
  const latest = await vault.call('GetSecret', { params: { name: 'db' } });
  assert.equal(latest.body.value, 'new');
});

test('objects of a soft-deleted vault reach the end of their retention as well', async () => {
  const record = makeVault({ softDeleteRetentionDays: 7 });
  const vault = await openTestVault(record);
  await setAndDelete(vault, 'db');
  await vault.putVault({ ...record, deleted: { deletedAtMs: 0, scheduledPurgeAtMs: 1 } });
  vault.clock.advance(8 * DAY_MS);
  assert.equal(await purgeDue(vault, vault.clock.now()), 1);
});
