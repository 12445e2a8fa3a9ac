import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  GROUP,
  openTestManagement,
  SUB,
  SUBSCRIPTION,
  TENANT,
  VAULT,
} from './management.fixture.ts';

test('without a token every path is 401, also one that is none, with the challenge', async () => {
  const arm = await openTestManagement();
  for (const path of ['/subscriptions', VAULT, '/no/such/thing', '/']) {
    const answer = await arm.send('GET', path, { anonymous: true });
    assert.equal(answer.status, 401, path);
    assert.equal(answer.body.error.code, 'AuthenticationFailed');
    assert.equal(
      answer.headers['WWW-Authenticate'],
      `Bearer authorization_uri="https://login.example:8443/${TENANT}", error="invalid_token", ` +
        'error_description="The authentication failed because of missing \'Authorization\' header."',
    );
  }
});

test('every row but the metadata needs a token; what changes something, a right', async () => {
  const arm = await openTestManagement();
  const anonymous = arm.plane.operations.filter(({ access }) => access.kind === 'anonymous');
  assert.deepEqual(
    anonymous.map(({ id }) => id),
    ['Metadata_GetEndpoints'],
  );
  for (const { id, method, access } of arm.plane.operations) {
    if (method === 'GET' || method === 'HEAD' || access.kind === 'anonymous') continue;
    assert.equal(access.kind, 'action', `${id} changes something without asking for a right`);
  }
});

test('who has no right gets nothing from any row that asks for one', async (t) => {
  const arm = await openTestManagement();
  await arm.createVault();
  const stranger = await arm.newPrincipal();
  const values: Readonly<Record<string, string>> = {
    subscriptionId: SUBSCRIPTION,
    resourceGroupName: 'group',
    vaultName: 'contoso',
    operationKind: 'add',
    scope: SUB.slice(1),
    resourceProviderNamespace: 'Microsoft.KeyVault',
    location: 'westeurope',
  };
  const records = () => [
    arm.resources.vault('contoso'),
    arm.resources.roleAssignments().size,
    arm.resources.customRoles().size,
    arm.resources.managementGroups().size,
    [...arm.resources.locks()].length,
    [...arm.resources.resourceGroups()].length,
  ];
  const before = records();
  for (const { id, method, path, access } of arm.plane.operations) {
    if (access.kind !== 'action') continue;
    const filled = path.replace(
      /\{(\w+)\}/g,
      (_whole, name: string) => values[name] ?? SUBSCRIPTION,
    );
    await t.test(id, async () => {
      const body = wellFormed(id);
      const answer = await arm.send(method, filled, { as: stranger, body });
      assert.equal(answer.status, 403, `${method} ${filled}: ${JSON.stringify(answer.body)}`);
    });
  }
  assert.deepEqual(records(), before);
});

/** A body good enough to get past the schema of rows that decide after reading it. */
function wellFormed(id: string): unknown {
  const principalId = '99999999-9999-4999-8999-999999999999';
  const roleDefinitionId = principalId;
  if (id === 'RoleAssignments_Create') return { properties: { roleDefinitionId, principalId } };
  if (/ScheduleRequests_(Create|Validate)$/.test(id)) {
    return { properties: { roleDefinitionId, principalId, requestType: 'AdminAssign' } };
  }
  if (/ApprovalStep_/.test(id)) return { properties: { reviewResult: 'Approve' } };
  if (id === 'Authorization_Explain') return { principalId, action: 'a/read', scope: SUB };
  return {};
}

test('who has no right cannot tell what exists from what does not, nor a lock', async (t) => {
  const arm = await openTestManagement();
  await arm.createVault();
  const stranger = await arm.newPrincipal();
  const lock = `${GROUP}/providers/Microsoft.Authorization/locks/still`;
  const ask = async (method: string, path: string, id: string) => {
    const answer = await arm.send(method, path, { as: stranger, body: wellFormed(id) });
    return [answer.status, answer.body];
  };
  const elsewhere = '33333333-3333-4333-8333-333333333333';
  for (const { id, method, path, access } of arm.plane.operations) {
    if (access.kind === 'anonymous' || !/\{(subscriptionId|scope)\}/.test(path)) continue;
    for (const scope of [SUB, GROUP, VAULT]) {
      const named = path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
        if (name === 'scope') return scope.slice(1);
        if (name === 'subscriptionId') return SUBSCRIPTION;
        if (name === 'resourceGroupName') return 'group';
        return name === 'resourceProviderNamespace' ? 'Microsoft.KeyVault' : elsewhere;
      });
      await t.test(`${id} ${named}`, async () => {
        const there = JSON.stringify(await ask(method, named, id));
        const missing = {
          [SUBSCRIPTION]: '44444444-4444-4444-8444-444444444444',
          '/group': '/nobody',
        };
        for (const [name, other] of Object.entries(missing)) {
          const answer = JSON.stringify(await ask(method, named.replaceAll(name, other), id));
          assert.equal(answer, there.replaceAll(name, other));
        }
        await arm.send('PUT', lock, { body: { properties: { level: 'ReadOnly' } } });
        assert.equal(JSON.stringify(await ask(method, named, id)), there);
        await arm.send('DELETE', lock);
      });
    }
  }
});

