import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemGrant } from '#authorization';
import { vaultPartition } from '#storage';
import { purgeDueVaults } from '../deleted-vaults/purge-due-vaults.ts';
import {
  GROUP,
  openTestManagement,
  SUB,
  SUBSCRIPTION,
  TENANT,
  VAULT,
  vaultBody,
} from '../management.fixture.ts';

const DELETED = `${SUB}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/contoso`;
const OBJECT_ID = '99999999-9999-4999-8999-999999999999';
const policy = (permissions: object, extra: object = {}) => ({
  tenantId: TENANT,
  objectId: OBJECT_ID,
  permissions,
  ...extra,
});

test('a new vault is answered as Azure answers it', async () => {
  const arm = await openTestManagement();
  const created = await arm.createVault();
  assert.equal(created.status, 200);
  assert.equal(created.body.id, VAULT);
  assert.equal(created.body.type, 'Microsoft.KeyVault/vaults');
  assert.deepEqual(created.body.tags, {});
  assert.deepEqual(created.body.properties.sku, { family: 'A', name: 'standard' });
  assert.equal(created.body.properties.vaultUri, 'https://contoso.vault.example:8443');
  assert.equal(created.body.properties.enableSoftDelete, true);
  assert.equal(created.body.properties.softDeleteRetentionInDays, 90);
  assert.equal(created.body.properties.publicNetworkAccess, 'Enabled');
  assert.equal('enablePurgeProtection' in created.body.properties, false);
  assert.equal('createMode' in created.body.properties, false);
  assert.equal(created.body.systemData.createdByType, 'Application');
  const read = await arm.send('GET', VAULT);
  assert.equal(read.body.properties.vaultUri, 'https://contoso.vault.example:8443/');
});

test('roles are the default from 2026-02-01 on; an update never flips it', async () => {
  const arm = await openTestManagement();
  assert.equal((await arm.createVault()).body.properties.enableRbacAuthorization, true);
  const older = await arm.send('PUT', `${VAULT}2`, { body: vaultBody(), version: '2023-07-01' });
  assert.equal(older.body.properties.enableRbacAuthorization, false);
  const again = await arm.send('PUT', `${VAULT}2`, { body: vaultBody() });
  assert.equal(again.body.properties.enableRbacAuthorization, false);
});

test('only who may assign roles there changes how access to a vault is decided', async () => {
  const arm = await openTestManagement();
  await arm.createVault({ enableRbacAuthorization: true });
  const writer = await arm.newPrincipal();
  await arm.assign(writer.objectId, 'Contributor', SUB);
  const own = { tenantId: TENANT, objectId: writer.objectId, permissions: { secrets: ['get'] } };
  const properties = { enableRbacAuthorization: false, accessPolicies: [own] };
  for (const [method, body] of [
    ['PATCH', { properties }],
    ['PUT', vaultBody(properties)],
  ] as const) {
    const { status, body: answer } = await arm.send(method, VAULT, { body, as: writer });
    assert.equal(status, 400, method);
    assert.equal(answer.error.code, 'InsufficientPermissions');
  }
  const { body: kept } = await arm.send('GET', VAULT);
  assert.equal(kept.properties.enableRbacAuthorization, true);
  assert.deepEqual(kept.properties.accessPolicies, []);
  const same = { body: { properties: { enableRbacAuthorization: true } }, as: writer };
  assert.equal((await arm.send('PATCH', VAULT, same)).status, 200, 'nothing changes');
  await arm.assign(writer.objectId, 'User Access Administrator', VAULT);
  const changed = await arm.send('PATCH', VAULT, { body: { properties }, as: writer });
  assert.equal(changed.body.properties.enableRbacAuthorization, false);
  const back = { body: { properties: { enableRbacAuthorization: true } } };
  const stranger = await arm.newPrincipal();
  await arm.assign(stranger.objectId, 'Key Vault Contributor', VAULT);
  assert.equal((await arm.send('PATCH', VAULT, { ...back, as: stranger })).status, 400);
});

test('vault names follow the rule of 3 to 24 characters', async (t) => {
  const arm = await openTestManagement();
  await arm.createVault();
  const vaults = VAULT.slice(0, VAULT.lastIndexOf('/'));
  const table: [string, boolean][] = [
    ['abc', true],
    ['a-1', true],
    [`a${'b'.repeat(23)}`, true],
    [`a${'b'.repeat(24)}`, false],
    ['ab', false],
    ['1ab', false],
    ['-ab', false],
    ['ab-', false],
    ['a--b', false],
    ['a_b', false],
    ['a.b', false],
    ['aéb', false],
  ];
  for (const [name, ok] of table) {
    await t.test(name, async () => {
      const { status, body } = await arm.send('PUT', `${vaults}/${encodeURIComponent(name)}`, {
        body: vaultBody(),
      });
      assert.equal(status, ok ? 200 : 400);
      if (!ok) assert.equal(body.error.code, 'VaultNameNotValid');
    });
  }
});

