import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newGuid } from '#kernel';
import { GROUP, openTestManagement, roleId, SUB, VAULT } from '../management.fixture.ts';

const NAME = 'dddddddd-0000-4000-8000-000000000001';
const at = (scope: string, name = NAME) =>
  `${scope}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
const role = (changes: object = {}) => ({
  body: {
    properties: {
      roleName: 'Secret lister',
      description: 'Lists',
      permissions: [{ dataActions: ['Microsoft.KeyVault/vaults/secrets/readMetadata/action'] }],
      assignableScopes: [SUB],
      ...changes,
    },
  },
});

const codeOf = (answer: { body: { error?: { code: string } } }) => answer.body?.error?.code;

test('a custom role is made, changed, and deleted only when nobody holds it', async () => {
  const arm = await openTestManagement();
  const put = await arm.send('PUT', at(SUB), role());
  assert.equal(put.status, 201);
  assert.equal(put.body.properties.type, 'CustomRole');
  assert.deepEqual(put.body.properties.permissions[0].notActions, []);
  const changed = await arm.send('PUT', at(SUB), role({ description: 'Lists names' }));
  assert.equal(changed.body.properties.description, 'Lists names');
  const principal = await arm.newPrincipal();
  await arm.createVault();
  const assignment = `${VAULT}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
  const assigned = await arm.send('PUT', assignment, {
    body: { properties: { roleDefinitionId: put.body.id, principalId: principal.objectId } },
  });
  assert.equal(assigned.status, 201);
  assert.equal(codeOf(await arm.send('DELETE', at(SUB))), 'RoleDefinitionHasAssignments');
  await arm.send('DELETE', assignment);
  assert.equal((await arm.send('DELETE', at(SUB))).body.name, NAME);
  assert.equal((await arm.send('DELETE', at(SUB))).status, 204);
  assert.equal(codeOf(await arm.send('GET', at(SUB))), 'RoleDefinitionDoesNotExist');
});

test('what Azure refuses of a custom role is refused', async (t) => {
  const arm = await openTestManagement();
  const group = '/providers/Microsoft.Management/managementGroups/g';
  const table: [string, object, string][] = [
    ['no name', { roleName: '' }, 'RoleDefinitionNameNullOrEmpty'],
    ['absent name', { roleName: undefined }, 'RoleDefinitionNameNullOrEmpty'],
    ['long name', { roleName: 'x'.repeat(513) }, 'RoleDefinitionNameNullOrEmpty'],
    ['a built-in role’s name', { roleName: 'owner' }, 'RoleDefinitionWithSameNameExists'],
    ['type', { type: 'BuiltInRole' }, 'InvalidRoleDefinitionType'],
    ['no scopes', { assignableScopes: [] }, 'MissingAssignableScopes'],
    ['a null scope', { assignableScopes: [null] }, 'MissingAssignableScopes'],
    ['the root', { assignableScopes: ['/'] }, 'LinkedInvalidPropertyId'],
    ['a wildcard scope', { assignableScopes: ['/subscriptions/*'] }, 'LinkedInvalidPropertyId'],
    ['dots', { assignableScopes: [`${SUB}/../x`] }, 'LinkedInvalidPropertyId'],
    ['data at a group', { assignableScopes: [group] }, 'BadRequest'],
    [
      'two wildcards',
      { permissions: [{ actions: ['Microsoft.*/*/read'] }] },
      'InvalidActionOrNotAction',
    ],
    ['a wildcard in a word', { permissions: [{ actions: ['*rite'] }] }, 'InvalidActionOrNotAction'],
    ['an empty action', { permissions: [{ dataActions: [''] }] }, 'InvalidActionOrNotAction'],
    ['spaces', { permissions: [{ actions: ['a / b'] }] }, 'InvalidActionOrNotAction'],
  ];
  for (const [name, changes, code] of table) {
    await t.test(name, async () => {
      assert.equal(codeOf(await arm.send('PUT', at(SUB), role(changes))), code);
    });
  }
  const builtIn = roleId('Owner').split('/').at(-1) ?? '';
  assert.equal(codeOf(await arm.send('PUT', at(SUB, builtIn), role())), 'RoleDefinitionExists');
  assert.equal((await arm.send('DELETE', at(SUB, builtIn))).status, 409);
  const unnamed = await arm.send('PUT', at(SUB, 'not-a-guid'), role());
  assert.equal(codeOf(unnamed), 'InvalidRoleDefinitionId');
  assert.equal(arm.resources.customRoles().size, 0);
});