test('one is told of an unknown provider, type or path, and of a wrong method', async () => {
  const arm = await openTestManagement();
  const of = async (method: string, path: string) => {
    const { status, body } = await arm.send(method, path);
    return [status, body.error.code];
  };
  assert.deepEqual(await of('GET', `${SUB}/providers/Microsoft.Nothing/x`), [
    404,
    'InvalidResourceNamespace',
  ]);
  assert.deepEqual(await of('GET', `${SUB}/providers/Microsoft.KeyVault/x`), [
    404,
    'InvalidResourceType',
  ]);
  assert.deepEqual(await of('GET', '/no'), [404, 'NotFound']);
  assert.deepEqual(await of('POST', VAULT), [405, 'HttpMethodNotAllowed']);
});

test('a subscription that does not exist is not found, for who may read everything', async () => {
  const arm = await openTestManagement();
  const other = '/subscriptions/33333333-3333-4333-8333-333333333333';
  for (const path of [other, `${other}/resourcegroups`, `${other}/resourceGroups/g`]) {
    assert.equal((await arm.send('GET', path)).body.error.code, 'SubscriptionNotFound', path);
  }
  const put = await arm.send('PUT', `${other}/resourceGroups/g`, { body: { location: 'westus' } });
  assert.equal(put.status, 404);
});

test('answers carry the headers of Resource Manager', async () => {
  const arm = await openTestManagement();
  const id = '99999999-9999-4999-8999-999999999999';
  const headers = {
    'x-ms-correlation-request-id': id,
    'x-ms-client-request-id': id,
    'x-ms-return-client-request-id': 'true',
  };
  const answer = await arm.send('GET', '/subscriptions', { headers });
  assert.equal(answer.headers['x-ms-correlation-request-id'], id);
  assert.equal(answer.headers['x-ms-client-request-id'], id);
  assert.match(answer.headers['x-ms-routing-request-id'] ?? '', /^LOCAL:20260601T000000Z:/);
  assert.equal(answer.headers['x-ms-ratelimit-remaining-subscription-reads'], '11999');
  assert.equal(answer.headers['Strict-Transport-Security'], 'max-age=31536000; includeSubDomains');
  const forged = { 'x-ms-correlation-request-id': 'a\r\nSet-Cookie: x' };
  const other = await arm.send('GET', '/subscriptions', { headers: forged });
  assert.match(other.headers['x-ms-correlation-request-id'] ?? '', /^[0-9a-f-]{36}$/);
});

test('the metadata has the three shapes clients read, and needs no token', async () => {
  const arm = await openTestManagement();
  const get = async (version: string, path = '/metadata/endpoints') =>
    (await arm.send('GET', path, { version, anonymous: true })).body;
  const newest = await get('2022-09-01', '//metadata/endpoints');
  assert.equal(newest.resourceManager, 'https://management.example:8443');
  assert.equal(newest.microsoftGraphResourceId, 'https://graph.example:8443');
  assert.equal(newest.authentication.loginEndpoint, 'https://login.example:8443/');
  assert.equal(newest.suffixes.keyVaultDns, 'vault.example:8443');
  assert.deepEqual(await get(''), newest);
  assert.deepEqual(await get('2019-05-01'), [newest]);
  const oldest = await get('2015-01-01');
  assert.equal(oldest.graphEndpoint, 'https://graph.example:8443/');
  assert.ok(oldest.authentication.audiences.includes('https://management.example:8443'));
});