test('a vault name is taken everywhere, in any case, also while it is soft-deleted', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', `${SUB}/resourceGroups/other`, { body: { location: 'westeurope' } });
  const elsewhere = `${SUB}/resourceGroups/other/providers/Microsoft.KeyVault/vaults/CONTOSO`;
  const taken = await arm.send('PUT', elsewhere, { body: vaultBody() });
  assert.deepEqual([taken.status, taken.body.error.code], [409, 'VaultAlreadyExists']);
  const check = { body: { name: 'Contoso', type: 'Microsoft.KeyVault/vaults' } };
  const path = `${SUB}/providers/Microsoft.KeyVault/checkNameAvailability`;
  assert.equal((await arm.send('POST', path, check)).body.reason, 'AlreadyExists');
  assert.equal((await arm.send('DELETE', VAULT)).status, 200);
  assert.equal((await arm.send('POST', path, check)).body.nameAvailable, false);
  const deleted = await arm.send('PUT', VAULT, { body: vaultBody() });
  assert.deepEqual([deleted.status, deleted.body.error.code], [409, 'ConflictError']);
  const invalid = await arm.send('POST', path, { body: { name: 'x' } });
  assert.equal(invalid.body.reason, 'AccountNameInvalid');
});

test('a vault is not reached through another resource group', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', `${SUB}/resourceGroups/other`, { body: { location: 'westeurope' } });
  const wrong = `${SUB}/resourceGroups/other/providers/Microsoft.KeyVault/vaults/contoso`;
  assert.equal((await arm.send('GET', wrong)).body.error.code, 'ResourceNotFound');
  assert.equal((await arm.send('PATCH', wrong, { body: { tags: { a: 'b' } } })).status, 404);
  assert.equal((await arm.send('DELETE', wrong)).status, 204);
  assert.equal((await arm.send('GET', VAULT)).status, 200);
});

test('a vault needs its resource group', async () => {
  const arm = await openTestManagement();
  const answer = await arm.send('PUT', VAULT, { body: vaultBody() });
  assert.deepEqual([answer.status, answer.body.error.code], [404, 'ResourceGroupNotFound']);
});

