import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import { ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import { Directory } from './directory.ts';
import {
  changeFederatedCredentials,
  createManagedIdentity,
  deleteManagedIdentity,
  keySetSchema,
  parseHostKey,
  putHost,
} from './managed-identities.ts';
import type { FederatedIdentityCredential, Host } from './records.ts';

const RESOURCE = '/subscriptions/s/resourcegroups/g/providers/P/userAssignedIdentities/one';

async function open() {
  const tenantId = newGuid();
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition(tenantId), 'test'));
  const directory = await Directory.open({ storage, tenantId, clock });
  const make = () =>
    createManagedIdentity(view, { resourceId: RESOURCE, displayName: 'one' }, clock);
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
  return {
    id: newGuid(),
    resourceId: '/machine',
    publicKey: '',
    userAssignedPrincipalIds: [],
    ...changes,
  };
}

describe('a managed identity', () => {
  test('is a service principal that no secret, certificate or redirect leads to', async () => {
    const { directory, make } = await open();
    const { id, appId } = await make();
    assert.equal(directory.servicePrincipal(id)?.servicePrincipalType, 'ManagedIdentity');
    assert.equal(directory.principalType(id), 'ServicePrincipal');
    const client = directory.client(appId);
    assert.ok(client);
    assert.equal(client.isFallbackPublicClient, false);
    for (const ways of [
      client.passwordCredentials,
      client.keyCredentials,
      client.federatedIdentityCredentials,
      client.publicClientRedirectUris,
      client.webRedirectUris,
      client.spaRedirectUris,
    ]) {
      assert.deepEqual(ways, []);
    }
  });

  test('is no resource that tokens could be asked for, and no application', async () => {
    const { directory, make } = await open();
    const { appId } = await make();
    assert.equal(directory.applicationByAppId(appId), undefined);
    assert.equal(directory.applicationByResource(appId), undefined);
  });

  test('is gone for good when it is deleted: nothing is kept to be restored', async () => {
    const { view, directory, make } = await open();
    const { id, appId } = await make();
    await deleteManagedIdentity(view, id);
    assert.equal(directory.isEnabled(id), false);
    assert.equal(directory.client(appId), undefined);
    assert.equal(await view.get(`directory/service-principal/${id}`), undefined);
    await deleteManagedIdentity(view, id);
  });

  test('has the federated credentials that were last written', async () => {
    const { view, directory, make } = await open();
    const { id, appId } = await make();
    await changeFederatedCredentials(view, id, (before) => [...before, trust]);
    assert.deepEqual(directory.client(appId)?.federatedIdentityCredentials, [trust]);
    await changeFederatedCredentials(view, id, () => []);
    assert.deepEqual(directory.client(appId)?.federatedIdentityCredentials, []);
  });
});

test('a machine is given only identities that exist', async () => {
  const { view, directory } = await open();
  const host = hostOf({ userAssignedPrincipalIds: [newGuid()] });
  await assert.rejects(putHost(view, host));
  assert.equal(directory.host(host.id), undefined);
});

describe('a machine’s key', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

  test('is read from base64 and from PEM alike', () => {
    assert.equal(parseHostKey(der), der);
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    assert.equal(parseHostKey(pem), der);
  });

  test('is on P-256 and public: anything else is refused', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const secret = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const texts = [
      '',
      'x',
      'AAAA',
      `${der}AAAA`.repeat(10),
      rsa.export({ format: 'der', type: 'spki' }).toString('base64'),
      other.export({ format: 'der', type: 'spki' }).toString('base64'),
      secret.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    ];
    for (const text of texts) assert.equal(parseHostKey(text), undefined, text.slice(0, 20));
  });
});

test('uploaded keys of an issuer are public keys, 1 to 20 of them', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ format: 'jwk' });
  const fits = (keys: readonly unknown[]) => keySetSchema.safeParse({ keys }).success;
  assert.ok(fits([{ ...key, kid: 'k' }]));
  assert.ok(fits(Array(20).fill(key)));
  assert.ok(!fits(Array(21).fill(key)));
  assert.ok(!fits([]));
  assert.ok(!fits([privateKey.export({ format: 'jwk' })]), 'a private key is not stored');
  assert.ok(!fits([{ kty: 'oct', k: 'AAAA' }]), 'a shared secret proves nothing');
  assert.ok(!fits([{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }]), 'no point on the curve');
});
