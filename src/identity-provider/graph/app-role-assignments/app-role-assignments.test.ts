import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { directoryRoleIds } from '#directory';
import { newGuid } from '#kernel';
import { type GraphAnswer, GraphCaller, type Registered } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const MISSING = [404, 'Request_ResourceNotFound'];
const BAD = [400, 'Request_BadRequest'];
const ROLE = newGuid();
const PEOPLE_ONLY = newGuid();
const DISABLED = newGuid();

let admin: GraphCaller;
let resource: Registered;
before(async () => {
  admin = await GraphCaller.administrator();
  resource = await admin.register('resource');
  const role = (id: string, more: object) => ({
    id,
    value: `role-${id}`,
    displayName: id,
    description: id,
    allowedMemberTypes: ['User', 'Application'],
    isEnabled: true,
    ...more,
  });
  const appRoles = [
    role(ROLE, {}),
    role(PEOPLE_ONLY, { allowedMemberTypes: ['User'] }),
    role(DISABLED, { isEnabled: false }),
  ];
  assert.equal((await admin.patch(`/applications/${resource.id}`, { appRoles })).status, 204);
});

const give = (caller: GraphCaller, path: string, principalId: string, appRoleId = ROLE) =>
  caller.post(path, { principalId, resourceId: resource.principalId, appRoleId });
const ids = ({ items }: GraphAnswer) => items.map(({ id }) => id);

describe('an app role', () => {
  test('is given to users, groups and applications, and seen from both ends', async () => {
    const user = await admin.createUser('role.holder');
    const group = await admin.createGroup('role holders');
    const app = await admin.register('role holder');
    const to = `/servicePrincipals/${resource.principalId}/appRoleAssignedTo`;
    const holders: readonly (readonly [string, string])[] = [
      [`/users/${user}`, user],
      [`/groups/${group}`, group],
      [`/servicePrincipals/${app.principalId}`, app.principalId],
    ];
    for (const [path, principalId] of holders) {
      const made = await give(admin, `${path}/appRoleAssignments`, principalId);
      assert.equal(made.status, 201, made.text);
      const { body } = made;
      assert.deepEqual(
        [body.principalId, body.resourceId, body.resourceDisplayName, body.appRoleId],
        [principalId, resource.principalId, 'resource', ROLE],
      );
      assert.deepEqual(ids(await admin.get(`${path}/appRoleAssignments`)), [body.id]);
      assert.equal((await admin.get(`${to}/${body.id}`)).status, 200);
      const twice = await give(admin, to, principalId);
      assert.deepEqual(twice.refusal, [400, 'Request_MultipleObjectsWithSameKeyValue']);
    }
    assert.equal((await admin.get(to)).items.length, 3);
    for (const { id } of (await admin.get(to)).items) {
      assert.equal((await admin.delete(`${to}/${id}`)).status, 204);
      assert.deepEqual((await admin.delete(`${to}/${id}`)).refusal, MISSING);
    }
  });

  test('is refused where it is unknown, disabled, or not for this kind of holder', async () => {
    const app = await admin.register('ineligible');
    const path = `/servicePrincipals/${app.principalId}/appRoleAssignments`;
    for (const role of [newGuid(), DISABLED, PEOPLE_ONLY]) {
      assert.deepEqual((await give(admin, path, app.principalId, role)).refusal, BAD);
    }
    assert.deepEqual((await give(admin, path, newGuid())).refusal, BAD, 'another than the path');
    const to = `/servicePrincipals/${resource.principalId}/appRoleAssignedTo`;
    assert.deepEqual((await give(admin, to, newGuid())).refusal, MISSING);
  });

  test('is an administrator’s to give: neither the holder’s owner nor a reader can', async () => {
    const app = await admin.register('climber');
    const owner = await admin.person('climber.owner');
    await admin.post(
      `/servicePrincipals/${app.principalId}/owners/$ref`,
      admin.reference(owner.objectId),
    );
    const path = `/servicePrincipals/${app.principalId}/appRoleAssignments`;
    assert.deepEqual((await give(owner, path, app.principalId)).refusal, DENIED);
    assert.deepEqual((await give(app.caller, path, app.principalId)).refusal, DENIED);
    const helper = await admin.person('helper', directoryRoleIds.userAdministrator);
    assert.deepEqual((await give(helper, path, app.principalId)).refusal, DENIED);
    const right = await admin.person('app.admin', directoryRoleIds.applicationAdministrator);
    assert.equal((await give(right, path, app.principalId)).status, 201);
  });
});
