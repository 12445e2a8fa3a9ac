import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import { ApiError, ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import { assignAppRole, grantPermission } from './app-role-assignments.ts';
import { createApplication, deleteApplication } from './applications.ts';
import { purgeDeletedItem, purgeExpiredItems, restoreDeletedItem } from './deleted-items.ts';
import { Directory } from './directory.ts';
import { directoryRoleIds } from './directory-role-ids.ts';
import { addRoleMember } from './directory-roles.ts';
import { createGroup, deleteGroup } from './groups.ts';
import { createServicePrincipal, deleteServicePrincipal } from './service-principals.ts';
import { createUser, deleteUser } from './users.ts';

const DAY_MS = 86_400_000;
const passwordProfile = { password: 'Correct-Horse-7', forceChangePasswordNextSignIn: false };
const code = (wanted: string) => (error: unknown) =>
  error instanceof ApiError && error.definition.code === wanted;
const NOT_FOUND = code('Request_ResourceNotFound');
const SAME_VALUE = code('Request_MultipleObjectsWithSameKeyValue');

async function open() {
  const tenantId = newGuid();
  const clock = new ManualClock(Date.UTC(2026, 5, 1));
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(tenantId), 'test'));
  const directory = await Directory.open({ storage, tenantId, clock });
  const item = (id: string) => {
    const found = directory.deletedItems().find(({ record }) => record.id === id);
    assert.ok(found, 'it is among the deleted');
    return found;
  };
  const user = (userPrincipalName: string) =>
    createUser(view, { userPrincipalName, displayName: 'x', passwordProfile }, clock);
  const group = (members: readonly string[]) =>
    createGroup(view, { displayName: 'g', mailNickname: 'g', members }, clock);
  const principal = (appId: string) =>
    createServicePrincipal(view, { appId, displayName: 'p' }, clock);
  return { clock, view, directory, item, user, group, principal };
}

describe('what was deleted', () => {
  test('is no principal, of any kind, until it is restored', async () => {
    const { clock, view, directory, item, user, group, principal } = await open();
    const all = [
      { type: 'User', id: (await user('ann@t.test')).id, remove: deleteUser },
      { type: 'Group', id: (await group([])).id, remove: deleteGroup },
      {
        type: 'ServicePrincipal',
        id: (await principal(newGuid())).id,
        remove: deleteServicePrincipal,
      },
    ];
    for (const { type, id, remove } of all) {
      assert.equal(directory.principalType(id.toUpperCase()), type);
      await remove(view, id, clock);
      assert.equal(directory.principalType(id), undefined, type);
      assert.equal(directory.principalExists(id), false, type);
      assert.equal(directory.isEnabled(id), false, type);
      assert.equal(directory.displayName(id), undefined, type);
      await assert.rejects(remove(view, id, clock), NOT_FOUND, type);
      await restoreDeletedItem(view, item(id));
      assert.equal(directory.principalType(id), type);
    }
    assert.deepEqual(directory.deletedItems(), []);
  });

  test('gives up its unique name, and comes back only while that is free', async () => {
    const { clock, view, directory, item, user, principal } = await open();
    const ann = await user('ann@t.test');
    await deleteUser(view, ann.id, clock);
    const second = await user('ANN@t.test');
    await assert.rejects(restoreDeletedItem(view, item(ann.id)), SAME_VALUE);
    assert.equal(directory.user(ann.id), undefined);
    assert.equal(directory.userByName('ann@t.test')?.id, second.id);
    await deleteUser(view, second.id, clock);
    await restoreDeletedItem(view, item(ann.id));
    assert.equal(directory.userByName('ann@t.test')?.id, ann.id);
    await assert.rejects(user('ann@t.test'), SAME_VALUE, 'the name is taken again');

    const appId = newGuid();
    const first = await principal(appId);
    await deleteServicePrincipal(view, first.id, clock);
    await principal(appId);
    await assert.rejects(restoreDeletedItem(view, item(first.id)), SAME_VALUE);
    assert.equal(directory.servicePrincipal(first.id), undefined);
  });

  test('comes back with its identifier URIs, all of them or not at all', async () => {
    const { clock, view, directory, item } = await open();
    const make = (...identifierUris: string[]) =>
      createApplication(view, { displayName: 'a', identifierUris }, clock);
    const one = await make('api://one', 'api://two');
    await deleteApplication(view, one.id, clock);
    const other = await make('api://two');
    await assert.rejects(restoreDeletedItem(view, item(one.id)), SAME_VALUE);
    assert.equal(directory.applicationByResource('api://one'), undefined);
    await make('api://one').then(({ id }) => deleteApplication(view, id, clock));
    await deleteApplication(view, other.id, clock);
    await restoreDeletedItem(view, item(one.id));
    assert.equal(directory.applicationByResource('api://two')?.id, one.id);
    await assert.rejects(make('api://one'), SAME_VALUE);
  });

  test('is restored once: what is there or gone is not found among the deleted', async () => {
    const { clock, view, directory, item, user } = await open();
    const { id } = await user('ann@t.test');
    await deleteUser(view, id, clock);
    const found = item(id);
    await restoreDeletedItem(view, found);
    await assert.rejects(restoreDeletedItem(view, found), NOT_FOUND);
    await assert.rejects(purgeDeletedItem(view, directory, found), NOT_FOUND);
    assert.ok(directory.user(id), 'restored in between, it stays');
    await deleteUser(view, id, clock);
    await purgeDeletedItem(view, directory, item(id));
    await assert.rejects(restoreDeletedItem(view, found), NOT_FOUND);
    await assert.rejects(purgeDeletedItem(view, directory, found), NOT_FOUND);
  });

  test('that is a group carries nobody anywhere; restored, it does again', async () => {
    const { clock, view, directory, item, group } = await open();
    const inner = await group(['alice']);
    const outer = await group([inner.id]);
    await deleteGroup(view, inner.id, clock);
    assert.deepEqual(directory.memberOf('alice'), new Set());
    assert.deepEqual(directory.directMemberOf('alice'), new Set());
    await restoreDeletedItem(view, item(inner.id));
    assert.deepEqual(directory.memberOf('alice'), new Set([inner.id, outer.id]));
    assert.deepEqual(directory.directMemberOf('alice'), new Set([inner.id]));
  });
});

