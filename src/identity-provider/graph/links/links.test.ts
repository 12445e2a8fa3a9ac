import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { addRoleMember, directoryRoleIds } from '#directory';
import { newGuid, z } from '#kernel';
import { type GraphAnswer, GraphCaller } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const MISSING = [404, 'Request_ResourceNotFound'];
const BAD = [400, 'Request_BadRequest'];

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

const ids = ({ items }: GraphAnswer) => items.map(({ id }) => id);

describe('owners', () => {
  test('of applications, service principals and groups are linked alike', async () => {
    const { id, appId } = await admin.createApplication('owned');
    const principal = await admin.createPrincipal(appId);
    const group = await admin.createGroup('owned');
    const owner = await admin.createUser('linked.owner');
    const paths = [`/applications/${id}`, `/servicePrincipals/${principal}`, `/groups/${group}`];
    for (const path of paths) {
      const add = () => admin.post(`${path}/owners/$ref`, admin.reference(owner));
      assert.equal((await add()).status, 204, path);
      assert.deepEqual((await add()).refusal, BAD, path);
      assert.deepEqual(ids(await admin.get(`${path}/owners`)), [owner]);
      assert.deepEqual(ids(await admin.get(`${path}/owners/microsoft.graph.servicePrincipal`)), []);
      const unknown = await admin.post(`${path}/owners/$ref`, admin.reference(newGuid()));
      assert.deepEqual(unknown.refusal, MISSING);
      const odd = await admin.post(`${path}/owners/$ref`, { '@odata.id': 'nobody' });
      assert.deepEqual(odd.refusal, BAD);
      const other = await admin.post(`${path}/owners/$ref`, admin.reference(group));
      assert.deepEqual(other.refusal, BAD, 'a group owns nothing');
    }
    const owned = await admin.get(`/users/${owner}/ownedObjects`);
    assert.deepEqual(new Set(ids(owned)), new Set([id, principal, group]));
    for (const path of paths) {
      const remove = () => admin.delete(`${path}/owners/${owner}/$ref`);
      assert.equal((await remove()).status, 204, path);
      assert.deepEqual((await remove()).refusal, MISSING, path);
    }
  });

  test('manage what they own, and nothing else', async () => {
    const owner = await admin.person('manager');
    const mine = await admin.register('mine');
    await admin.post(`/applications/${mine.id}/owners/$ref`, admin.reference(owner.objectId));
    const group = await admin.createGroup('mine');
    await admin.post(`/groups/${group}/owners/$ref`, admin.reference(owner.objectId));
    assert.equal((await owner.post(`/applications/${mine.id}/addPassword`)).status, 200);
    const rename = { displayName: 'renamed' };
    assert.equal((await owner.patch(`/applications/${mine.id}`, rename)).status, 204);
    assert.equal((await owner.patch(`/groups/${group}`, rename)).status, 204);
    const member = admin.reference(mine.principalId);
    assert.equal((await owner.post(`/groups/${group}/members/$ref`, member)).status, 204);
    const others = await admin.register('others');
    const theirs = await admin.createGroup('theirs');
    const attempts = [
      owner.post(`/applications/${others.id}/addPassword`),
      owner.patch(`/applications/${others.id}`, rename),
      owner.patch(`/servicePrincipals/${mine.principalId}`, { accountEnabled: false }),
      owner.post(`/groups/${theirs}/members/$ref`, admin.reference(owner.objectId)),
      owner.post(`/groups/${theirs}/owners/$ref`, admin.reference(owner.objectId)),
      owner.post('/applications', { displayName: 'new' }),
      owner.patch(`/users/${owner.objectId}`, { accountEnabled: true }),
    ];
    for (const attempt of await Promise.all(attempts)) assert.deepEqual(attempt.refusal, DENIED);
  });

  test('who creates a group or an application owns it', async () => {
    const person = await admin.person('founder', directoryRoleIds.globalAdministrator);
    const group = await person.createGroup('founded');
    const { id } = await person.createApplication('founded');
    for (const path of [`/groups/${group}`, `/applications/${id}`]) {
      assert.deepEqual(ids(await admin.get(`${path}/owners`)), [person.objectId]);
    }
  });
});

