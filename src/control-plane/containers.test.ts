import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillScope } from './arm-row.ts';
import {
  GROUP,
  openTestManagement,
  SUB,
  SUBSCRIPTION,
  TENANT,
  VAULT,
} from './management.fixture.ts';

const MG = '/providers/Microsoft.Management/managementGroups';
const lock = (scope: string) => `${scope}/providers/Microsoft.Authorization/locks/keep`;

test('a list is decided at what contains it, an action at what it acts on', () => {
  const of = (path: string, params: Record<string, string>) =>
    fillScope(path.split('/').slice(1), params);
  const s = { s: '1' };
  assert.equal(of('/subscriptions', {}), '/');
  assert.equal(of('/subscriptions/{s}/resourceGroups', s), '/subscriptions/1');
  assert.equal(of('/subscriptions/{s}/providers/X/register', s), '/subscriptions/1');
  assert.equal(of('/subscriptions/{s}/providers/K/vaults', s), '/subscriptions/1');
  const vault = '/subscriptions/{s}/resourceGroups/{g}/providers/K/vaults/{v}';
  const named = { s: '1', g: '2', v: '3' };
  const id = '/subscriptions/1/resourceGroups/2/providers/K/vaults/3';
  assert.equal(of(vault, named), id);
  assert.equal(of(`${vault}/purge`, named), id);
  assert.equal(of('/providers/K/operations', {}), '/');
  assert.equal(of('/{scope}/providers/A/roles', { scope: id }), id);
  assert.equal(of('/{scope}/providers/A/roles', { scope: '/' }), '/');
  assert.equal(
    of('/{scope}/providers/A/roles/{r}', { scope: '/', r: 'x' }),
    '/providers/A/roles/x',
  );
  for (const v of ['', 'a/b', '../x', 'a/../b']) {
    assert.throws(() => of(vault, { ...named, v }), /resource id/);
  }
});

test('a resource group is made once, and deleted with what it holds', async () => {
  const arm = await openTestManagement();
  const body = { location: 'West US', tags: { a: 'b' } };
  const made = await arm.send('PUT', GROUP, { body });
  assert.deepEqual([made.status, made.body.location], [201, 'westus']);
  assert.deepEqual(made.body.properties, { provisioningState: 'Succeeded' });
  assert.equal((await arm.send('PUT', GROUP.toUpperCase(), { body })).body.name, 'group');
  const moved = await arm.send('PUT', GROUP, { body: { location: 'eastus' } });
  assert.equal(moved.body.error.code, 'InvalidResourceGroupLocation');
  assert.equal((await arm.send('HEAD', GROUP)).status, 204);
  const absent = await arm.send('HEAD', `${GROUP}x`);
  assert.deepEqual([absent.status, absent.body], [404, undefined]);
  const patched = await arm.send('PATCH', GROUP, { body: { tags: { a: 'c', d: 'e' } } });
  assert.deepEqual(patched.body.tags, { a: 'c', d: 'e' });
  const list = async ($filter: string) =>
    (await arm.send('GET', `${SUB}/resourcegroups`, { query: { $filter } })).body.value?.length;
  assert.equal(await list("tagname eq 'A' and tagvalue eq 'c'"), 1);
  assert.equal(await list("tagname eq 'a' and tagvalue eq 'b'"), 0);
  assert.equal(await list("tagvalue eq 'c'"), undefined);
  assert.equal(await list("tagname eq 'a' or tagname eq 'b'"), undefined);
  assert.equal((await arm.createVault()).status, 200);
  await arm.assign('99999999-9999-4999-8999-999999999999', 'Reader', GROUP);
  await arm.assign('99999999-9999-4999-8999-999999999999', 'Reader', `${VAULT}/secrets/a`);
  const deleted = await arm.send('DELETE', GROUP);
  assert.equal(deleted.status, 202);
  const { pathname } = new URL(deleted.headers.Location ?? '');
  assert.equal((await arm.send('GET', pathname)).status, 200);
  assert.equal((await arm.send('GET', `${pathname.slice(0, -3)}AAA`)).status, 404);
  assert.equal((await arm.send('GET', GROUP)).body.error.code, 'ResourceGroupNotFound');
  assert.ok(arm.resources.vault('contoso')?.deleted, 'its vaults are soft-deleted');
  assert.equal(arm.resources.roleAssignments().size, 1);
  assert.equal((await arm.send('DELETE', GROUP)).status, 404);
});

