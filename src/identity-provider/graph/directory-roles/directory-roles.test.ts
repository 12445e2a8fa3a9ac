import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  addRoleMember,
  createManagedIdentity,
  directoryRoleIds,
  removeRoleMember,
} from '#directory';
import { newGuid } from '#kernel';
import { type GraphAnswer, GraphCaller } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const MISSING = [404, 'Request_ResourceNotFound'];
const BAD = [400, 'Request_BadRequest'];
const { globalAdministrator, userAdministrator, applicationAdministrator } = directoryRoleIds;
const MANAGED = '/roleManagement/directory';

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

const ids = ({ items }: GraphAnswer) => items.map(({ id }) => id);
const members = (role: string) => `/directoryRoles/${role}/members`;

describe('directory roles', () => {
  test('are there from the start, in all three collections', async () => {
    for (const path of [
      '/directoryRoles',
      '/directoryRoleTemplates',
      `${MANAGED}/roleDefinitions`,
    ]) {
      const all = ids(await admin.get(path));
      assert.deepEqual(new Set(all), new Set(Object.values(directoryRoleIds)), path);
      const one = await admin.get(`${path}/${globalAdministrator.toUpperCase()}`);
      assert.equal(one.body.displayName, 'Global Administrator');
      assert.deepEqual((await admin.get(`${path}/${newGuid()}`)).refusal, MISSING);
    }
    const filter = encodeURIComponent(`roleTemplateId eq '${userAdministrator}'`);
    assert.equal(ids(await admin.get(`/directoryRoles?$filter=${filter}`)).length, 1);
  });

  test('are given and taken in either form, and count at once', async () => {
    const person = await admin.person('promoted');
    const newUser = () =>
      person.post('/users', {
        accountEnabled: true,
        displayName: 'x',
        mailNickname: 'x',
        userPrincipalName: `x${newGuid().slice(0, 8)}@test.localhost`,
        passwordProfile: { password: 'Correct-Horse-7' },
      });
    assert.deepEqual((await newUser()).refusal, DENIED);
    const link = admin.reference(person.objectId);
    assert.equal((await admin.post(`${members(userAdministrator)}/$ref`, link)).status, 204);
    assert.equal((await newUser()).status, 201);
    assert.deepEqual((await admin.post(`${members(userAdministrator)}/$ref`, link)).refusal, BAD);
    assert.deepEqual(ids(await admin.get(members(userAdministrator))), [person.objectId]);
    const filter = encodeURIComponent(`principalId eq '${person.objectId}'`);
    const [assignment] = ids(await admin.get(`${MANAGED}/roleAssignments?$filter=${filter}`));
    assert.equal((await admin.delete(`${MANAGED}/roleAssignments/${assignment}`)).status, 204);
    assert.deepEqual((await newUser()).refusal, DENIED);
    const json = { principalId: person.objectId, roleDefinitionId: userAdministrator };
    const made = await admin.create(`${MANAGED}/roleAssignments`, json);
    assert.equal((await admin.get(`${MANAGED}/roleAssignments/${made.id}`)).status, 200);
    assert.equal((await newUser()).status, 201);
    const unlink = `${members(userAdministrator)}/${person.objectId}/$ref`;
    assert.equal((await admin.delete(unlink)).status, 204);
    assert.deepEqual((await admin.delete(unlink)).refusal, MISSING);
    const scoped = { ...json, directoryScopeId: '/administrativeUnits/x' };
    assert.deepEqual((await admin.post(`${MANAGED}/roleAssignments`, scoped)).refusal, BAD);
    const nobody = { ...json, principalId: newGuid() };
    assert.deepEqual((await admin.post(`${MANAGED}/roleAssignments`, nobody)).refusal, MISSING);
  });

  test('are not taken from the last Global Administrator', async () => {
    const { automation, administrator } = admin.tenant.made;
    const first = `${members(globalAdministrator)}/${administrator.objectId}/$ref`;
    assert.equal((await admin.delete(first)).status, 204);
    const last = `${members(globalAdministrator)}/${automation.objectId}/$ref`;
    assert.deepEqual((await admin.delete(last)).refusal, BAD);
    // Nor does he vanish in another way.
    const app = admin.tenant.directory.applicationByAppId(automation.clientId);
    for (const gone of [
      await admin.delete(`/servicePrincipals/${automation.objectId}`),
      await admin.patch(`/servicePrincipals/${automation.objectId}`, { accountEnabled: false }),
      await admin.delete(`/applications/${app?.id}`),
    ]) {
      assert.deepEqual(gone.refusal, BAD);
    }
    const back = admin.reference(administrator.objectId);
    assert.equal((await admin.post(`${members(globalAdministrator)}/$ref`, back)).status, 204);
  });
});

