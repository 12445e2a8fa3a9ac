import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  GROUP,
  openTestManagement,
  SUB,
  TENANT,
  type TestManagement,
} from '../management.fixture.ts';

const TYPE = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const IDENTITY = `${GROUP}/${TYPE}/worker`;
const body = { location: 'westeurope', tags: { team: 'a' } };
const trust = {
  issuer: 'https://issuer.example',
  subject: 'system:serviceaccount:ns:worker',
  audiences: ['api://AzureADTokenExchange'],
};

async function open(): Promise<TestManagement> {
  const management = await openTestManagement();
  await management.send('PUT', GROUP, { body: { location: 'westeurope' } });
  return management;
}

async function openWithIdentity() {
  const management = await open();
  const made = await management.send('PUT', IDENTITY, { body });
  assert.equal(made.status, 201);
  const { principalId, clientId } = made.body.properties;
  return { ...management, principalId, clientId };
}

describe('a user-assigned identity', () => {
  test('is created with a principal of its own and reads back as it was made', async () => {
    const { send, directory } = await open();
    const made = await send('PUT', IDENTITY, { body });
    const { principalId, clientId, tenantId } = made.body.properties;
    assert.equal(tenantId, TENANT);
    const principal = directory.servicePrincipal(principalId);
    assert.equal(principal?.appId, clientId);
    assert.equal(principal?.servicePrincipalType, 'ManagedIdentity');
    assert.equal(principal?.managedIdentityResourceId, made.body.id);
    assert.deepEqual((await send('GET', IDENTITY)).body, made.body);
    assert.deepEqual(made.body, {
      id: IDENTITY.replace('resourceGroups', 'resourcegroups'),
      name: 'worker',
      type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
      location: 'westeurope',
      tags: { team: 'a' },
      properties: { tenantId, principalId, clientId },
    });
  });

  test('keeps its principal when it is put again, in any case of its name', async () => {
    const { send, principalId } = await openWithIdentity();
    const again = await send('PUT', `${GROUP}/${TYPE}/WORKER`, {
      body: { location: 'West Europe' },
    });
    assert.equal(again.status, 200);
    assert.equal(again.body.name, 'worker');
    assert.equal(again.body.properties.principalId, principalId);
    assert.deepEqual(again.body.tags, {});
  });

  test('changes its tags by PATCH and nothing else', async () => {
    const { send, principalId } = await openWithIdentity();
    const patched = await send('PATCH', IDENTITY, { body: { location: 'x', tags: { b: '2' } } });
    assert.deepEqual(patched.body.tags, { b: '2' });
    assert.equal(patched.body.location, 'westeurope');
    assert.equal(patched.body.properties.principalId, principalId);
    assert.deepEqual((await send('PATCH', IDENTITY)).body.tags, { b: '2' });
  });

  test('cannot be told its principal or client by whoever makes it', async () => {
    const { send, owner } = await open();
    const properties = { principalId: owner.objectId, clientId: owner.applicationId };
    const made = await send('PUT', IDENTITY, { body: { ...body, properties } });
    assert.notEqual(made.body.properties.principalId, owner.objectId);
    assert.notEqual(made.body.properties.clientId, owner.applicationId);
  });

  test('ends its principal when it is deleted, and one of its name is another', async () => {
    const { send, directory, principalId, clientId, assign, resources } = await openWithIdentity();
    await assign(principalId, 'Reader', IDENTITY);
    assert.equal((await send('DELETE', IDENTITY)).status, 200);
    assert.equal(directory.isEnabled(principalId), false);
    assert.equal(directory.client(clientId), undefined);
    assert.equal((await send('GET', IDENTITY)).status, 404);
    assert.equal((await send('DELETE', IDENTITY)).status, 204);
    const left = [...resources.roleAssignments().values()].map(({ scope }) => scope);
    assert.ok(!left.includes(IDENTITY), 'what was assigned at it is gone too');
    const again = await send('PUT', IDENTITY, { body });
    assert.notEqual(again.body.properties.principalId, principalId);
  });

  test('goes with its resource group', async () => {
    const { send, directory, principalId } = await openWithIdentity();
    await send('DELETE', GROUP);
    assert.equal(directory.isEnabled(principalId), false);
  });

  test('does not move: another location is refused', async () => {
    const { send } = await openWithIdentity();
    const moved = await send('PUT', IDENTITY, { body: { location: 'eastus' } });
    assert.equal(moved.body.error.code, 'InvalidResourceLocation');
  });

  test('has a name of 3 to 128 letters, digits, hyphens and underscores', async () => {
    const { send } = await open();
    const put = (name: string) => send('PUT', `${GROUP}/${TYPE}/${name}`, { body });
    for (const name of ['ab', '-abc', 'a.bc', 'a'.repeat(129)]) {
      assert.equal((await put(name)).body.error.code, 'InvalidResourceName', name);
    }
    for (const name of ['abc', '1_-', 'a'.repeat(128)]) {
      assert.equal((await put(name)).status, 201, name);
    }
  });

  test('is put where the api-version is known and the location given', async () => {
    const { send } = await open();
    const put = (version: string, given: unknown = body) =>
      send('PUT', IDENTITY, { body: given, version });
    assert.equal((await put('2015-08-30')).body.error.code, 'NoRegisteredProviderFound');
    assert.equal((await put('2025-05-31-preview')).status, 201);
    assert.equal((await put('2023-01-31', { location: '' })).body.error.code, 'LocationRequired');
  });

  test('takes role assignments: as a principal, and as a scope', async () => {
    const { send, principalId, newPrincipal } = await openWithIdentity();
    const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
    const put = (scope: string, principal: string) =>
      send(
        'PUT',
        `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`,
        {
          body: {
            properties: {
              principalId: principal,
              principalType: 'ServicePrincipal',
              roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
            },
          },
        },
      );
    assert.equal((await put(GROUP, principalId)).status, 201);
    const somebody = await newPrincipal();
    assert.equal((await put(IDENTITY, somebody.objectId)).status, 201);
    assert.equal((await send('GET', IDENTITY, { as: somebody })).status, 200);
    assert.equal((await put(`${GROUP}/${TYPE}/absent`, principalId)).status, 404);
  });

  test('is explained like any other principal', async () => {
    const { send, principalId, assign } = await openWithIdentity();
    await assign(principalId, 'Reader', GROUP);
    const action = 'Microsoft.ManagedIdentity/userAssignedIdentities/read';
    const path = '/providers/Strongroom.Authorization/explain';
    const asked = { principalId, action, scope: IDENTITY };
    assert.equal((await send('POST', path, { body: asked })).body.allowed, true);
    const write = { ...asked, action: action.replace('read', 'write') };
    assert.equal((await send('POST', path, { body: write })).body.allowed, false);
  });
});

