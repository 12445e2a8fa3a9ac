import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import { ApiError, ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import {
  addPassword,
  createApplication,
  deleteApplication,
  removePassword,
  updateApplication,
} from './applications.ts';
import { bootstrapTenant } from './bootstrap.ts';
import { decideSecret } from './client-secret.ts';
import { Directory } from './directory.ts';
import { directoryRoleIds } from './directory-role-ids.ts';
import { addRoleMember, removeRoleMember } from './directory-roles.ts';
import { createGroup, deleteGroup } from './groups.ts';
import { addReferences, removeReferences } from './references.ts';
import { createServicePrincipal, deleteServicePrincipal } from './service-principals.ts';
import { createUser, deleteUser, updateUser } from './users.ts';

async function open() {
  const tenantId = newGuid();
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(tenantId), 'test'));
  const directory = await Directory.open({ storage, tenantId, clock });
  return { tenantId, clock, storage, view, directory };
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof ApiError && error.definition.code === wanted;
const NOT_FOUND = code('Request_ResourceNotFound');
const SAME_VALUE = code('Request_MultipleObjectsWithSameKeyValue');
const passwordProfile = { password: 'Correct-Horse-7', forceChangePasswordNextSignIn: false };

describe('the first start', () => {
  test('makes a tenant with an administrator, an automation application and keys', async () => {
    const { directory, view, clock, tenantId } = await open();
    const input = { tenantId, displayName: 'T', domain: 't.test' };
    const made = await bootstrapTenant(view, input, clock);
    assert.equal(directory.tenant.displayName, 'T');
    assert.equal(directory.userByName('ADMIN@t.test')?.id, made.administrator.objectId);
    assert.equal(directory.user(made.administrator.objectId)?.forceChangePasswordNextSignIn, true);
    for (const { objectId } of [made.administrator, made.automation]) {
      const roles = directory.directoryRoles(objectId);
      assert.deepEqual([...roles], [directoryRoleIds.globalAdministrator]);
    }
    const application = directory.applicationByAppId(made.automation.clientId);
    const credentials = application?.passwordCredentials ?? [];
    const verdict = decideSecret(credentials, made.automation.clientSecret, clock.now());
    assert.equal(verdict.kind, 'valid');
    assert.equal(directory.signingKeys.published().length, 2);
  });

  test('happens once', async () => {
    const { view, clock, tenantId, directory } = await open();
    const input = { tenantId, displayName: 'T', domain: 't.test' };
    await bootstrapTenant(view, input, clock);
    const before = directory.users().length;
    await assert.rejects(bootstrapTenant(view, input, clock));
    assert.equal(directory.users().length, before);
  });

  test('is the same after a restart', async () => {
    const { view, clock, tenantId, storage, directory } = await open();
    const made = await bootstrapTenant(
      view,
      { tenantId, displayName: 'T', domain: 't.test' },
      clock,
    );
    const again = await Directory.open({ storage, tenantId, clock });
    assert.equal(again.userByName('admin@t.test')?.id, made.administrator.objectId);
    assert.equal(again.signingKeys.current().kid, directory.signingKeys.current().kid);
    assert.deepEqual([...again.directoryRoles(made.automation.objectId)].length, 1);
  });
});

describe('secrets', () => {
  test('are shown once: nothing that is stored contains one', async () => {
    const { view, clock, directory } = await open();
    const { id } = await createApplication(view, { displayName: 'a' }, clock);
    const { secretText } = await addPassword(view, { id, password: {} }, clock);
    assert.ok(Buffer.from(secretText, 'base64url').length >= 32);
    assert.ok(!JSON.stringify(directory.application(id)).includes(secretText));
  });

  test('count from their start to their end, and several at once', async () => {
    const { view, clock, directory } = await open();
    const { id } = await createApplication(view, { displayName: 'a' }, clock);
    const at = (ms: number) => new Date(clock.now() + ms).toISOString();
    const password = { startDateTime: at(60_000), endDateTime: at(120_000) };
    const late = await addPassword(view, { id, password }, clock);
    const now = await addPassword(view, { id, password: {} }, clock);
    const verdict = (secret: string) =>
      decideSecret(directory.application(id)?.passwordCredentials ?? [], secret, clock.now()).kind;
    assert.deepEqual([verdict(late.secretText), verdict(now.secretText)], ['invalid', 'valid']);
    clock.advance(60_000);
    assert.equal(verdict(late.secretText), 'valid');
    clock.advance(60_000);
    assert.deepEqual([verdict(late.secretText), verdict(now.secretText)], ['expired', 'valid']);
    await removePassword(view, id, now.credential.keyId);
    assert.equal(verdict(now.secretText), 'invalid');
    await assert.rejects(removePassword(view, id, now.credential.keyId), ApiError);
    const ends = { endDateTime: at(-1000) };
    await assert.rejects(addPassword(view, { id, password: ends }, clock), ApiError);
  });
});