describe('of two last administrators who go at the same moment', () => {
  const ways: Readonly<Record<string, (caller: GraphCaller, id: string) => Promise<GraphAnswer>>> =
    {
      'taken from the role': (caller, id) =>
        caller.delete(`${members(globalAdministrator)}/${id}/$ref`),
      'taken by assignment': (caller, id) =>
        caller.delete(`${MANAGED}/roleAssignments/${globalAdministrator}.${id}`),
      disabled: (caller, id) =>
        caller.patch(`/${setOf(caller, id)}/${id}`, { accountEnabled: false }),
      deleted: (caller, id) => caller.delete(`/${setOf(caller, id)}/${id}`),
    };
  const pairs = {
    'a person and a program': async () => {
      const caller = await GraphCaller.administrator();
      const { automation, administrator } = caller.tenant.made;
      return { caller, one: administrator.objectId, other: automation.objectId };
    },
    'two programs': async () => {
      const first = await GraphCaller.administrator();
      const { caller } = await first.register('second', globalAdministrator);
      const { automation, administrator } = first.tenant.made;
      await removeRoleMember(first.tenant.view, globalAdministrator, administrator.objectId);
      return { caller, one: automation.objectId, other: caller.objectId };
    },
    'two people': async () => {
      const first = await GraphCaller.administrator();
      const caller = await first.person('second', globalAdministrator);
      const { automation, administrator } = first.tenant.made;
      await removeRoleMember(first.tenant.view, globalAdministrator, automation.objectId);
      return { caller, one: administrator.objectId, other: caller.objectId };
    },
  } as const;
  const setOf = ({ tenant }: GraphCaller, id: string) =>
    tenant.directory.user(id) ? 'users' : 'servicePrincipals';

  for (const [first, goOne] of Object.entries(ways)) {
    for (const [second, goOther] of Object.entries(ways)) {
      for (const [kind, administrators] of Object.entries(pairs)) {
        test(`one stays: ${first}, and ${second}; ${kind}`, async () => {
          const { caller, one, other } = await administrators();
          const { directory } = caller.tenant;
          const answers = await Promise.all([goOne(caller, one), goOther(caller, other)]);
          const refused = answers.filter(({ status }) => status === 400);
          assert.equal(refused.length, 1, answers.map(({ text }) => text).join());
          assert.deepEqual(refused[0]?.refusal, BAD);
          const holders = directory.directoryRole(globalAdministrator)?.members ?? [];
          assert.equal(holders.filter((id) => directory.isEnabled(id)).length, 1);
        });
      }
    }
  }

  test('a managed identity does not count: it goes with its resource', async () => {
    const caller = await GraphCaller.administrator();
    const { tenant } = caller;
    const input = { resourceId: '/subscriptions/s/x', displayName: 'machine' };
    const identity = await createManagedIdentity(tenant.view, input, tenant.clock);
    await addRoleMember(tenant.view, globalAdministrator, identity.id);
    const { automation, administrator } = tenant.made;
    const one = `${members(globalAdministrator)}/${administrator.objectId}/$ref`;
    assert.equal((await caller.delete(one)).status, 204);
    const other = `${members(globalAdministrator)}/${automation.objectId}/$ref`;
    assert.deepEqual((await caller.delete(other)).refusal, BAD);
  });

  test('whoever holds the role but is disabled can always be taken out of it', async () => {
    const caller = await GraphCaller.administrator();
    const id = await caller.createUser('former', { accountEnabled: false });
    await addRoleMember(caller.tenant.view, globalAdministrator, id);
    const { administrator } = caller.tenant.made;
    const one = `${members(globalAdministrator)}/${administrator.objectId}/$ref`;
    assert.equal((await caller.delete(one)).status, 204);
    assert.equal((await caller.delete(`${members(globalAdministrator)}/${id}/$ref`)).status, 204);
  });
});