test('purge protection, soft delete, retention and location stay', async (t) => {
  const arm = await openTestManagement();
  await arm.createVault({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
  const refused: [string, Record<string, unknown>][] = [
    ['purge protection', { enablePurgeProtection: false }],
    ['soft delete', { enableSoftDelete: false }],
    ['retention', { softDeleteRetentionInDays: 8 }],
  ];
  for (const [name, properties] of refused) {
    await t.test(name, async () => {
      assert.equal((await arm.send('PATCH', VAULT, { body: { properties } })).status, 400);
      assert.equal((await arm.send('PUT', VAULT, { body: vaultBody(properties) })).status, 400);
    });
  }
  const moved = await arm.send('PUT', VAULT, { body: { ...vaultBody(), location: 'eastus' } });
  assert.equal(moved.body.error.code, 'InvalidResourceLocation');
  const put = await arm.send('PUT', VAULT, { body: vaultBody() });
  assert.equal(put.body.properties.enablePurgeProtection, true);
  assert.equal(put.body.properties.softDeleteRetentionInDays, 7);
});

test('purge protection cannot even be asked for as false on a new vault', async () => {
  const arm = await openTestManagement();
  assert.equal((await arm.createVault({ enablePurgeProtection: false })).status, 400);
});

test('retention is 7 to 90 days', async () => {
  const arm = await openTestManagement();
  for (const days of [6, 91, 7.5, -1]) {
    const { status } = await arm.createVault({ softDeleteRetentionInDays: days });
    assert.equal(status, 400, String(days));
  }
});

test('a PUT that leaves out the firewall does not lift it', async () => {
  const arm = await openTestManagement();
  const networkAcls = { defaultAction: 'Deny', ipRules: [{ value: '198.51.100.7' }] };
  await arm.createVault({ networkAcls, publicNetworkAccess: 'disabled' });
  const { body } = await arm.send('PUT', VAULT, { body: vaultBody() });
  assert.equal(body.properties.publicNetworkAccess, 'Disabled');
  assert.deepEqual(body.properties.networkAcls, {
    bypass: 'AzureServices',
    defaultAction: 'Deny',
    ipRules: [{ value: '198.51.100.7/32' }],
    virtualNetworkRules: [],
  });
});

test('PATCH changes what it names and nothing else', async () => {
  const arm = await openTestManagement();
  const accessPolicies = [policy({ secrets: ['get'] })];
  await arm.createVault({ enabledForDeployment: true, accessPolicies });
  const { body } = await arm.send('PATCH', VAULT, {
    body: { tags: { team: 'red' }, properties: { sku: { name: 'Premium' } } },
  });
  assert.deepEqual(body.tags, { team: 'red' });
  assert.equal(body.properties.sku.name, 'premium');
  assert.equal(body.properties.enabledForDeployment, true);
  assert.deepEqual(body.properties.accessPolicies, accessPolicies);
  assert.equal((await arm.send('PATCH', VAULT)).status, 200);
  assert.equal((await arm.send('PATCH', `${VAULT}x`, { body: {} })).status, 404);
});

test('another tenant is refused, for the vault and for an access policy', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const foreign = '77777777-7777-4777-8777-777777777777';
  const put = await arm.send('PUT', `${VAULT}2`, { body: vaultBody({ tenantId: foreign }) });
  assert.equal(put.status, 400);
  const accessPolicies = [policy({ secrets: ['get'] }, { tenantId: foreign })];
  const patch = await arm.send('PATCH', VAULT, { body: { properties: { accessPolicies } } });
  assert.equal(patch.status, 400);
});

test('unknown permissions, duplicates and ids that are none are refused', async () => {
  const arm = await openTestManagement();
  const lists = [
    [policy({ secrets: ['steal'] })],
    [policy({ keys: ['set'] })],
    [policy({}), policy({})],
    [policy({}, { objectId: 'someone' })],
    [policy({}, { applicationId: 'some-app' })],
    Array.from({ length: 1025 }, (_item, n) =>
      policy({}, { objectId: `99999999-9999-4999-8999-${String(n).padStart(12, '0')}` }),
    ),
  ];
  for (const accessPolicies of lists) {
    const { status, body } = await arm.createVault({ accessPolicies });
    assert.equal(status, 400);
    assert.match(body.error.message, /accessPolicies/);
  }
});

test('access policies: add is a union, remove a difference, replace a replacement', async () => {
  const arm = await openTestManagement();
  await arm.createVault({ accessPolicies: [policy({ secrets: ['get', 'list'] })] });
  const change = async (kind: string, permissions: object) => {
    const properties = { accessPolicies: [policy(permissions)] };
    const answer = await arm.send('PUT', `${VAULT}/accessPolicies/${kind}`, {
      body: { properties },
    });
    return answer.body?.properties?.accessPolicies;
  };
  assert.deepEqual(await change('add', { secrets: ['Get', 'set'], keys: ['get'] }), [
    policy({ keys: ['get'], secrets: ['get', 'list', 'set'] }),
  ]);
  assert.deepEqual(await change('remove', { secrets: ['LIST'], keys: ['get'] }), [
    policy({ secrets: ['get', 'set'] }),
  ]);
  assert.deepEqual(await change('replace', { certificates: ['all'] }), [
    policy({ certificates: ['all'] }),
  ]);
  assert.deepEqual(await change('remove', { certificates: ['all'] }), []);
  assert.deepEqual(await change('remove', { certificates: ['all'] }), []);
  const unknown = await arm.send('PUT', `${VAULT}/accessPolicies/wipe`, {
    body: { properties: { accessPolicies: [] } },
  });
  assert.equal(unknown.status, 400);
});

test('an entry for a user through an application is another entry', async () => {
  const arm = await openTestManagement();
  const applicationId = '88888888-8888-4888-8888-888888888888';
  const accessPolicies = [policy({ keys: ['get'] }), policy({ keys: ['list'] }, { applicationId })];
  const { body } = await arm.createVault({ accessPolicies });
  assert.equal(body.properties.accessPolicies.length, 2);
  const removed = await arm.send('PUT', `${VAULT}/accessPolicies/remove`, {
    body: { properties: { accessPolicies: [policy({ keys: ['get', 'list'] })] } },
  });
  assert.deepEqual(removed.body.properties.accessPolicies, [accessPolicies[1]]);
});

test('a deleted vault is recovered as it was, without its role assignments', async () => {
  const arm = await openTestManagement();
  const accessPolicies = [policy({ secrets: ['get'] })];
  await arm.createVault({ accessPolicies });
  const { uid } = arm.resources.vault('contoso') ?? {};
  await arm.assign(OBJECT_ID, 'Key Vault Secrets User', VAULT);
  await arm.assign(OBJECT_ID, 'Key Vault Secrets User', `${VAULT}/secrets/one`);
  const kept = await arm.assign(OBJECT_ID, 'Key Vault Secrets User', `${VAULT}x`);
  const before = arm.resources.roleAssignments().size;
  assert.equal((await arm.send('DELETE', VAULT)).status, 200);
  assert.equal((await arm.send('DELETE', VAULT)).status, 204);
  assert.equal((await arm.send('GET', VAULT)).status, 404);
  assert.equal(arm.resources.roleAssignments().size, before - 2);
  assert.ok(arm.resources.roleAssignments().get(kept), 'a longer name is another vault');
  const listed = await arm.send('GET', `${SUB}/providers/Microsoft.KeyVault/deletedVaults`);
  assert.equal(listed.body.value[0].properties.vaultId, VAULT);
  const read = await arm.send('GET', DELETED);
  assert.equal(read.body.properties.deletionDate, '2026-06-01T00:00:00Z');
  assert.equal(read.body.properties.scheduledPurgeDate, '2026-08-30T00:00:00Z');
  const recovery = vaultBody({
    createMode: 'recover',
    tenantId: '00000000-0000-0000-0000-000000000000',
  });
  const recovered = await arm.send('PUT', VAULT, { body: recovery });
  assert.equal(recovered.status, 200);
  assert.deepEqual(recovered.body.properties.accessPolicies, accessPolicies);
  assert.equal(arm.resources.liveVault('contoso')?.uid, uid);
  assert.equal(arm.resources.roleAssignments().size, before - 2);
});

test('recovering what is not deleted fails', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const body = vaultBody({ createMode: 'recover' });
  assert.equal((await arm.send('PUT', VAULT, { body })).status, 404);
  assert.equal((await arm.send('PUT', `${VAULT}2`, { body })).status, 404);
});

