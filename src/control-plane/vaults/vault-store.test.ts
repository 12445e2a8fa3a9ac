import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purgeDueVaults } from '../deleted-vaults/purge-due-vaults.ts';
import { GROUP, openTestManagement, SUB, VAULT, vaultBody } from '../management.fixture.ts';
import { purgeVault } from './vault-store.ts';

const OTHER = `${SUB}/resourceGroups/other`;
const ELSEWHERE = VAULT.replace(GROUP, OTHER);
const DELETED = `${SUB}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/contoso`;
const recovery = { body: vaultBody({ createMode: 'recover' }) };
const group = { body: { location: 'westeurope' } };
const outcome = (answer: { status: number; body: { error?: { code: string } } }) => [
  answer.status,
  answer.body?.error?.code,
];

async function openDeleted() {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', OTHER, group);
  await arm.send('DELETE', VAULT);
  const { storage, resources } = arm;
  return { arm, input: { storage, resources } };
}

test('a vault that went with its group is recovered only into that group, made again', async () => {
  const { arm } = await openDeleted();
  await arm.send('DELETE', GROUP);
  assert.deepEqual(outcome(await arm.send('PUT', VAULT, recovery)), [404, 'ResourceGroupNotFound']);
  const elsewhere = await arm.send('PUT', ELSEWHERE, recovery);
  assert.deepEqual(outcome(elsewhere), [409, 'VaultAlreadyExists']);
  assert.equal(arm.resources.liveVault('contoso'), undefined);
  await arm.send('PUT', GROUP, group);
  assert.equal((await arm.send('PUT', VAULT.toUpperCase(), recovery)).status, 200);
  assert.equal(arm.resources.liveVault('contoso')?.resourceGroup, 'group');
});

test('a deleted vault is neither read, changed, given policies nor deleted again', async () => {
  const { arm } = await openDeleted();
  const before = arm.resources.vault('contoso');
  const policies = { body: { properties: { accessPolicies: [] } } };
  assert.deepEqual(outcome(await arm.send('GET', VAULT)), [404, 'ResourceNotFound']);
  const patched = await arm.send('PATCH', VAULT, { body: { tags: { a: 'b' } } });
  assert.deepEqual(outcome(patched), [404, 'ResourceNotFound']);
  for (const kind of ['add', 'replace', 'remove']) {
    const changed = await arm.send('PUT', `${VAULT}/accessPolicies/${kind}`, policies);
    assert.deepEqual(outcome(changed), [404, 'ResourceNotFound'], kind);
  }
  assert.equal((await arm.send('DELETE', VAULT)).status, 204);
  assert.deepEqual(arm.resources.vault('contoso'), before);
});

test('its owner is told to recover a deleted vault, in whichever group he asks', async () => {
  const { arm } = await openDeleted();
  for (const path of [VAULT, ELSEWHERE]) {
    const answer = await arm.send('PUT', path, { body: vaultBody() });
    assert.deepEqual(outcome(answer), [409, 'ConflictError'], path);
  }
});

test('policies are changed at the vault’s own address only', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', OTHER, group);
  const policies = { body: { properties: { accessPolicies: [] } } };
  const wrong = await arm.send('PUT', `${ELSEWHERE}/accessPolicies/replace`, policies);
  assert.deepEqual(outcome(wrong), [404, 'ResourceNotFound']);
  assert.equal((await arm.send('PUT', ELSEWHERE, recovery)).status, 409);
  assert.equal((await arm.send('DELETE', ELSEWHERE)).status, 204);
  assert.ok(arm.resources.liveVault('contoso'));
});

test('a purge that was decided on a vault does not take a later one of its name', async () => {
  const { arm, input } = await openDeleted();
  const old = arm.resources.vault('contoso');
  assert.ok(old);
  assert.equal((await arm.send('POST', `${DELETED}/purge`)).status, 202);
  await arm.send('PUT', VAULT, { body: vaultBody() });
  assert.equal(await purgeVault(input, old), false, 'the later one lives');
  await arm.send('DELETE', VAULT);
  assert.equal(await purgeVault(input, old), false, 'the later one is deleted');
  assert.notEqual(arm.resources.vault('contoso')?.uid, old.uid);
});

test('a purge that was decided on a vault does not take it when it is recovered', async () => {
  const { arm, input } = await openDeleted();
  const deleted = arm.resources.vault('contoso');
  assert.ok(deleted);
  await arm.send('PUT', VAULT, recovery);
  assert.equal(await purgeVault(input, deleted), false);
  assert.ok(arm.resources.liveVault('contoso'));
  const far = arm.clock.now() + 1000 * 86_400_000;
  assert.equal(await purgeDueVaults(input, far), 0, 'what lives is never due');
  assert.ok(arm.resources.liveVault('contoso'));
});

test('protection that is turned on late protects what is deleted later', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const body = { properties: { enablePurgeProtection: true } };
  assert.equal((await arm.send('PATCH', VAULT, { body })).status, 200);
  await arm.send('DELETE', VAULT);
  const shown = await arm.send('GET', DELETED);
  assert.equal(shown.body.properties.purgeProtectionEnabled, true);
  const refused = await arm.send('POST', `${DELETED}/purge`);
  assert.deepEqual(outcome(refused), [405, 'MethodNotAllowed']);
  await arm.send('PUT', VAULT, recovery);
  assert.equal((await arm.send('GET', VAULT)).body.properties.enablePurgeProtection, true);
});
