// The sign-in log and the directory audit log of a real instance: what happened just before a stop
// is there after the next start, and deleting a principal is felt by the vault.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { z } from '#kernel';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import { startInstance, temporaryDirectory } from '#test/kit/instance.ts';

const EVENTS = z.object({ value: z.array(z.looseObject({ id: z.string() })) });
const OBJECTS = z.object({ value: z.array(z.object({ id: z.string() })) });

const dataDirectory = temporaryDirectory();
after(() => rmSync(dataDirectory, { recursive: true, force: true }));

describe('the identity logs', () => {
  test('keep over a stop what happened just before it', async () => {
    const first = await startInstance({ dataDirectory });
    const app = await createApplication(first.owner, 'before the stop');
    await app.issueToken(first.graph);
    await first.stop();
    const second = await startInstance({ dataDirectory });
    const read = async (path: string) =>
      (await second.owner.graph({ path })).expect(200).read(EVENTS).value;
    try {
      const filter = encodeURIComponent(`appId eq '${app.credentials.clientId}'`);
      const [signIn] = await read(`/auditLogs/signIns?$filter=${filter}`);
      assert.equal(signIn?.servicePrincipalId, app.objectId);
      const audits = await read('/auditLogs/directoryAudits');
      assert.ok(audits.some((event) => JSON.stringify(event).includes(app.objectId)));
    } finally {
      await second.stop();
    }
  });
});

describe('who is deleted', () => {
  test('is refused by the vault at the next request, token or not', async () => {
    const instance = await startInstance();
    try {
      const { owner } = instance;
      const vault = await createVault(owner, { model: 'rbac' });
      const app = await createApplication(owner, 'leaving');
      await admitToSecrets(owner, app, { name: vault, model: 'rbac' });
      const set = { method: 'PUT', path: '/secrets/s', json: { value: 'v' } };
      (await app.vault(vault, set)).expect(200);
      const path = `/servicePrincipals/${app.objectId}`;
      (await owner.graph({ method: 'DELETE', path })).expect(204);
      assert.equal((await app.vault(vault, { path: '/secrets/s' })).status, 401);
      const filter = encodeURIComponent(`appId eq '${app.credentials.clientId}'`);
      const left = await owner.graph({ path: `/servicePrincipals?$filter=${filter}` });
      assert.deepEqual(left.expect(200).read(OBJECTS).value, []);
    } finally {
      await instance.stop();
    }
  });
});