describe('lists of identities', () => {
  test('hold those of the group or subscription that the caller may read', async () => {
    const { send, newPrincipal, assign } = await openWithIdentity();
    await send('PUT', `${GROUP}/${TYPE}/another`, { body });
    const names = async (path: string, as = {}) =>
      (await send('GET', path, as)).body.value.map(({ name }: { name: string }) => name);
    assert.deepEqual(await names(`${SUB}/${TYPE}`), ['another', 'worker']);
    assert.deepEqual(await names(`${GROUP}/${TYPE}`), ['another', 'worker']);
    const somebody = await newPrincipal();
    const refused = await send('GET', `${SUB}/${TYPE}`, { as: somebody });
    assert.equal(refused.body.error.code, 'AuthorizationFailed');
    await assign(somebody.objectId, 'Reader', IDENTITY);
    assert.deepEqual(await names(`${SUB}/${TYPE}`, { as: somebody }), ['worker']);
  });
});

describe('who may do what with an identity', () => {
  test('Contributor and Managed Identity Contributor make and delete; others do not', async () => {
    const { send, newPrincipal, assign } = await openWithIdentity();
    for (const role of ['Contributor', 'Managed Identity Contributor']) {
      const caller = await newPrincipal();
      await assign(caller.objectId, role, GROUP);
      const path = `${GROUP}/${TYPE}/of-${caller.objectId}`;
      assert.equal((await send('PUT', path, { body, as: caller })).status, 201, role);
      assert.equal((await send('DELETE', path, { as: caller })).status, 200, role);
    }
    for (const role of ['Reader', 'Managed Identity Operator', 'Key Vault Administrator']) {
      const caller = await newPrincipal();
      await assign(caller.objectId, role, GROUP);
      for (const [method, path] of [
        ['PUT', IDENTITY],
        ['PATCH', IDENTITY],
        ['DELETE', IDENTITY],
        ['PUT', `${IDENTITY}/federatedIdentityCredentials/theirs`],
        ['DELETE', `${IDENTITY}/federatedIdentityCredentials/theirs`],
      ] as const) {
        const sent = { body: { ...body, properties: trust }, as: caller };
        const answer = await send(method, path, sent);
        assert.equal(answer.status, 403, `${role} ${method} ${path}`);
      }
    }
  });

  test('a lock stops its deletion', async () => {
    const { send } = await openWithIdentity();
    const lock = `${IDENTITY}/providers/Microsoft.Authorization/locks/keep`;
    await send('PUT', lock, { body: { properties: { level: 'CanNotDelete' } } });
    assert.equal((await send('DELETE', IDENTITY)).body.error.code, 'ScopeLocked');
  });
});