describe('names that must be unique', () => {
  test('a user name belongs to one user, whatever its letters, even in a race', async () => {
    const { view, clock, directory } = await open();
    const make = (userPrincipalName: string) =>
      createUser(view, { userPrincipalName, displayName: 'x', passwordProfile }, clock);
    const results = await Promise.allSettled([make('ann@t.test'), make('ANN@t.test')]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(directory.users().length, 1);
  });

  test('a name is free again once its user has another, or is deleted', async () => {
    const { view, clock, directory } = await open();
    const make = (userPrincipalName: string) =>
      createUser(view, { userPrincipalName, displayName: 'x', passwordProfile }, clock);
    const { id } = await make('ann@t.test');
    await updateUser(view, { id, changes: { userPrincipalName: 'bea@t.test' } }, clock);
    assert.equal(directory.userByName('ann@t.test'), undefined);
    const second = await make('ann@t.test');
    await assert.rejects(make('bea@t.test'), SAME_VALUE);
    await deleteUser(view, second.id, clock);
    assert.equal(directory.userByName('ann@t.test'), undefined);
    assert.equal(directory.user(second.id), undefined);
    assert.notEqual((await make('ann@t.test')).id, second.id);
  });

  test('an application has one service principal at a time', async () => {
    const { view, clock, directory } = await open();
    const { appId } = await createApplication(view, { displayName: 'a' }, clock);
    const make = () => createServicePrincipal(view, { appId, displayName: 'a' }, clock);
    const first = await make();
    await assert.rejects(make(), SAME_VALUE);
    await deleteServicePrincipal(view, first.id, clock);
    assert.equal(directory.isEnabled(first.id), false);
    assert.equal(directory.servicePrincipalByAppId(appId), undefined);
    const second = await make();
    assert.equal(directory.servicePrincipalByAppId(appId)?.id, second.id);
  });

  test('an identifier URI belongs to one application', async () => {
    const { view, clock, directory } = await open();
    const input = { displayName: 'a', identifierUris: ['api://one'] };
    const one = await createApplication(view, input, clock);
    await assert.rejects(createApplication(view, input, clock), SAME_VALUE);
    await updateApplication(view, one.id, { identifierUris: ['api://two'] });
    const two = await createApplication(view, input, clock);
    assert.equal(directory.applicationByResource('API://ONE')?.id, two.id);
    await deleteApplication(view, two.id, clock);
    assert.equal(directory.applicationByResource('api://one'), undefined);
    await assert.rejects(updateApplication(view, two.id, {}), NOT_FOUND);
  });
});

describe('group membership', () => {
  test('reaches through nested groups and ends at once', async () => {
    const { view, clock, directory } = await open();
    const make = (members: readonly string[]) =>
      createGroup(view, { displayName: 'g', mailNickname: 'g', members }, clock);
    const inner = await make(['alice']);
    const middle = await make([inner.id]);
    const outer = await make([middle.id]);
    assert.deepEqual(directory.memberOf('alice'), new Set([inner.id, middle.id, outer.id]));
    await removeReferences(view, {
      kind: 'group',
      id: middle.id,
      property: 'members',
      objectIds: [inner.id],
    });
    assert.deepEqual(directory.memberOf('alice'), new Set([inner.id]));
    await addReferences(view, {
      kind: 'group',
      id: outer.id,
      property: 'members',
      objectIds: [inner.id],
    });
    assert.deepEqual(directory.memberOf('alice'), new Set([inner.id, outer.id]));
    await deleteGroup(view, inner.id, clock);
    assert.deepEqual(directory.memberOf('alice'), new Set());
  });

  test('in a circle ends', async () => {
    const { view, clock, directory } = await open();
    const make = (members: readonly string[]) =>
      createGroup(view, { displayName: 'g', mailNickname: 'g', members }, clock);
    const one = await make(['alice']);
    const two = await make([one.id]);
    await addReferences(view, {
      kind: 'group',
      id: one.id,
      property: 'members',
      objectIds: [two.id],
    });
    assert.deepEqual(directory.memberOf('alice'), new Set([one.id, two.id]));
    const again = { kind: 'group', id: one.id, property: 'members', objectIds: [two.id] } as const;
    await assert.rejects(addReferences(view, again), ApiError);
    await assert.rejects(addReferences(view, { ...again, objectIds: [one.id] }), ApiError);
  });

  test('carries directory roles, until the role is taken away', async () => {
    const { view, clock, directory } = await open();
    const group = await createGroup(
      view,
      { displayName: 'g', mailNickname: 'g', members: ['alice'] },
      clock,
    );
    const role = directoryRoleIds.userAdministrator;
    await addRoleMember(view, role, group.id);
    assert.deepEqual(directory.directoryRoles('alice'), new Set([role]));
    assert.deepEqual(directory.directoryRoles('bob'), new Set());
    await removeRoleMember(view, role, group.id);
    assert.deepEqual(directory.directoryRoles('alice'), new Set());
  });
});

test('listeners hear of every directory object that changes', async () => {
  const { view, clock, directory } = await open();
  const heard: string[] = [];
  directory.onChange((id) => heard.push(id));
  const { id } = await createApplication(view, { displayName: 'a' }, clock);
  const group = await createGroup(view, { displayName: 'g', mailNickname: 'g' }, clock);
  await deleteApplication(view, id, clock);
  assert.deepEqual(heard, [id, group.id, id]);
});