test('a purged vault is gone with every record it had, and its name is free', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const { uid = '' } = arm.resources.vault('contoso') ?? {};
  const objects = arm.storage.view(systemGrant(vaultPartition(uid), 'test'));
  await objects.transact(async (transaction) => {
    for (let n = 0; n < 1201; n++) transaction.put(`secrets/n${n}`, { value: 'x' });
  });
  assert.equal((await arm.send('POST', `${DELETED}/purge`)).status, 404);
  await arm.send('DELETE', VAULT);
  const purged = await arm.send('POST', `${DELETED}/purge`);
  assert.equal(purged.status, 202);
  assert.ok(purged.headers['Retry-After']);
  assert.deepEqual(await objects.scan({ prefix: '', limit: 10 }), []);
  assert.deepEqual([...arm.resources.pendingPurges()], []);
  assert.equal((await arm.send('GET', DELETED)).body.error.code, 'DeletedVaultNotFound');
  const { pathname } = new URL(purged.headers.Location ?? '');
  const result = await arm.send('GET', pathname);
  assert.equal(result.body.status, 'Succeeded');
  assert.match(result.body.createdDateTime, /^2026-06-01 00:00:00Z$/);
  await arm.send('PUT', VAULT, { body: vaultBody() });
  assert.notEqual(arm.resources.vault('contoso')?.uid, uid);
});

test('a made-up operation result, or one of another subscription, is not found', async () => {
  const arm = await openTestManagement();
  const at = `${SUB}/providers/Microsoft.KeyVault/locations/westeurope/operationResults`;
  for (const id of ['VVR8', 'x', 'AAAA'.repeat(20)]) {
    assert.equal((await arm.send('GET', `${at}/${id}`)).status, 404);
  }
});

