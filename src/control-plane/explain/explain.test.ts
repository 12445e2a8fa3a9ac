import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newGuid } from '#kernel';
import { GROUP, openTestManagement, SUB, VAULT } from '../management.fixture.ts';

const PATH = '/providers/Strongroom.Authorization/explain';

test('an answer names the assignment and the group path that allowed it', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const { objectId: principalId } = await arm.newPrincipal();
  const group = await arm.newGroup(principalId);
  const name = await arm.assign(group, 'Reader', GROUP);
  const body = { principalId, action: 'Microsoft.KeyVault/vaults/read', scope: VAULT };
  const answer = await arm.send('POST', PATH, { body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.allowed, true);
  assert.equal(answer.body.assignmentId, name.replaceAll('-', ''));
  const [step] = answer.body.steps;
  assert.deepEqual(step.groupPath, [group]);
  assert.equal(step.roleName, 'Reader');
});

test('a refusal says what was missing and what would be enough, firewall included', async () => {
  const arm = await openTestManagement();
  await arm.createVault({ networkAcls: { defaultAction: 'Deny' } });
  const principal = await arm.newPrincipal();
  const body = {
    appId: principal.applicationId,
    action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action',
    scope: `${VAULT}/secrets/one`,
    clientAddress: '203.0.113.9',
  };
  const answer = await arm.send('POST', PATH, { body });
  assert.equal(answer.body.allowed, false);
  assert.equal(answer.body.reason.code, 'NoRoleAssignment');
  const kinds = answer.body.remedies.map(
    ({ anyOf }: { anyOf: { kind: string }[] }) => anyOf[0]?.kind,
  );
  assert.deepEqual(kinds, ['ipRule', 'roleAssignment']);
});

test('an address that cannot be is no address, and gets no advice', async () => {
  const arm = await openTestManagement();
  await arm.createVault({ networkAcls: { defaultAction: 'Deny' } });
  const { applicationId: appId } = await arm.newPrincipal();
  const body = { appId, operation: 'GetSecret', scope: `${VAULT}/secrets/one` };
  for (const clientAddress of ['300.1.1.1', '10.0.0.0/8', 'localhost', '']) {
    const answer = await arm.send('POST', PATH, { body: { ...body, clientAddress } });
    assert.equal(answer.status, 400, clientAddress);
  }
});

test('it is asked only by who may read authorization at the scope', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const principal = await arm.newPrincipal();
  const as = principal;
  const ask = (scope: string) =>
    arm.send('POST', PATH, {
      body: { principalId: principal.objectId, action: 'Microsoft.KeyVault/vaults/read', scope },
      as,
    });
  assert.equal((await ask(VAULT)).status, 403);
  await arm.assign(principal.objectId, 'Reader', GROUP);
  assert.equal((await ask(VAULT)).status, 200);
  assert.equal((await ask(SUB)).status, 403);
  assert.equal((await ask(`${VAULT}/../contoso`)).status, 403);
});

test('nothing less than the right to read all of authorization is enough to ask', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const as = await arm.newPrincipal();
  const give = async (actions: readonly string[]) => {
    const name = newGuid();
    const path = `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
    const permissions = [{ actions }];
    const properties = { roleName: name, permissions, assignableScopes: [SUB] };
    await arm.send('PUT', path, { body: { properties } });
    const at = `${SUB}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
    const assignment = { principalId: as.objectId, roleDefinitionId: path };
    assert.equal((await arm.send('PUT', at, { body: { properties: assignment } })).status, 201);
  };
  const ask = async () => {
    const body = {
      principalId: as.objectId,
      action: 'Microsoft.KeyVault/vaults/read',
      scope: VAULT,
    };
    return (await arm.send('POST', PATH, { body, as })).status;
  };
  await give([
    'Microsoft.Authorization/roleAssignments/read',
    'Microsoft.Authorization/roleDefinitions/read',
    'Microsoft.Authorization/denyAssignments/read',
  ]);
  assert.equal(await ask(), 403);
  await give(['Microsoft.Authorization/*/read']);
  assert.equal(await ask(), 200);
});

test('an operation of Resource Manager is asked about by its name, people by theirs', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const { objectId: principalId } = await arm.newPrincipal();
  const group = await arm.newGroup(principalId);
  await arm.assign(group, 'Reader', GROUP);
  const ask = (operation: string) =>
    arm.send('POST', PATH, { body: { principalId, operation, scope: VAULT } });
  const read = (await ask('vaults_get')).body;
  assert.deepEqual([read.allowed, read.action], [true, 'Microsoft.KeyVault/vaults/read']);
  assert.deepEqual(read.names, { [principalId]: 'app', [group]: 'group' });
  const update = (await ask('Vaults_Update')).body;
  assert.deepEqual([update.allowed, update.reason.code], [false, 'NoRoleAllows']);
});

test('a question that is none is refused', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const { objectId: principalId } = arm.owner;
  const action = 'Microsoft.KeyVault/vaults/read';
  const questions = [
    { principalId, scope: VAULT },
    { principalId, scope: VAULT, action, operation: 'GetSecret' },
    { principalId, scope: VAULT, operation: 'NoSuchOperation' },
    { principalId: 'x', scope: VAULT, action },
    { userPrincipalName: 'nobody@test.example', scope: VAULT, action },
    { principalId, scope: VAULT, action, extra: true },
    { principalId, scope: SUB, action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action' },
  ];
  for (const body of questions) {
    const answer = await arm.send('POST', PATH, { body });
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
});
