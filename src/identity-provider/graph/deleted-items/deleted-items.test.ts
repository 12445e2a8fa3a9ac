import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { directoryRoleIds, purgeExpiredItems } from '#directory';
import { type GraphAnswer, GraphCaller } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const MISSING = [404, 'Request_ResourceNotFound'];
const PATH = '/directory/deletedItems';
const DAY_MS = 24 * 3_600_000;

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

const ids = ({ items }: GraphAnswer) => items.map(({ id }) => id);
const listed = async (kind: string) => ids(await admin.get(`${PATH}/microsoft.graph.${kind}`));

describe('a deleted object', () => {
  test('of each kind is listed, shown, restored as it was, or removed for good', async () => {
    const { id, appId } = await admin.createApplication('deleted');
    const objects: readonly (readonly [string, string, string])[] = [
      ['user', 'users', await admin.createUser('deleted')],
      ['group', 'groups', await admin.createGroup('deleted')],
      ['servicePrincipal', 'servicePrincipals', await admin.createPrincipal(appId)],
      ['application', 'applications', id],
    ];
    for (const [kind, set, object] of objects) {
      assert.deepEqual((await admin.get(`${PATH}/${object}`)).refusal, MISSING, 'while it lives');
      assert.equal((await admin.delete(`/${set}/${object}`)).status, 204);
      assert.ok((await listed(kind)).includes(object), kind);
      const shown = await admin.get(`${PATH}/${object}`);
      assert.equal(shown.body['@odata.type'], `#microsoft.graph.${kind}`);
      assert.equal(typeof shown.body.deletedDateTime, 'string');
      const restored = await admin.post(`${PATH}/${object}/restore`);
      assert.equal(restored.status, 200, restored.text);
      assert.equal(restored.body.deletedDateTime, null);
      assert.equal((await admin.get(`/${set}/${object}`)).body.displayName, 'deleted');
      assert.deepEqual((await admin.post(`${PATH}/${object}/restore`)).refusal, MISSING);
      await admin.delete(`/${set}/${object}`);
      assert.equal((await admin.delete(`${PATH}/${object}`)).status, 204);
      assert.deepEqual((await admin.delete(`${PATH}/${object}`)).refusal, MISSING);
      assert.ok(!(await listed(kind)).includes(object));
    }
  });

  test('has no access until it is back, and its sign-in works again then', async () => {
    const app = await admin.register('back again');
    const path = `/servicePrincipals/${app.principalId}`;
    assert.equal((await app.caller.get('/me')).status, 400);
    await admin.delete(path);
    assert.equal((await app.caller.get('/me')).status, 401);
    await admin.post(`${PATH}/${app.principalId}/restore`);
    assert.equal((await app.caller.get('/me')).status, 400, 'known again, and no person');
  });

  test('gives up its unique names, and is restored only if they are free', async () => {
    const first = await admin.createUser('reused');
    await admin.delete(`/users/${first}`);
    const second = await admin.createUser('reused');
    const taken = await admin.post(`${PATH}/${first}/restore`);
    assert.deepEqual(taken.refusal, [400, 'Request_MultipleObjectsWithSameKeyValue']);
    await admin.delete(`/users/${second}`);
    assert.equal((await admin.post(`${PATH}/${first}/restore`)).status, 200);
    assert.equal((await admin.get('/users/reused@test.localhost')).body.id, first);

    const uris = { identifierUris: ['api://reused'] };
    const one = await admin.createApplication('uri', uris);
    await admin.delete(`/applications/${one.id}`);
    const other = await admin.createApplication('uri', uris);
    assert.ok((await admin.post(`${PATH}/${one.id}/restore`)).refusal);
    await admin.delete(`/applications/${other.id}`);
    assert.equal((await admin.post(`${PATH}/${one.id}/restore`)).status, 200);
    const resource = admin.tenant.directory.applicationByResource('api://reused');
    assert.equal(resource?.id, one.id);

    const app = await admin.register('two principals');
    await admin.delete(`/servicePrincipals/${app.principalId}`);
    await admin.createPrincipal(app.appId);
    const exists = await admin.post(`${PATH}/${app.principalId}/restore`);
    assert.deepEqual(exists.refusal, [409, 'Request_MultipleObjectsWithSameKeyValue']);
  });

  test('is gone after 30 days, with what it held', async () => {
    const { directory, view, clock } = admin.tenant;
    const user = await admin.createUser('expiring');
    const group = await admin.createGroup('of expiring');
    await admin.post(`/groups/${group}/members/$ref`, admin.reference(user));
    const role = `/directoryRoles/${directoryRoleIds.directoryReaders}/members`;
    await admin.post(`${role}/$ref`, admin.reference(user));
    await admin.delete(`/users/${user}`);
    const expire = (days: number) =>
      purgeExpiredItems(view, directory, clock.now() + days * DAY_MS);
    await expire(29);
    assert.ok((await listed('user')).includes(user));
    assert.ok((await expire(31)) > 0);
    assert.ok(!(await listed('user')).includes(user));
    assert.deepEqual(directory.group(group)?.members, []);
    assert.equal(directory.directoryRoles(user).size, 0);
  });
});

describe('bringing back', () => {
  test('is for those who may change such objects', async () => {
    const helper = await admin.person('helper', directoryRoleIds.userAdministrator);
    const apps = await admin.person('apps', directoryRoleIds.applicationAdministrator);
    const user = await admin.createUser('bring.me.back');
    await admin.delete(`/users/${user}`);
    const { id } = await admin.createApplication('bring me back');
    await admin.delete(`/applications/${id}`);
    for (const refused of [
      await apps.post(`${PATH}/${user}/restore`),
      await apps.delete(`${PATH}/${user}`),
      await helper.post(`${PATH}/${id}/restore`),
      await helper.delete(`${PATH}/${id}`),
    ]) {
      assert.deepEqual(refused.refusal, DENIED);
    }
    assert.equal((await helper.post(`${PATH}/${user}/restore`)).status, 200);
    assert.equal((await apps.post(`${PATH}/${id}/restore`)).status, 200);
  });

  test('brings nobody’s directory role back but by a Global Administrator', async () => {
    const helper = await admin.person('helper2', directoryRoleIds.userAdministrator);
    const apps = await admin.person('apps2', directoryRoleIds.applicationAdministrator);
    const boss = await admin.person('boss', directoryRoleIds.globalAdministrator);
    await admin.delete(`/users/${boss.objectId}`);
    const strong = await admin.register('strong', directoryRoleIds.globalAdministrator);
    await admin.delete(`/applications/${strong.id}`);
    assert.deepEqual((await helper.post(`${PATH}/${boss.objectId}/restore`)).refusal, DENIED);
    for (const id of [strong.id, strong.principalId]) {
      assert.deepEqual((await apps.post(`${PATH}/${id}/restore`)).refusal, DENIED);
      assert.deepEqual((await apps.delete(`${PATH}/${id}`)).refusal, DENIED);
      assert.equal((await admin.post(`${PATH}/${id}/restore`)).status, 200);
    }
  });
});
