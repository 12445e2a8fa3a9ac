import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { directoryRoleIds, wellKnownAppIds } from '#directory';
import { GraphCaller } from '../graph-caller.fixture.ts';

const DENIED = [403, 'Authorization_RequestDenied'];
const EXISTS = [409, 'Request_MultipleObjectsWithSameKeyValue'];

let admin: GraphCaller;
let helper: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
  helper = await admin.person('app.admin', directoryRoleIds.applicationAdministrator);
});

describe('a service principal', () => {
  test('of Microsoft’s own is deleted by nobody: consent to our planes hangs on it', async () => {
    for (const appId of Object.values(wellKnownAppIds)) {
      const own = admin.tenant.directory.servicePrincipalByAppId(appId);
      for (const caller of [admin, helper]) {
        const answer = await caller.delete(`/servicePrincipals/${own?.id}`);
        assert.deepEqual(answer.refusal, DENIED, appId);
      }
    }
  });

  test('keeps its secrets when somebody asks for a second one like it', async () => {
    const strong = await admin.register('strong', directoryRoleIds.globalAdministrator);
    const principal = `/servicePrincipals/${strong.principalId}`;
    assert.equal((await admin.post(`${principal}/addPassword`)).status, 200);
    const again = await helper.post('/servicePrincipals', { appId: strong.appId });
    assert.deepEqual(again.refusal, EXISTS);
    const { passwordCredentials } = (await admin.get(principal)).body;
    assert.ok(Array.isArray(passwordCredentials) && passwordCredentials.length === 1);
  });

  test('with a role guards its application also while it is deleted', async () => {
    const strong = await admin.register('waiting', directoryRoleIds.userAdministrator);
    assert.equal((await admin.delete(`/servicePrincipals/${strong.principalId}`)).status, 204);
    const application = `/applications/${strong.id}`;
    for (const attempt of [
      await helper.post(`${application}/addPassword`),
      await helper.patch(application, { displayName: 'mine' }),
      await helper.post(`${application}/owners/$ref`, admin.reference(helper.objectId)),
    ]) {
      assert.deepEqual(attempt.refusal, DENIED);
    }
    assert.equal((await admin.post(`${application}/addPassword`)).status, 200);
  });
});