test('nobody makes, widens or deletes a role beyond his own reach', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'User Access Administrator', GROUP);
  const as = principal;
  const all = { permissions: [{ actions: ['*'] }] };
  const wide = await arm.send('PUT', at(GROUP), { ...role(all), as });
  assert.equal(wide.status, 403);
  const both = { ...all, assignableScopes: [GROUP, SUB] };
  assert.equal((await arm.send('PUT', at(GROUP), { ...role(both), as })).status, 403);
  const own = { ...all, assignableScopes: [GROUP] };
  assert.equal((await arm.send('PUT', at(GROUP), { ...role(own), as })).status, 201);
  const other = 'dddddddd-0000-4000-8000-000000000002';
  await arm.send('PUT', at(SUB, other), role({ roleName: 'Wide' }));
  const taken = await arm.send('PUT', at(GROUP, other), {
    ...role({ ...own, roleName: 'Wide' }),
    as,
  });
  assert.equal(taken.status, 403);
  assert.equal((await arm.send('DELETE', at(GROUP, other), { as })).status, 403);
});

test('a custom role cannot be assigned outside its assignable scopes', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', at(GROUP), role({ assignableScopes: [GROUP] }));
  const { objectId: principalId } = await arm.newPrincipal();
  const body = { properties: { roleDefinitionId: at('', NAME), principalId } };
  const path = (scope: string) =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
  assert.equal((await arm.send('PUT', path(SUB), { body })).status, 400);
  assert.equal((await arm.send('PUT', path(`${GROUP}`), { body })).status, 201);
});

test('lists filter by name and type; custom roles show where they are assignable', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', `${SUB}/resourceGroups/other`, { body: { location: 'westus' } });
  await arm.send('PUT', at(GROUP), role({ assignableScopes: [GROUP] }));
  const list = async (scope: string, $filter: string) => {
    const path = `${scope}/providers/Microsoft.Authorization/roleDefinitions`;
    const answer = await arm.send('GET', path, { query: { $filter } });
    return answer.body.value?.map(
      (one: { properties: { roleName: string } }) => one.properties.roleName,
    );
  };
  assert.deepEqual(await list(VAULT, "roleName eq 'key vault reader'"), ['Key Vault Reader']);
  assert.deepEqual(await list(VAULT, "type eq 'CustomRole'"), ['Secret lister']);
  assert.deepEqual(await list(SUB, "type eq 'CustomRole'"), ['Secret lister']);
  assert.deepEqual(await list(`${SUB}/resourceGroups/other`, "type eq 'CustomRole'"), []);
  assert.equal(await list(SUB, "roleName ne 'x'"), undefined);
  assert.deepEqual(await list(SUB, "roleName eq 'O''Reilly'"), []);
});

test('a role that is deleted and assigned at once is either gone or assigned', async () => {
  const arm = await openTestManagement();
  const { objectId: principalId } = await arm.newPrincipal();
  for (let n = 0; n < 12; n += 1) {
    await arm.send('PUT', at(SUB), role());
    const path = `${SUB}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
    const body = { properties: { roleDefinitionId: at('', NAME), principalId } };
    const assign = () => arm.send('PUT', path, { body });
    const remove = () => arm.send('DELETE', at(SUB));
    const racing = n % 2 === 0 ? [assign(), remove()] : [remove(), assign()];
    await Promise.all(racing);
    const there = arm.resources.roleDefinition(NAME) !== undefined;
    const assigned = arm.resources.assignmentIndex().isAssigned(NAME);
    assert.equal(there, assigned);
    await arm.send('DELETE', path);
  }
});
