import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  openTestManagement,
  SUBSCRIPTION,
  TENANT,
  type TestManagement,
} from '../management.fixture.ts';

const MG = '/providers/Microsoft.Management/managementGroups';
const below = (parent: string) => ({ properties: { details: { parent: { id: parent } } } });

async function openTree() {
  const arm = await openTestManagement();
  const put = (name: string, parent?: string) =>
    arm.send('PUT', `${MG}/${name}`, {
      body: parent === undefined ? {} : below(`${MG}/${parent}`),
    });
  return { arm, put };
}

/** `<prefix>1` below the root, `<prefix>2` below that, and so on. */
async function chain({ put }: Awaited<ReturnType<typeof openTree>>, prefix: string, levels = 6) {
  for (let level = 1; level <= levels; level++) {
    const parent = level === 1 ? undefined : `${prefix}${level - 1}`;
    assert.equal((await put(`${prefix}${level}`, parent)).status, 200, `${prefix}${level}`);
  }
}

const orphans = ({ resources }: TestManagement) =>
  [...resources.managementGroups().values()].filter(
    ({ parent }) =>
      parent !== undefined && resources.managementGroups().get(parent.toLowerCase()) === undefined,
  );

test('a tree has six levels below the root and no seventh', async () => {
  const tree = await openTree();
  await chain(tree, 'a');
  const { status, body } = await tree.put('a7', 'a6');
  assert.deepEqual([status, body.error.code], [400, 'BadRequest']);
  assert.equal(tree.arm.resources.managementGroups().get('a7'), undefined);
});

test('a group that is moved takes its levels along: no tree gets deeper that way', async () => {
  const tree = await openTree();
  await chain(tree, 'a');
  await chain(tree, 'b', 3);
  assert.equal((await tree.put('b1', 'a4')).status, 400, 'seven levels');
  assert.equal(tree.arm.resources.managementGroups().get('b1')?.parent, TENANT);
  assert.equal((await tree.put('b1', 'a3')).status, 200, 'six levels');
  assert.equal((await tree.put('b1', 'a3')).status, 200, 'again');
  assert.deepEqual(tree.arm.resources.groupsAbove(`${MG}/b3`), [
    ...['b2', 'b1', 'a3', 'a2', 'a1'],
    TENANT,
  ]);
});

/** Both at once, the deletion begun up to 60 turns earlier or later than the other. */
async function* races(
  { send }: TestManagement,
  other: () => Promise<unknown>,
): AsyncGenerator<number> {
  for (let lead = -60; lead <= 60; lead++) {
    const removal = () => send('DELETE', `${MG}/parent`);
    const [first, second] = lead < 0 ? [other, removal] : [removal, other];
    const begun = first();
    for (let turn = 0; turn < Math.abs(lead); turn++) await Promise.resolve();
    await Promise.all([begun, second()]);
    yield lead;
  }
}

test('no group is left below one that is deleted at the same moment', async () => {
  const { arm, put } = await openTree();
  await put('parent');
  for await (const lead of races(arm, () => put('child', 'parent'))) {
    assert.deepEqual(orphans(arm), [], `${lead} turns`);
    await arm.send('DELETE', `${MG}/child`);
    await put('parent');
  }
});

test('no subscription is left below a group that is deleted at the same moment', async () => {
  const { arm, put } = await openTree();
  const path = `${MG}/parent/subscriptions/${SUBSCRIPTION}`;
  await put('parent');
  for await (const lead of races(arm, () => arm.send('PUT', path))) {
    const name = arm.resources.subscription(SUBSCRIPTION)?.managementGroup;
    const there = name === undefined || arm.resources.managementGroups().get(name) !== undefined;
    assert.ok(there, `${lead} turns`);
    await arm.send('DELETE', path);
    await put('parent');
  }
});

test('group names have Azure’s characters, at most 90, and no dot at the end', async () => {
  const { arm } = await openTree();
  const table: [string, number][] = [
    ['A_(b)-c.d', 200],
    ['x'.repeat(90), 200],
    ['x'.repeat(91), 400],
    ['a.', 400],
    ['a b', 400],
    ['ä', 400],
  ];
  for (const [name, status] of table) {
    const answer = await arm.send('PUT', `${MG}/${encodeURIComponent(name)}`, { body: {} });
    assert.equal(answer.status, status, name);
  }
});