describe('a federated credential of an identity', () => {
  const path = (name: string) => `${IDENTITY}/federatedIdentityCredentials/${name}`;

  test('is put, read, listed and deleted', async () => {
    const { send, directory, clientId } = await openWithIdentity();
    const made = await send('PUT', path('workload'), { body: { properties: trust } });
    assert.equal(made.status, 201);
    assert.deepEqual(made.body.properties, trust);
    assert.equal(made.body.name, 'workload');
    assert.deepEqual((await send('GET', path('WORKLOAD'))).body, made.body);
    const list = await send('GET', `${IDENTITY}/federatedIdentityCredentials`);
    assert.deepEqual(list.body.value, [made.body]);
    assert.equal(directory.client(clientId)?.federatedIdentityCredentials.length, 1);
    assert.equal((await send('DELETE', path('workload'))).status, 200);
    assert.equal((await send('DELETE', path('workload'))).status, 204);
    assert.equal((await send('GET', path('workload'))).status, 404);
    assert.deepEqual(directory.client(clientId)?.federatedIdentityCredentials, []);
  });

  test('that is changed is a new one to the tokens of the old; the same again is not', async () => {
    const { send, directory, clientId } = await openWithIdentity();
    const put = (subject: string) =>
      send('PUT', path('workload'), { body: { properties: { ...trust, subject } } });
    const id = () => directory.client(clientId)?.federatedIdentityCredentials[0]?.id;
    await put('one');
    const first = id();
    assert.equal((await put('one')).status, 200);
    assert.equal(id(), first);
    assert.equal((await put('two')).status, 200);
    assert.notEqual(id(), first);
  });

  test('keeps no keys of another issuer: what is put is all there is', async () => {
    const { send } = await openWithIdentity();
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] };
    const put = (properties: object) => send('PUT', path('workload'), { body: { properties } });
    assert.deepEqual((await put({ ...trust, jwks })).body.properties.jwks, jwks);
    const other = await put({ ...trust, issuer: 'https://other.example' });
    assert.equal(other.body.properties.jwks, undefined);
  });

  test('is one of at most 20, each for another subject', async () => {
    const { send } = await openWithIdentity();
    const put = (name: string, subject: string) =>
      send('PUT', path(name), { body: { properties: { ...trust, subject } } });
    for (let n = 0; n < 20; n += 1) assert.equal((await put(`number-${n}`, `${n}`)).status, 201);
    const twentyFirst = await put('number-20', '20');
    assert.match(twentyFirst.body.error.message, /A maximum of 20/);
    assert.equal((await put('number-3', '3')).status, 200);
    const taken = await put('number-3', '4');
    assert.match(taken.body.error.message, /subject combination already exists/);
  });

  test('names exactly one https issuer, subject and audience', async () => {
    const { send } = await openWithIdentity();
    const wrong = [
      { issuer: 'http://issuer.example' },
      { issuer: 'issuer' },
      { subject: '' },
      { subject: 'a'.repeat(601) },
      { audiences: [] },
      { audiences: ['a', 'b'] },
      { claimsMatchingExpression: { value: "claims['sub'] matches '*'", languageVersion: 1 } },
      { jwks: { keys: [] } },
    ];
    for (const change of wrong) {
      const answer = await send('PUT', path('workload'), {
        body: { properties: { ...trust, ...change } },
      });
      assert.equal(answer.status, 400, JSON.stringify(change));
    }
    for (const name of ['ab', '-abc', 'a'.repeat(121)]) {
      const answer = await send('PUT', path(name), { body: { properties: trust } });
      assert.match(answer.body.error.message, /credential name/, name);
    }
  });

  test('of an identity that is not there is not found', async () => {
    const { send } = await open();
    assert.equal((await send('PUT', path('one'), { body: { properties: trust } })).status, 404);
    assert.equal((await send('GET', path('one'))).status, 404);
  });
});