test('a protected vault cannot be purged, by no one, before its time', async () => {
  const arm = await openTestManagement();
  await arm.createVault({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
  await arm.send('DELETE', VAULT);
  const refused = await arm.send('POST', `${DELETED}/purge`);
  assert.deepEqual([refused.status, refused.body.error.code], [405, 'MethodNotAllowed']);
  const { storage, resources, clock } = arm;
  assert.equal(await purgeDueVaults({ storage, resources }, clock.now() + 7 * 86_400_000 - 1), 0);
  assert.equal(await purgeDueVaults({ storage, resources }, clock.now() + 7 * 86_400_000), 1);
  assert.equal(resources.vault('contoso'), undefined);
});

test('a purge that a crash cut short is finished at the next start', async () => {
  const arm = await openTestManagement();
  const { storage, resources, records } = arm;
  const objects = storage.view(systemGrant(vaultPartition('lost-uid'), 'test'));
  await objects.transact(async (transaction) => transaction.put('secrets/left', { value: 'x' }));
  await records.transact(async (transaction) =>
    transaction.put('resources/purge/lost-uid', { vaultUid: 'lost-uid' }),
  );
  await purgeDueVaults({ storage, resources }, arm.clock.now());
  assert.deepEqual(await objects.scan({ prefix: '', limit: 10 }), []);
  assert.deepEqual([...resources.pendingPurges()], []);
});

test('a deleted vault is found at its own location only, written either way', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('DELETE', VAULT);
  const at = (location: string) => DELETED.replace('westeurope', encodeURIComponent(location));
  assert.equal((await arm.send('GET', at('West Europe'))).status, 200);
  assert.equal((await arm.send('GET', at('eastus'))).status, 404);
  const old = await arm.send('GET', at('eastus'), { version: '2019-09-01' });
  assert.equal(old.body.error.code, 'ResourceNotFound');
});

test('lists show the vaults that the caller may read, page by page', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  for (const name of ['a', 'b', 'c']) {
    await arm.send('PUT', `${VAULT}${name}`, { body: vaultBody() });
  }
  const list = `${GROUP}/providers/Microsoft.KeyVault/vaults`;
  const first = await arm.send('GET', list, { query: { $top: '3' } });
  assert.equal(first.body.value.length, 3);
  const next = new URL(first.body.nextLink);
  const query = Object.fromEntries(next.searchParams);
  const second = await arm.send('GET', next.pathname, { query });
  assert.deepEqual(
    second.body.value.map((vault: { name: string }) => vault.name),
    ['contosoc'],
  );
  assert.equal('nextLink' in second.body, false);
  const reader = await arm.newPrincipal();
  const none = await arm.send('GET', list, { as: reader });
  assert.deepEqual([none.status, none.body.error.code], [403, 'AuthorizationFailed']);
  await arm.assign(reader.objectId, 'Reader', `${VAULT}b`);
  const some = await arm.send('GET', list, { as: reader });
  assert.deepEqual(
    some.body.value.map((vault: { name: string }) => vault.name),
    ['contosob'],
  );
  const bySubscription = await arm.send('GET', `${SUB}/providers/Microsoft.KeyVault/vaults`);
  assert.equal(bySubscription.body.value.length, 4);
});

test('a vault is found by name among the resources of its subscription', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const list = async (filter?: string) => {
    const query: Record<string, string> = filter === undefined ? {} : { $filter: filter };
    return arm.send('GET', `${SUB}/resources`, { query, version: '2015-11-01' });
  };
  const type = "resourceType eq 'Microsoft.KeyVault/vaults'";
  assert.equal((await list()).body.value.length, 1);
  const found = await list(`${type} and name eq 'CONTOSO'`);
  assert.deepEqual(found.body.value, [
    {
      id: VAULT,
      name: 'contoso',
      type: 'Microsoft.KeyVault/vaults',
      location: 'westeurope',
      tags: {},
    },
  ]);
  assert.deepEqual((await list(`${type} and name eq 'contos'`)).body.value, []);
  assert.deepEqual((await list("resourceType eq 'Microsoft.Web/sites'")).body.value, []);
  assert.equal((await list('startswith(name, c)')).status, 400);
  assert.equal((await list("name ne 'x'")).status, 400);
});

test('what a private endpoint can connect to is the vault; there are no managed HSMs', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const links = await arm.send('GET', `${VAULT}/privateLinkResources`);
  assert.equal(links.body.value[0].properties.groupId, 'vault');
  const connections = await arm.send('GET', `${VAULT}/privateEndpointConnections`);
  assert.deepEqual(connections.body.value, []);
  for (const path of [
    `${SUB}/providers/Microsoft.KeyVault/managedHSMs`,
    `${GROUP}/providers/Microsoft.KeyVault/managedHSMs`,
    `${SUB}/providers/Microsoft.KeyVault/deletedManagedHSMs`,
  ]) {
    assert.deepEqual((await arm.send('GET', path)).body, { value: [] });
  }
});

test('an api-version before the first, or none, is refused; a later one is not', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const code = async (version: string) =>
    (await arm.send('GET', VAULT, { version })).body.error?.code;
  assert.equal(await code('2014-04-01'), 'NoRegisteredProviderFound');
  assert.equal(await code('7.4'), 'NoRegisteredProviderFound');
  assert.equal(await code('2026-13-45'), 'NoRegisteredProviderFound');
  assert.equal(await code(''), 'MissingApiVersionParameter');
  assert.equal(await code('2031-01-01'), undefined);
  assert.equal(await code('2021-11-01-preview'), undefined);
  assert.equal(SUBSCRIPTION.length, 36);
});