test('resource group names have Azure’s characters and no others', async () => {
  const arm = await openTestManagement();
  const at = (name: string) => `${SUB}/resourceGroups/${encodeURIComponent(name)}`;
  const table: [string, number][] = [
    ['a', 201],
    ['A_(b)-c.d', 201],
    ['größe', 201],
    ['x'.repeat(90), 201],
    ['x'.repeat(91), 400],
    ['a.', 400],
    ['a b', 400],
    ['a/b', 400],
    ['a%2fb', 403],
    ['..', 403],
    ['a\u0000', 403],
  ];
  for (const [name, status] of table) {
    const answer = await arm.send('PUT', at(name), { body: { location: 'westus' } });
    assert.equal(answer.status, status, name);
  }
});

test('tags have limits', async () => {
  const arm = await openTestManagement();
  const put = async (tags: object) =>
    (await arm.send('PUT', GROUP, { body: { location: 'westus', tags } })).status;
  assert.equal(await put({ a: 1, b: true, c: null }), 201);
  assert.equal(await put({ '': 'x' }), 400);
  assert.equal(await put({ 'a<b': 'x' }), 400);
  assert.equal(await put({ a: 'x'.repeat(257) }), 400);
  assert.equal(await put({ a: 'x', A: 'y' }), 400);
  const many = Object.fromEntries(Array.from({ length: 51 }, (_item, n) => [`t${n}`, '']));
  assert.equal(await put(many), 400);
});

test('CanNotDelete stops deletion of a thing and its holder, ReadOnly any change', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const put = (level: string) => arm.send('PUT', lock(VAULT), { body: { properties: { level } } });
  assert.equal((await put('CanNotDelete')).status, 201);
  for (const path of [VAULT, GROUP]) {
    const { status, body } = await arm.send('DELETE', path);
    assert.deepEqual([status, body.error.code], [409, 'ScopeLocked'], path);
  }
  const patch = () => arm.send('PATCH', VAULT, { body: { tags: { a: 'b' } } });
  assert.equal((await patch()).status, 200);
  assert.equal((await put('ReadOnly')).status, 200);
  assert.equal((await patch()).body.error.code, 'ScopeLocked');
  const policies = { body: { properties: { accessPolicies: [] } } };
  assert.equal((await arm.send('PUT', `${VAULT}/accessPolicies/add`, policies)).status, 409);
  assert.equal((await arm.send('GET', VAULT)).status, 200);
  const name = { body: { name: 'abc' } };
  const check = `${SUB}/providers/Microsoft.KeyVault/checkNameAvailability`;
  assert.equal((await arm.send('POST', check, name)).status, 200);
  const list = `${GROUP}/providers/Microsoft.Authorization/locks`;
  assert.equal((await arm.send('GET', list)).body.value.length, 1);
  const query = { $filter: 'atScope()' };
  assert.equal((await arm.send('GET', list, { query })).body.value.length, 0);
  assert.equal((await arm.send('GET', lock(VAULT))).body.properties.level, 'ReadOnly');
  assert.equal((await arm.send('DELETE', lock(VAULT))).status, 200);
  assert.equal((await arm.send('DELETE', lock(VAULT))).status, 204);
  assert.equal((await patch()).status, 200);
});

test('a Contributor cannot take a lock away', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  await arm.send('PUT', lock(GROUP), { body: { properties: { level: 'CanNotDelete' } } });
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Contributor', SUB);
  assert.equal((await arm.send('DELETE', lock(GROUP), { as: principal })).status, 403);
  assert.equal((await arm.send('DELETE', VAULT, { as: principal })).status, 409);
});

