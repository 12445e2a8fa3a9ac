import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { GraphCaller, PASSWORD } from '../graph-caller.fixture.ts';

const BAD = [400, 'Request_BadRequest'];

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

describe('one’s own account', () => {
  test('gets a new password for the old one, which ends every session', async () => {
    const ann = await admin.person('ann');
    const change = { currentPassword: PASSWORD, newPassword: 'Correct-Horse-8' };
    const wrong = { ...change, currentPassword: 'Correct-Horse-9' };
    assert.deepEqual((await ann.post('/me/changePassword', wrong)).refusal, BAD);
    const weak = { ...change, newPassword: 'short' };
    assert.deepEqual((await ann.post('/me/changePassword', weak)).refusal, BAD);
    const same = { ...change, newPassword: PASSWORD };
    assert.deepEqual((await ann.post('/me/changePassword', same)).refusal, BAD);
    assert.equal((await ann.post('/me/changePassword', change)).status, 204);
    assert.equal((await ann.get('/me')).status, 401);
    await assert.rejects(admin.signInAs(ann.objectId, 'ann@test.localhost'));
    const again = await admin.signInAs(ann.objectId, 'ann@test.localhost', change.newPassword);
    assert.equal((await again.get('/me')).body.id, ann.objectId);
    assert.deepEqual((await admin.post('/me/changePassword', change)).refusal, [400, 'BadRequest']);
  });

  test('a stolen token does not guess it: after ten tries the right one is refused', async () => {
    const bob = await admin.person('bob');
    const guess = (currentPassword: string) =>
      bob.post('/me/changePassword', { currentPassword, newPassword: 'Correct-Horse-8' });
    for (let tries = 0; tries < 10; tries += 1) {
      assert.deepEqual((await guess(`Wrong-Horse-${tries}`)).refusal, BAD);
    }
    assert.deepEqual((await guess(PASSWORD)).refusal, BAD);
  });

  test('ends its own sessions', async () => {
    const eve = await admin.person('eve');
    assert.equal((await eve.post('/me/revokeSignInSessions')).body.value, true);
    assert.equal((await eve.get('/me')).status, 401);
    assert.deepEqual((await admin.post('/me/revokeSignInSessions')).refusal, [400, 'BadRequest']);
  });
});

describe('a user', () => {
  test('gets no password that holds his own name, not even later', async () => {
    const id = await admin.createUser('longname');
    const profile = { password: 'Longname-Horse-7', forceChangePasswordNextSignIn: false };
    const refused = await admin.patch(`/users/${id}`, { passwordProfile: profile });
    assert.deepEqual(refused.refusal, BAD);
  });

  test('keeps what Graph’s clients say of him, and gives it back', async () => {
    const about = { jobTitle: 'Smith', businessPhones: ['1'], usageLocation: 'DE', city: null };
    const id = await admin.createUser('described', about);
    assert.equal((await admin.patch(`/users/${id}`, { department: 'Forge' })).status, 204);
    const { body } = await admin.get(`/users/${id}`);
    for (const [name, value] of Object.entries({ ...about, department: 'Forge' })) {
      assert.deepEqual(body[name], value, name);
    }
    const long = await admin.patch(`/users/${id}`, { jobTitle: 'x'.repeat(257) });
    assert.deepEqual(long.refusal, BAD);
  });
});

test('a secret made on a service principal signs in until it is removed there', async () => {
  const app = await admin.register('two places');
  const path = `/servicePrincipals/${app.principalId}`;
  const added = await admin.post(`${path}/addPassword`, { passwordCredential: {} });
  assert.equal(added.status, 200, added.text);
  const { keyId, secretText } = added.body;
  const shownBy = async (object: string) => (await admin.get(object)).text.includes(String(keyId));
  assert.ok(await shownBy(path));
  assert.ok(!(await shownBy(`/applications/${app.id}`)));
  const signIn = () =>
    admin.tenant.call({
      url: `${admin.tenant.urls.login}/${admin.tenant.tenantId}/oauth2/v2.0/token`,
      form: {
        grant_type: 'client_credentials',
        client_id: app.appId,
        client_secret: String(secretText),
        scope: `${admin.tenant.urls.graph}/.default`,
      },
    });
  assert.equal((await signIn()).status, 200);
  const elsewhere = await admin.post(`/applications/${app.id}/removePassword`, { keyId });
  assert.deepEqual(elsewhere.refusal, BAD);
  // Asking for a second one while this one lives changes nothing.
  const twice = await admin.post('/servicePrincipals', { appId: app.appId });
  assert.equal(twice.status, 409);
  assert.equal((await signIn()).status, 200);
  // Another service principal of the same application does not inherit it.
  assert.equal((await admin.delete(path)).status, 204);
  const next = await admin.createPrincipal(app.appId);
  assert.equal((await signIn()).status, 401);
  const again = await admin.post(`/servicePrincipals/${next}/addPassword`);
  const removal = { keyId: again.body.keyId };
  assert.equal(
    (await admin.post(`/servicePrincipals/${next}/removePassword`, removal)).status,
    204,
  );
  const graph = admin.tenant.directory.servicePrincipalByAppId(
    '00000003-0000-0000-c000-000000000000',
  );
  const own = await admin.post(`/servicePrincipals/${graph?.id}/addPassword`);
  assert.deepEqual(own.refusal, [403, 'Authorization_RequestDenied']);
});