test('a parent is named by the full id of a management group', async () => {
  const { arm, put } = await openTree();
  await put('outer');
  for (const id of [
    'outer',
    `${MG}/`,
    `${MG}/outer/x`,
    `/subscriptions/${SUBSCRIPTION}`,
    `${MG}/a.`,
  ]) {
    const answer = await arm.send('PUT', `${MG}/inner`, { body: below(id) });
    assert.deepEqual([answer.status, answer.body.error.code], [400, 'BadRequest'], id);
  }
  const old = await arm.send('PUT', `${MG}/inner`, { body: { parentGroupId: `${MG}/outer` } });
  assert.equal(old.body.properties.details.parent.name, 'outer');
});

test('the root group is renamed, but neither moved nor deleted', async () => {
  const { arm, put } = await openTree();
  await put('outer');
  const body = { properties: { displayName: 'Contoso' } };
  const renamed = await arm.send('PATCH', `${MG}/${TENANT}`, { body });
  assert.equal(renamed.body.properties.displayName, 'Contoso');
  assert.equal('parent' in renamed.body.properties.details, false);
  assert.equal((await put(TENANT, 'outer')).status, 400);
  assert.equal((await put(TENANT.toUpperCase(), 'outer')).status, 400);
  assert.equal((await arm.send('DELETE', `${MG}/${TENANT}`)).status, 400);
  assert.equal(arm.resources.managementGroups().get(TENANT)?.parent, undefined);
});

test('a change keeps the name, the display name and the place that it does not name', async () => {
  const { arm, put } = await openTree();
  await put('Outer');
  await arm.send('PUT', `${MG}/Inner`, {
    body: { properties: { displayName: 'In', ...below(`${MG}/Outer`).properties } },
  });
  const { body } = await arm.send('PATCH', `${MG}/INNER`, { body: {} });
  assert.deepEqual(
    [body.name, body.properties.displayName, body.properties.details.parent.name],
    ['Inner', 'In', 'Outer'],
  );
  assert.equal((await arm.send('PATCH', `${MG}/none`, { body: {} })).status, 404);
  assert.equal((await arm.send('GET', `${MG}/none`)).status, 404);
  assert.equal((await arm.send('DELETE', `${MG}/none`)).status, 204);
});

test('a group that is deleted takes its role assignments along', async () => {
  const { arm, put } = await openTree();
  await put('outer');
  const { objectId } = await arm.newPrincipal();
  const name = await arm.assign(objectId, 'Reader', `${MG}/outer`);
  const kept = await arm.assign(objectId, 'Reader', `${MG}/outer2`);
  assert.equal((await arm.send('DELETE', `${MG}/OUTER`)).status, 200);
  assert.equal(arm.resources.roleAssignments().get(name), undefined);
  assert.ok(arm.resources.roleAssignments().get(kept));
});

test('a subscription leaves a group only by name of that group, and by who may', async () => {
  const { arm, put } = await openTree();
  for (const name of ['one', 'two']) await put(name);
  const at = (name: string) => `${MG}/${name}/subscriptions/${SUBSCRIPTION}`;
  assert.equal((await arm.send('DELETE', at('one'))).status, 204, 'it is in none');
  assert.equal((await arm.send('PUT', at('ONE'))).body.id, at('one'));
  assert.equal((await arm.send('DELETE', at('two'))).status, 204);
  assert.equal(arm.resources.subscription(SUBSCRIPTION)?.managementGroup, 'one');
  const principal = await arm.newPrincipal();
  await arm.assign(principal.objectId, 'Contributor', `${MG}/${TENANT}`);
  assert.equal((await arm.send('DELETE', at('one'), { as: principal })).status, 403);
  assert.equal(arm.resources.subscription(SUBSCRIPTION)?.managementGroup, 'one');
  assert.equal((await arm.send('PUT', at(TENANT))).status, 200);
  assert.equal(arm.resources.subscription(SUBSCRIPTION)?.managementGroup, undefined);
  const strange = `${MG}/one/subscriptions/33333333-3333-4333-8333-333333333333`;
  const missing = await arm.send('PUT', strange);
  assert.deepEqual([missing.status, missing.body.error.code], [404, 'SubscriptionNotFound']);
  assert.equal((await arm.send('PUT', at('none'))).status, 404);
});

test('a group shows its children, groups and subscriptions, and only when asked', async () => {
  const { arm, put } = await openTree();
  await put('outer');
  await put('inner', 'outer');
  const names = async (name: string) => {
    const query = { $expand: 'children' };
    const { body } = await arm.send('GET', `${MG}/${name}`, { query });
    return body.properties.children.map((one: { name: string }) => one.name).sort();
  };
  assert.deepEqual(await names('OUTER'), ['inner']);
  assert.deepEqual(await names('inner'), []);
  assert.deepEqual(await names(TENANT), [SUBSCRIPTION, 'outer'].sort());
  const plain = await arm.send('GET', `${MG}/outer`);
  assert.equal('children' in plain.body.properties, false);
});