describe('no way up', () => {
  test('nobody but a Global Administrator gives roles, to himself or to others', async () => {
    for (const role of Object.values(directoryRoleIds)) {
      if (role === globalAdministrator) continue;
      const name = `climber.${role.slice(0, 8)}`;
      const climber = await admin.person(name, role);
      const self = admin.reference(climber.objectId);
      const json = { principalId: climber.objectId, roleDefinitionId: globalAdministrator };
      const attempts = [
        climber.post(`${members(globalAdministrator)}/$ref`, self),
        climber.post(`${MANAGED}/roleAssignments`, json),
      ];
      for (const attempt of await Promise.all(attempts)) assert.deepEqual(attempt.refusal, DENIED);
    }
  });

  test('a User Administrator takes over no administrator’s account', async () => {
    const helper = await admin.person('helpdesk', userAdministrator);
    const target = await admin.createUser('administrator.of.apps');
    const link = admin.reference(target);
    assert.equal((await admin.post(`${members(applicationAdministrator)}/$ref`, link)).status, 204);
    const path = `/users/${target}`;
    const passwordProfile = { password: 'Correct-Horse-8' };
    const attempts = [
      helper.patch(path, { passwordProfile }),
      helper.patch(path, { userPrincipalName: 'other@test.localhost' }),
      helper.patch(path, { accountEnabled: false }),
      helper.post(`${path}/revokeSignInSessions`),
      helper.delete(path),
    ];
    for (const attempt of await Promise.all(attempts)) assert.deepEqual(attempt.refusal, DENIED);
    const plain = await admin.createUser('plain');
    assert.equal((await helper.patch(`/users/${plain}`, { passwordProfile })).status, 204);
  });

  test('an Application Administrator acts as no application with a role', async () => {
    const right = await admin.person('app.admin', applicationAdministrator);
    const strong = await admin.register('strong', userAdministrator);
    const self = admin.reference(right.objectId);
    const trust = {
      name: 'mine',
      issuer: 'https://evil.test',
      subject: 'me',
      audiences: ['api://AzureADTokenExchange'],
    };
    const app = `/applications/${strong.id}`;
    const principal = `/servicePrincipals/${strong.principalId}`;
    const attempts = [
      right.post(`${app}/addPassword`),
      right.post(`${principal}/addPassword`),
      right.post(`${app}/owners/$ref`, self),
      right.post(`${principal}/owners/$ref`, self),
      right.post(`${app}/federatedIdentityCredentials`, trust),
      right.patch(app, { keyCredentials: [] }),
      right.patch(app, { web: { redirectUris: ['https://evil.test/'] } }),
      right.delete(app),
    ];
    for (const attempt of await Promise.all(attempts)) assert.deepEqual(attempt.refusal, DENIED);
    const weak = await admin.register('weak');
    assert.equal((await right.post(`/applications/${weak.id}/addPassword`)).status, 200);
  });

  test('only a group made for roles holds one, and only an administrator makes such', async () => {
    const helper = await admin.person('group.helper', directoryRoleIds.groupsAdministrator);
    const plain = await admin.createGroup('plain');
    const grant = (id: string) =>
      admin.post(`${MANAGED}/roleAssignments`, {
        principalId: id,
        roleDefinitionId: userAdministrator,
      });
    assert.deepEqual((await grant(plain)).refusal, BAD);
    const wanted = {
      displayName: 'made for roles',
      mailNickname: 'roles',
      mailEnabled: false,
      securityEnabled: true,
      isAssignableToRole: true,
    };
    assert.deepEqual((await helper.post('/groups', wanted)).refusal, DENIED);
    const group = (await admin.create('/groups', wanted)).id;
    assert.equal((await admin.get(`/groups/${group}`)).body.isAssignableToRole, true);
    // Also before it holds any: who waits inside would rise with it.
    const early = await helper.post(
      `/groups/${group}/members/$ref`,
      admin.reference(helper.objectId),
    );
    assert.deepEqual(early.refusal, DENIED);
    assert.equal((await grant(group)).status, 201);
  });
});