test('subscriptions are listed for who has any role in them, and no one else', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const [tenant] = (await arm.send('GET', '/tenants')).body.value;
  assert.equal(tenant.tenantId, TENANT);
  const [subscription] = (await arm.send('GET', '/subscriptions')).body.value;
  assert.equal(subscription.subscriptionId, SUBSCRIPTION);
  assert.equal(subscription.state, 'Enabled');
  const principal = await arm.newPrincipal();
  const as = principal;
  assert.deepEqual((await arm.send('GET', '/subscriptions', { as })).body.value, []);
  assert.equal((await arm.send('GET', SUB, { as })).status, 403);
  const group = await arm.newGroup(principal.objectId);
  await arm.assign(group, 'Key Vault Secrets User', `${VAULT}/secrets/one`);
  assert.equal((await arm.send('GET', '/subscriptions', { as })).body.value.length, 1);
  assert.equal((await arm.send('GET', SUB, { as })).status, 200);
  assert.deepEqual((await arm.send('GET', `${SUB}/resourcegroups`, { as })).body.value, []);
  assert.equal((await arm.send('GET', GROUP, { as })).status, 403);
  assert.ok((await arm.send('GET', `${SUB}/locations`, { as })).body.value.length > 0);
});

test('providers are registered from the start, and registering changes nothing', async () => {
  const arm = await openTestManagement();
  const one = await arm.send('GET', `${SUB}/providers/microsoft.keyvault`, {
    version: '2021-04-01',
  });
  assert.equal(one.body.registrationState, 'Registered');
  assert.ok((await arm.send('GET', `${SUB}/providers`)).body.value.length >= 4);
  const registered = await arm.send('POST', `${SUB}/providers/Microsoft.KeyVault/register`);
  assert.equal(registered.status, 200);
  const unknown = await arm.send('GET', `${SUB}/providers/Microsoft.Nothing`, {
    version: '2021-04-01',
  });
  assert.equal(unknown.status, 404);
  const operations = await arm.send('GET', '/providers/Microsoft.KeyVault/operations');
  assert.ok(operations.body.value.length > 90);
  const known = '/providers/Microsoft.Authorization/providerOperations';
  assert.equal(
    (await arm.send('GET', `${known}/Microsoft.KeyVault`)).body.name,
    'Microsoft.KeyVault',
  );
  assert.equal((await arm.send('GET', `${known}/x`)).body.error.code, 'ProviderNotFound');
  assert.ok((await arm.send('GET', known)).body.value.length >= 4);
});

test('permissions are the caller’s own, at the scope and above it', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Reader', GROUP);
  await arm.assign(principal.objectId, 'Key Vault Secrets User', `${VAULT}/secrets/one`);
  const path = (scope: string) => `${scope}/providers/Microsoft.Authorization/permissions`;
  const get = async (scope: string) =>
    (await arm.send('GET', path(scope), { as: principal })).body.value;
  assert.deepEqual(await get(SUB), []);
  assert.deepEqual(
    (await get(VAULT)).map((one: { actions: string[] }) => one.actions),
    [['*/read']],
  );
  assert.equal((await get(`${VAULT}/secrets/one`)).length, 2);
});

test('deny assignments are read, at the scope, above and below; and they deny', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Owner', SUB);
  const name = 'eeeeeeee-0000-4000-8000-000000000001';
  const everyone = { id: '00000000-0000-0000-0000-000000000000', type: 'SystemDefined' };
  await arm.records.transact(async (transaction) =>
    transaction.put(`resources/deny-assignment/${name}`, {
      name,
      denyAssignmentName: 'keep',
      description: '',
      scope: GROUP,
      doNotApplyToChildScopes: false,
      permissions: [{ actions: ['*/delete'], notActions: [], dataActions: [], notDataActions: [] }],
      principals: [everyone],
      excludePrincipals: [],
      isSystemProtected: true,
    }),
  );
  const list = (scope: string) => `${scope}/providers/Microsoft.Authorization/denyAssignments`;
  for (const scope of ['', SUB, GROUP, VAULT]) {
    assert.equal((await arm.send('GET', list(scope))).body.value.length, 1, scope);
  }
  const query = { $filter: 'atScope()' };
  assert.deepEqual((await arm.send('GET', list(SUB), { query })).body.value, []);
  const one = await arm.send('GET', `${list(GROUP)}/${name}`);
  assert.equal(one.body.properties.denyAssignmentName, 'keep');
  assert.equal((await arm.send('GET', `${list(GROUP)}/${SUBSCRIPTION}`)).status, 404);
  const denied = await arm.send('DELETE', VAULT, { as: principal });
  assert.deepEqual(
    [denied.status, denied.body.error.code],
    [403, 'DenyAssignmentAuthorizationFailed'],
  );
  assert.match(denied.body.error.message, /deny assignment with name 'keep' and Id 'eeeeeeee0000/);
});
