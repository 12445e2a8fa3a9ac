import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { directoryRoleIds, wellKnownAppIds } from '#directory';
import { newGuid } from '#kernel';
import { type GraphAnswer, GraphCaller, type Registered } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const MISSING = [404, 'Request_ResourceNotFound'];
const BAD = [400, 'Request_BadRequest'];
const PATH = '/oauth2PermissionGrants';

let admin: GraphCaller;
let client: Registered;
let resource: Registered;
let everybody: object;
before(async () => {
  admin = await GraphCaller.administrator();
  client = await admin.register('client');
  resource = await admin.register('resource');
  everybody = {
    clientId: client.principalId,
    consentType: 'AllPrincipals',
    resourceId: resource.principalId,
    scope: 'Files.Read',
  };
});

const scopes = ({ items }: GraphAnswer) => items.map(({ scope }) => scope);

describe('a permission grant', () => {
  test('is made once per client, resource and person, changed and taken back', async () => {
    const user = await admin.createUser('consenting');
    const made = await admin.create(PATH, everybody);
    const again = await admin.post(PATH, everybody);
    assert.deepEqual(again.refusal, [409, 'Request_MultipleObjectsWithSameKeyValue']);
    const personal = { ...everybody, consentType: 'Principal', principalId: user, scope: 'Mine' };
    const own = await admin.create(PATH, personal);
    assert.equal((await admin.patch(`${PATH}/${made.id}`, { scope: 'Files.Write' })).status, 204);
    assert.equal((await admin.get(`${PATH}/${made.id}`)).body.scope, 'Files.Write');
    const filter = encodeURIComponent(`clientId eq '${client.principalId}'`);
    assert.deepEqual(
      new Set(scopes(await admin.get(`${PATH}?$filter=${filter}`))),
      new Set(['Files.Write', 'Mine']),
    );
    assert.deepEqual(scopes(await admin.get(`/users/${user}${PATH}`)), ['Mine']);
    const ofClient = await admin.get(`/servicePrincipals/${client.principalId}${PATH}`);
    assert.equal(ofClient.items.length, 2);
    for (const { id } of [made, own]) {
      assert.equal((await admin.delete(`${PATH}/${id}`)).status, 204);
      assert.deepEqual((await admin.delete(`${PATH}/${id}`)).refusal, MISSING);
    }
  });

  test('names a person exactly where it is one person’s, and things that exist', async () => {
    const someone = await admin.createUser('someone');
    for (const json of [
      { ...everybody, consentType: 'Principal' },
      { ...everybody, principalId: someone },
      { ...everybody, consentType: 'Nobody' },
    ]) {
      assert.deepEqual((await admin.post(PATH, json)).refusal, BAD);
    }
    for (const property of ['clientId', 'resourceId']) {
      const refused = await admin.post(PATH, { ...everybody, [property]: newGuid() });
      assert.deepEqual(refused.refusal, MISSING);
    }
  });

  test('for everybody is not a person’s to give himself', async () => {
    const person = await admin.person('consenter');
    assert.deepEqual((await person.post(PATH, everybody)).refusal, DENIED);
    assert.deepEqual((await client.caller.post(PATH, everybody)).refusal, DENIED);
    const right = await admin.person('app.admin', directoryRoleIds.applicationAdministrator);
    const made = await right.create(PATH, everybody);
    assert.equal((await right.delete(`${PATH}/${made.id}`)).status, 204);
  });

  test('to the directory, in an administrator’s name, is nobody lesser’s to give', async () => {
    const right = await admin.person(
      'climbing.app.admin',
      directoryRoleIds.applicationAdministrator,
    );
    const chief = await admin.person('chief', directoryRoleIds.globalAdministrator);
    const graph = admin.tenant.directory.servicePrincipalByAppId(wellKnownAppIds.microsoftGraph);
    const whole = { ...everybody, resourceId: graph?.id, scope: 'user_impersonation' };
    const his = { ...whole, consentType: 'Principal', principalId: chief.objectId };
    for (const json of [whole, his, { ...whole, scope: 'openid Directory.AccessAsUser.All' }]) {
      assert.deepEqual((await right.post(PATH, json)).refusal, DENIED);
    }
    const profile = await right.create(PATH, { ...whole, scope: 'openid User.Read' });
    const widened = { scope: 'User.Read user_impersonation' };
    assert.deepEqual((await right.patch(`${PATH}/${profile.id}`, widened)).refusal, DENIED);
    assert.equal((await chief.patch(`${PATH}/${profile.id}`, widened)).status, 204);
    assert.equal((await right.delete(`${PATH}/${profile.id}`)).status, 204);
  });
});