test('nothing that a purged user held is left: groups, roles, app roles, consents', async () => {
  const { clock, view, directory, item, user, group, principal } = await open();
  const [ann, bea] = [await user('ann@t.test'), await user('bea@t.test')];
  const [client, resource] = [await principal(newGuid()), await principal(newGuid())];
  const team = await group([ann.id, bea.id]);
  for (const { id: principalId } of [ann, bea]) {
    await addRoleMember(view, directoryRoleIds.userAdministrator, principalId);
    const held = { principalId, resourceId: resource.id, appRoleId: newGuid() };
    await assignAppRole(view, held, clock);
    await grantPermission(view, {
      ...{ clientId: client.id, resourceId: resource.id, principalId },
      ...{ consentType: 'Principal', scope: 'read' },
    });
  }
  await deleteUser(view, ann.id, clock);
  await purgeDeletedItem(view, directory, item(ann.id));
  assert.deepEqual(directory.group(team.id)?.members, [bea.id]);
  assert.deepEqual(directory.directoryRole(directoryRoleIds.userAdministrator)?.members, [bea.id]);
  assert.deepEqual(directory.appRolesHeldBy(ann.id), []);
  assert.deepEqual(
    directory.appRolesOf(resource.id).map(({ principalId }) => principalId),
    [bea.id],
  );
  const consents = () => directory.permissionGrants().map(({ principalId }) => principalId);
  assert.deepEqual(consents(), [bea.id]);
  await deleteServicePrincipal(view, client.id, clock);
  await purgeDeletedItem(view, directory, item(client.id));
  assert.deepEqual(consents(), [], 'a purged client has no consent');
  await deleteServicePrincipal(view, resource.id, clock);
  await purgeDeletedItem(view, directory, item(resource.id));
  assert.deepEqual(directory.appRolesHeldBy(bea.id), [], 'roles of a purged resource are gone');
});

test('what was deleted stays for 30 days to the second, and no longer', async () => {
  const { clock, view, directory, user } = await open();
  const ann = await user('ann@t.test');
  const bea = await user('bea@t.test');
  const deletedAt = clock.now();
  await deleteUser(view, ann.id, clock);
  assert.equal(await purgeExpiredItems(view, directory, deletedAt + 30 * DAY_MS - 1), 0);
  assert.equal(directory.deletedItems().length, 1);
  assert.equal(await purgeExpiredItems(view, directory, deletedAt + 30 * DAY_MS), 1);
  assert.deepEqual(directory.deletedItems(), []);
  assert.ok(directory.user(bea.id), 'what was not deleted is not swept away');
});
