import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { addPasskey, directoryRoleIds, saveAuthenticator } from '#directory';
import { type GraphAnswer, GraphCaller } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const MISSING = [404, 'Request_ResourceNotFound'];
const SECRET = 'JBSWY3DPEHPK3PXP';

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

async function personWithFactors(name: string): Promise<GraphCaller> {
  const person = await admin.person(name);
  const { view, clock } = admin.tenant;
  const userId = person.objectId;
  const passkey = {
    credentialId: `credential-of-${name}`,
    publicKey: 'public-key',
    counter: 0,
    transports: [],
    displayName: 'Phone',
  };
  await addPasskey(view, { userId, passkey }, clock);
  await saveAuthenticator(view, { userId, secret: SECRET, step: 1 }, clock);
  return person;
}

const typesOf = ({ items }: GraphAnswer) =>
  items.map((one) => String(one['@odata.type']).replace('#microsoft.graph.', ''));

describe('a second factor', () => {
  test('is seen by its person, without what it is made of', async () => {
    const person = await personWithFactors('factors');
    const own = await person.get('/me/authentication/methods');
    assert.deepEqual(
      new Set(typesOf(own)),
      new Set([
        'passwordAuthenticationMethod',
        'softwareOathAuthenticationMethod',
        'fido2AuthenticationMethod',
      ]),
    );
    for (const secret of [SECRET, 'public-key', 'credential-of']) {
      assert.ok(!own.text.includes(secret), secret);
    }
    assert.deepEqual((await admin.get('/me/authentication/methods')).refusal, [400, 'BadRequest']);
    const byName = await admin.get('/users/factors@test.localhost/authentication/methods');
    assert.equal(byName.items.length, 3);
  });

  test('that is lost is taken away by a Global Administrator', async () => {
    const person = await personWithFactors('lost');
    const path = `/users/${person.objectId}/authentication`;
    for (const name of ['softwareOathMethods', 'fido2Methods']) {
      const [method] = (await admin.get(`${path}/${name}`)).items;
      assert.equal((await admin.delete(`${path}/${name}/${method?.id}`)).status, 204, name);
      const again = await admin.delete(`${path}/${name}/${method?.id}`);
      assert.deepEqual(again.refusal, MISSING, name);
    }
    assert.deepEqual(typesOf(await admin.get(`${path}/methods`)), ['passwordAuthenticationMethod']);
    const filter = encodeURIComponent("activityDisplayName eq 'Update authentication methods'");
    const log = await admin.get(`/auditLogs/directoryAudits?$filter=${filter}`);
    assert.equal(log.items.length, 2);
    assert.ok(log.text.includes(person.objectId));
    assert.ok(!log.text.includes(SECRET));
  });

  test('stays where a helpdesk can reset the password, or his own thief asks', async () => {
    const person = await personWithFactors('guarded');
    const helper = await admin.person('helpdesk', directoryRoleIds.userAdministrator);
    const path = `/users/${person.objectId}/authentication`;
    const [method] = (await admin.get(`${path}/fido2Methods`)).items;
    for (const caller of [helper, person]) {
      assert.deepEqual((await caller.get(`${path}/methods`)).refusal, DENIED);
      const removed = await caller.delete(`${path}/fido2Methods/${method?.id}`);
      assert.deepEqual(removed.refusal, DENIED);
    }
  });
});