test('management groups make a tree whose roles reach down to every vault', async () => {
  const arm = await openTestManagement();
  await arm.createVault();
  const put = (name: string, parent?: string) =>
    arm.send('PUT', `${MG}/${name}`, {
      body: {
        properties: {
          displayName: name.toUpperCase(),
          ...(parent !== undefined && { details: { parent: { id: `${MG}/${parent}` } } }),
        },
      },
    });
  assert.equal((await put('outer')).body.properties.details.parent.name, TENANT);
  assert.equal((await put('inner', 'outer')).body.properties.displayName, 'INNER');
  assert.equal((await put('outer', 'inner')).status, 400, 'no circles');
  assert.equal((await put('outer', 'outer')).status, 400, 'not below itself');
  assert.equal((await put('lost', 'nowhere')).status, 404);
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Reader', `${MG}/outer`);
  assert.equal((await arm.send('GET', VAULT, { as: principal })).status, 403);
  const moved = await arm.send('PUT', `${MG}/inner/subscriptions/${SUBSCRIPTION}`);
  assert.equal(moved.status, 200);
  assert.equal((await arm.send('GET', VAULT, { as: principal })).status, 200);
  assert.equal((await arm.send('DELETE', `${MG}/outer`)).status, 400, 'it has children');
  assert.equal((await arm.send('DELETE', `${MG}/inner`)).status, 400, 'it has a subscription');
  const expanded = await arm.send('GET', `${MG}/inner`, { query: { $expand: 'children' } });
  assert.equal(expanded.body.properties.children[0].name, SUBSCRIPTION);
  const back = await arm.send('DELETE', `${MG}/inner/subscriptions/${SUBSCRIPTION}`);
  assert.equal(back.status, 200);
  assert.equal((await arm.send('GET', VAULT, { as: principal })).status, 403);
  assert.equal((await arm.send('DELETE', `${MG}/inner`)).status, 200);
  assert.equal((await arm.send('DELETE', `${MG}/${TENANT}`)).status, 400);
  const seen = await arm.send('GET', MG, { as: principal });
  assert.deepEqual(
    seen.body.value.map((one: { name: string }) => one.name),
    ['outer'],
  );
});

test('a subscription is pulled under a group only by who may give rights in it', async () => {
  const arm = await openTestManagement();
  await arm.send('PUT', `${MG}/mine`, { body: {} });
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Owner', `${MG}/mine`);
  const path = `${MG}/mine/subscriptions/${SUBSCRIPTION}`;
  assert.equal((await arm.send('PUT', path, { as: principal })).status, 403);
  assert.equal(arm.resources.subscription(SUBSCRIPTION)?.managementGroup, undefined);
});

test('a group is put under another only by who may write there', async () => {
  const arm = await openTestManagement();
  await arm.send('PUT', `${MG}/mine`, { body: {} });
  await arm.send('PUT', `${MG}/theirs`, { body: {} });
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Owner', `${MG}/mine`);
  const body = { properties: { details: { parent: { id: `${MG}/theirs` } } } };
  assert.equal((await arm.send('PUT', `${MG}/mine`, { body, as: principal })).status, 403);
});

test('a group is pulled under another only by who may give rights in it', async () => {
  const arm = await openTestManagement();
  for (const name of ['mine', 'theirs']) await arm.send('PUT', `${MG}/${name}`, { body: {} });
  const inner = { properties: { details: { parent: { id: `${MG}/theirs` } } } };
  await arm.send('PUT', `${MG}/inner`, { body: inner });
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Owner', `${MG}/mine`);
  await arm.assign(principal.objectId, 'Contributor', `${MG}/theirs`);
  const body = { properties: { details: { parent: { id: `${MG}/mine` } } } };
  const pull = (name: string) => arm.send('PUT', `${MG}/${name}`, { body, as: principal });
  assert.equal((await pull('theirs')).status, 403);
  assert.equal((await pull('inner')).status, 403);
  await arm.assign(principal.objectId, 'User Access Administrator', `${MG}/inner`);
  assert.equal((await pull('inner')).status, 200);
});
