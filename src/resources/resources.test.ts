import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, issueGrant, ManualClock } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import { bootstrapSubscription } from './bootstrap.ts';
import { builtInRoles } from './built-in-roles.ts';
import { resourcePath } from './paths.ts';
import type { ManagementGroup, RoleAssignment, RoleDefinition, Subscription } from './records.ts';
import { Resources } from './resources.ts';
import { deleteRoleAssignment, putRoleAssignment } from './role-assignment-store.ts';
import { putRoleDefinition } from './role-definition-store.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const SUBSCRIPTION = '22222222-2222-4222-8222-222222222222';

async function open() {
  const storage = await openMemoryStorage();
  const partition = tenantPartition(TENANT);
  const view = storage.view(
    issueGrant({ principal: undefined, action: 'test', scope: '/', partition, by: 'system' }),
  );
  const resources = await Resources.open({ storage, tenantId: TENANT });
  return { view, resources };
}

function assignment(changes: Partial<RoleAssignment> = {}): RoleAssignment {
  return {
    name: 'aaaaaaaa-0000-4000-8000-000000000001',
    scope: `/subscriptions/${SUBSCRIPTION}`,
    roleDefinitionName: builtInRoles[0]?.name ?? '',
    principalId: 'cccccccc-0000-4000-8000-000000000001',
    principalType: 'User',
    ...{ createdOn: 'then', updatedOn: 'then', createdBy: 'me', updatedBy: 'me' },
    ...changes,
  };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof ApiError ? error.definition.code : String(error);
}

test('the first start makes one subscription and its owners, and cannot be repeated', async () => {
  const { view, resources } = await open();
  const input = {
    ...{ tenantId: TENANT, subscriptionId: SUBSCRIPTION, displayName: 'First' },
    owners: [{ principalId: 'p', principalType: 'User' }],
    clock: new ManualClock(),
  };
  await bootstrapSubscription(view, input);
  assert.equal(resources.subscription(SUBSCRIPTION.toUpperCase())?.displayName, 'First');
  const [owner] = resources.roleAssignments().values();
  assert.equal(owner?.scope, '/');
  assert.equal(resources.roleDefinition(owner?.roleDefinitionName ?? '')?.roleName, 'Owner');
  assert.equal(resources.managementGroups().get(TENANT)?.displayName, 'Tenant Root Group');
  await assert.rejects(bootstrapSubscription(view, input));
  assert.equal(resources.roleAssignments().size, 1);
});

test('a name stands for one grant, and a grant has one name', async () => {
  const { view } = await open();
  const put = (changes: Partial<RoleAssignment>) =>
    view.transact((transaction) => putRoleAssignment(transaction, assignment(changes)));
  assert.equal((await put({})).created, true);
  const again = await put({ description: 'changed', createdOn: 'now' });
  assert.equal(again.created, false);
  assert.equal(again.assignment.createdOn, 'then');
  const other = 'aaaaaaaa-0000-4000-8000-000000000002';
  assert.equal(await codeOf(put({ name: other })), 'RoleAssignmentExists');
  assert.equal(
    await codeOf(put({ name: other, scope: assignment().scope.toUpperCase() })),
    'RoleAssignmentExists',
  );
  assert.equal(await codeOf(put({ scope: '/' })), 'RoleAssignmentUpdateNotPermitted');
  assert.equal(await codeOf(put({ principalId: other })), 'RoleAssignmentUpdateNotPermitted');
  assert.equal(
    await codeOf(put({ roleDefinitionName: other })),
    'RoleAssignmentUpdateNotPermitted',
  );
  assert.equal((await put({ name: other, scope: '/' })).created, true);
});

test('a deleted assignment can be made again under another name', async () => {
  const { view, resources } = await open();
  const put = (name: string) =>
    view.transact((transaction) => putRoleAssignment(transaction, assignment({ name })));
  await put('aaaaaaaa-0000-4000-8000-000000000001');
  await view.transact((transaction) => deleteRoleAssignment(transaction, assignment().name));
  assert.equal((await put('aaaaaaaa-0000-4000-8000-000000000003')).created, true);
  assert.equal(resources.roleAssignments().size, 1);
});

