import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import {
  changeFederatedCredentials,
  createManagedIdentity,
  Directory,
  deleteHost,
  type FederatedIdentityCredential,
  type Host,
  putHost,
  unassignFromHost,
} from '#directory';
import { ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import { decideRevocation } from './revocation.ts';

async function open() {
  const tenantId = newGuid();
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(tenantId), 'test'));
  const directory = await Directory.open({ storage, tenantId, clock });
  const make = () => createManagedIdentity(view, { resourceId: '/r', displayName: 'one' }, clock);
  return { view, directory, make };
}

const trust: FederatedIdentityCredential = {
  id: 'credential',
  name: 'workload',
  issuer: 'https://issuer.example',
  subject: 'workload',
  audiences: ['api://AzureADTokenExchange'],
  description: null,
};

function hostOf(changes: Partial<Host>): Host {
  const id = newGuid();
  return { id, resourceId: '/m', publicKey: '', userAssignedPrincipalIds: [], ...changes };
}

describe('a token of a managed identity', () => {
  const claims = { iss: '', aud: '', tid: '', iat: 0, nbf: 0, exp: 0, idtyp: 'app' } as const;

  test('dies with the federated credential that obtained it', async () => {
    const { view, directory, make } = await open();
    const { id, appId } = await make();
    const token = { ...claims, oid: id, appid: appId, cred: trust.id };
    assert.equal(decideRevocation(directory, token), 'credential');
    await changeFederatedCredentials(view, id, () => [trust]);
    assert.equal(decideRevocation(directory, token), undefined);
    await changeFederatedCredentials(view, id, () => []);
    assert.equal(decideRevocation(directory, token), 'credential');
  });

  test('dies when the machine loses the identity, and with the machine', async () => {
    const { view, directory, make } = await open();
    const { id, appId } = await make();
    const host = hostOf({ userAssignedPrincipalIds: [id] });
    const token = { ...claims, oid: id, appid: appId, cred: host.id };
    assert.equal(decideRevocation(directory, token), 'credential');
    await putHost(view, host);
    assert.equal(decideRevocation(directory, token), undefined);
    await unassignFromHost(view, host.id, id);
    assert.equal(decideRevocation(directory, token), 'credential');
    await putHost(view, hostOf({ id: host.id, systemAssignedPrincipalId: id }));
    assert.equal(decideRevocation(directory, token), undefined);
    await deleteHost(view, host.id);
    assert.equal(decideRevocation(directory, token), 'credential');
  });

  test('is not kept alive by a machine that has another identity', async () => {
    const { view, directory, make } = await open();
    const mine = await make();
    const other = await make();
    const host = hostOf({ systemAssignedPrincipalId: other.id });
    await putHost(view, host);
    const token = { ...claims, oid: mine.id, appid: mine.appId, cred: host.id };
    assert.equal(decideRevocation(directory, token), 'credential');
  });
});