describe('members', () => {
  test('come 20 at a time with a group or later, all of them or none', async () => {
    const members = await Promise.all(
      [1, 2, 3].map((number) => admin.createGroup(`member ${number}`)),
    );
    const bind = (...which: readonly string[]) => ({
      'members@odata.bind': which.map((id) => admin.reference(id)['@odata.id']),
    });
    const [one = '', two = '', three = ''] = members;
    const group = await admin.createGroup('bound', bind(one));
    assert.equal((await admin.patch(`/groups/${group}`, bind(two, three))).status, 204);
    assert.deepEqual(
      new Set(ids(await admin.get(`/groups/${group}/members`))),
      new Set([one, two, three]),
    );
    const fresh = await admin.createGroup('member 4');
    for (const which of [
      [fresh, two],
      [fresh, newGuid()],
      [fresh, fresh],
      [fresh, group],
    ]) {
      assert.ok((await admin.patch(`/groups/${group}`, bind(...which))).refusal);
    }
    assert.equal(ids(await admin.get(`/groups/${group}/members`)).length, 3);
    const many = bind(...Array.from({ length: 21 }, () => fresh));
    assert.deepEqual((await admin.patch(`/groups/${group}`, many)).refusal, BAD);
    const counted = await admin.get(`/groups/${group}/members/$count`, {
      consistencylevel: 'eventual',
    });
    assert.equal(counted.text, '3');
  });
});

describe('a group that holds a directory role', () => {
  test('lets in nobody but by a Global Administrator, not even by its owner', async () => {
    const owner = await admin.person('group.owner');
    const helper = await admin.person('helper', directoryRoleIds.userAdministrator);
    const outer = await admin.createGroup('role holders');
    const inner = await admin.createGroup('nested in role holders');
    await admin.post(`/groups/${outer}/members/$ref`, admin.reference(inner));
    await addRoleMember(admin.tenant.view, directoryRoleIds.globalAdministrator, outer);
    for (const group of [outer, inner]) {
      const own = await admin.post(`/groups/${group}/owners/$ref`, admin.reference(owner.objectId));
      assert.equal(own.status, 204);
      for (const caller of [owner, helper]) {
        const self = admin.reference(caller.objectId);
        const attempts = [
          caller.post(`/groups/${group}/members/$ref`, self),
          caller.post(`/groups/${group}/owners/$ref`, self),
          caller.delete(`/groups/${group}/owners/${owner.objectId}/$ref`),
          caller.patch(`/groups/${group}`, { 'members@odata.bind': [self['@odata.id']] }),
          caller.delete(`/groups/${group}`),
        ];
        for (const attempt of await Promise.all(attempts)) {
          assert.deepEqual(attempt.refusal, DENIED);
        }
      }
    }
    assert.equal(admin.tenant.directory.directoryRoles(owner.objectId).size, 0);
  });
});

describe('oneself', () => {
  test('is asked about without any right, by a person only', async () => {
    const person = await admin.person('asker');
    const group = await admin.createGroup('askers');
    await admin.post(`/groups/${group}/members/$ref`, admin.reference(person.objectId));
    assert.deepEqual(ids(await person.get('/me/memberOf')), [group]);
    assert.deepEqual(ids(await person.get('/me/transitiveMemberOf/microsoft.graph.group')), [
      group,
    ]);
    assert.deepEqual(ids(await person.get('/me/ownedObjects')), []);
    const all = z.object({ value: z.tuple([z.literal(group)]) });
    all.parse((await person.post('/me/getMemberGroups', { securityEnabledOnly: true })).body);
    all.parse((await person.post('/me/checkMemberGroups', { groupIds: [group] })).body);
    all.parse((await person.post('/me/checkMemberObjects', { ids: [group, newGuid()] })).body);
    assert.deepEqual((await admin.get('/me/memberOf')).refusal, [400, 'BadRequest']);
    const tooMany = { groupIds: Array.from({ length: 21 }, newGuid) };
    assert.deepEqual((await person.post('/me/checkMemberGroups', tooMany)).refusal, BAD);
  });

  test('an id of another kind is not found', async () => {
    const group = await admin.createGroup('kind');
    assert.deepEqual((await admin.get(`/users/${group}/memberOf`)).refusal, MISSING);
    assert.equal((await admin.get(`/directoryObjects/${group}/memberOf`)).status, 200);
  });
});