test('of two equal assignments made at once, one is made', async () => {
  const { view, resources } = await open();
  const results = await Promise.allSettled(
    ['1', '2', '3'].map((end) =>
      view.transact((transaction) =>
        putRoleAssignment(
          transaction,
          assignment({ name: `aaaaaaaa-0000-4000-8000-00000000000${end}` }),
        ),
      ),
    ),
  );
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(resources.roleAssignments().size, 1);
});

test('built-in roles cannot be replaced or imitated', async () => {
  const { view, resources } = await open();
  const [owner] = builtInRoles;
  assert.ok(owner);
  const custom: RoleDefinition = { ...owner, type: 'CustomRole' };
  const put = (role: RoleDefinition) =>
    view.transact((transaction) => putRoleDefinition(transaction, role, () => undefined));
  assert.equal(await codeOf(put(custom)), 'RoleDefinitionExists');
  const name = 'dddddddd-0000-4000-8000-000000000001';
  assert.equal(
    await codeOf(put({ ...custom, name, roleName: 'OWNER' })),
    'RoleDefinitionWithSameNameExists',
  );
  await put({ ...custom, name, roleName: 'Mine' });
  const second = 'dddddddd-0000-4000-8000-000000000002';
  assert.equal(
    await codeOf(put({ ...custom, name: second, roleName: 'mine' })),
    'RoleDefinitionWithSameNameExists',
  );
  await put({ ...custom, name, roleName: 'Renamed' });
  assert.equal((await put({ ...custom, name: second, roleName: 'mine' })).created, true);
  assert.equal(resources.roleDefinition(name.toUpperCase())?.roleName, 'Renamed');
});

test('management groups above a scope are named nearest first, and a circle ends', async () => {
  const { view, resources } = await open();
  const group = (name: string, parent?: string): ManagementGroup => ({
    ...{ name, displayName: name, updatedOn: '', updatedBy: '' },
    ...(parent !== undefined && { parent }),
  });
  await view.transact(async (transaction) => {
    for (const one of [
      group(TENANT),
      group('a', 'b'),
      group('b', TENANT),
      group('x', 'y'),
      group('y', 'x'),
    ]) {
      transaction.put(resourcePath('managementGroup', one.name), one);
    }
    const subscription: Subscription = {
      ...{ subscriptionId: SUBSCRIPTION, tenantId: TENANT, displayName: 's' },
      managementGroup: 'a',
    };
    transaction.put(resourcePath('subscription', SUBSCRIPTION), subscription);
  });
  assert.deepEqual(resources.groupsAbove(`/subscriptions/${SUBSCRIPTION}/resourceGroups/g`), [
    'a',
    'b',
    TENANT,
  ]);
  assert.deepEqual(resources.groupsAbove('/providers/Microsoft.Management/managementGroups/b'), [
    TENANT,
  ]);
  assert.deepEqual(resources.groupsAbove('/'), []);
  assert.deepEqual(resources.groupsAbove('//'), []);
  assert.ok(
    resources.groupsAbove('/providers/Microsoft.Management/managementGroups/x').length <= 16,
  );
});

test('no built-in role but the administrator has every data action', () => {
  assert.equal(new Set(builtInRoles.map(({ name }) => name)).size, builtInRoles.length);
  for (const { roleName, permissions } of builtInRoles) {
    const opensAll = permissions.some(({ dataActions }) =>
      dataActions.includes('Microsoft.KeyVault/vaults/*'),
    );
    assert.equal(opensAll, roleName === 'Key Vault Administrator', roleName);
  }
  for (const roleName of ['Owner', 'Contributor', 'Reader', 'Key Vault Contributor']) {
    const role = builtInRoles.find((one) => one.roleName === roleName);
    assert.deepEqual(
      role?.permissions.flatMap(({ dataActions }) => dataActions),
      [],
      roleName,
    );
  }
});
