import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newGuid } from '#kernel';
import {
  GROUP,
  openTestManagement,
  roleId,
  SUB,
  type TestManagement,
  VAULT,
} from '../management.fixture.ts';

const at = (scope: string, name = newGuid()) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

function body(roleName: string, principalId: string, extra: object = {}) {
  return { body: { properties: { roleDefinitionId: roleId(roleName), principalId, ...extra } } };
}

async function prepared() {
  const arm = await openTestManagement();
  await arm.createVault();
  const principal = await arm.newPrincipal();
  return { arm, principal };
}

const codeOf = (answer: { body: { error?: { code: string } } }) => answer.body?.error?.code;

test('an assignment is answered as Azure answers it, read back, and deleted once', async () => {
  const { arm, principal } = await prepared();
  const name = newGuid();
  const put = await arm.send('PUT', at(VAULT, name), body('Key Vault Reader', principal.objectId));
  assert.equal(put.status, 201);
  assert.equal(put.body.id, at(VAULT, name));
  assert.equal(put.body.name, name);
  const { properties } = put.body;
  assert.equal(properties.roleDefinitionId, SUB + roleId('Key Vault Reader'));
  assert.equal(properties.scope, VAULT);
  assert.equal(properties.principalType, 'ServicePrincipal');
  for (const key of ['condition', 'conditionVersion', 'description', 'createdBy']) {
    assert.equal(properties[key], null, key);
  }
  const read = await arm.send('GET', at(VAULT, name.toUpperCase()));
  assert.equal(read.body.properties.createdBy, arm.owner.objectId);
  const deleted = await arm.send('DELETE', at(VAULT, name));
  assert.deepEqual([deleted.status, deleted.body.name], [200, name]);
  assert.equal((await arm.send('DELETE', at(VAULT, name))).status, 204);
  assert.equal(codeOf(await arm.send('GET', at(VAULT, name))), 'RoleAssignmentNotFound');
});

test('roles can be assigned at every scope that exists', async (t) => {
  const { arm, principal } = await prepared();
  for (const scope of ['', SUB, GROUP, VAULT, `${VAULT}/secrets/one`, `${VAULT}/keys/k-1`]) {
    await t.test(scope || '/', async () => {
      const answer = await arm.send('PUT', at(scope), body('Reader', principal.objectId));
      assert.equal(answer.status, 201);
      assert.equal(answer.body.properties.scope, scope || '/');
    });
  }
});

test('no right can be given in advance at what does not exist', async (t) => {
  const { arm, principal } = await prepared();
  const other = '/subscriptions/33333333-3333-4333-8333-333333333333';
  const scopes = [
    other,
    `${SUB}/resourceGroups/later`,
    `${VAULT}later`,
    VAULT.replace('/group/', '/other/'),
    `${VAULT}/secrets`,
    `${VAULT}/secrets/a/versions/b`,
    `${VAULT}/secrets/not_a_name`,
    `${GROUP}/providers/Microsoft.Web/sites/x`,
    '/providers/Microsoft.Management/managementGroups/none',
  ];
  for (const scope of scopes) {
    await t.test(scope, async () => {
      const answer = await arm.send('PUT', at(scope), body('Reader', principal.objectId));
      assert.ok(answer.status >= 403 && answer.status <= 404, String(answer.status));
    });
  }
  assert.equal(arm.resources.roleAssignments().size, 1);
});

test('scope tricks open nothing: longer names, encoding, doubled slashes, dots', async (t) => {
  const { arm, principal } = await prepared();
  await arm.send('PUT', `${VAULT}b`, { body: (await arm.send('GET', VAULT)).body });
  await arm.assign(principal.objectId, 'Owner', VAULT);
  const as = principal;
  await t.test('case does not matter where it is allowed', async () => {
    assert.equal((await arm.send('GET', VAULT.toUpperCase(), { as })).status, 200);
  });
  const forbidden = [
    `${VAULT}b`,
    GROUP,
    `${VAULT}/../contosob`,
    `${VAULT}%2F..%2Fcontosob`,
    `${VAULT}/%2e%2e/contosob`,
    `${GROUP}/providers/Microsoft.KeyVault/vaults/contoso%2f..%2fcontosob`,
    `${GROUP}//providers/Microsoft.KeyVault/vaults/contosob`,
    `${GROUP}/providers/Microsoft.KeyVault/vaults/contoso%00b`,
    `${GROUP}/providers/Microsoft.KeyVault/vaults/.%2fcontosob`,
  ];
  for (const path of forbidden) {
    await t.test(path, async () => {
      const read = await arm.send('GET', path, { as });
      assert.ok([400, 403, 404].includes(read.status), String(read.status));
      const assign = await arm.send('PUT', at(path), { ...body('Owner', as.objectId), as });
      assert.ok([400, 403, 404].includes(assign.status), String(assign.status));
    });
  }
  const before = [...arm.resources.roleAssignments().values()].map(({ scope }) => scope);
  assert.deepEqual(before.sort(), ['/', VAULT].sort());
});

test('who may not assign is refused in Azure’s words, and the log says why', async () => {
  const { arm, principal } = await prepared();
  const path = at(VAULT);
  const put = { ...body('Owner', principal.objectId), as: principal };
  for (const role of [
    'Contributor',
    'Key Vault Contributor',
    'Reader',
    'Key Vault Administrator',
  ]) {
    await arm.assign(principal.objectId, role, SUB);
    const answer = await arm.send('PUT', path, put);
    assert.equal(answer.status, 403, role);
    assert.equal(
      answer.body.error.message,
      `The client '${principal.applicationId}' with object id '${principal.objectId}' does not have ` +
        "authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope " +
        `'${path}' or the scope is invalid. If access was recently granted, please refresh your ` +
        'credentials.',
    );
  }
  const { reason } = arm.outcomes.at(-1) ?? {};
  assert.equal((reason as { code?: string } | undefined)?.code, 'NoRoleAllows');
});

test('a grant works and a revocation bites at the very next request', async () => {
  const { arm, principal } = await prepared();
  assert.equal((await arm.send('GET', VAULT, { as: principal })).status, 403);
  const path = at(GROUP);
  await arm.send('PUT', path, body('Reader', principal.objectId));
  assert.equal((await arm.send('GET', VAULT, { as: principal })).status, 200);
  await arm.send('DELETE', path);
  assert.equal((await arm.send('GET', VAULT, { as: principal })).status, 403);
});

test('a Data Access Administrator gives and takes only the eight data roles', async () => {
  const { arm, principal } = await prepared();
  await arm.assign(principal.objectId, 'Key Vault Data Access Administrator', VAULT);
  const other = await arm.newPrincipal();
  const as = principal;
  const assign = (role: string) =>
    arm.send('PUT', at(VAULT), { ...body(role, other.objectId), as });
  assert.equal((await assign('Key Vault Secrets User')).status, 201);
  for (const role of [
    'Owner',
    'Contributor',
    'User Access Administrator',
    'Key Vault Contributor',
  ]) {
    assert.equal((await assign(role)).status, 403, role);
  }
  const self = await arm.send('PUT', at(VAULT), { ...body('Owner', as.objectId), as });
  assert.equal(self.status, 403);
  const owner = await arm.assign(other.objectId, 'Owner', VAULT);
  assert.equal((await arm.send('DELETE', at(VAULT, owner), { as })).status, 403);
  const reader = await arm.assign(other.objectId, 'Key Vault Reader', VAULT);
  assert.equal((await arm.send('DELETE', at(VAULT, reader), { as })).status, 200);
  assert.equal(
    (await arm.send('PUT', at(GROUP), { ...body('Key Vault Reader', other.objectId), as })).status,
    403,
  );
});

test('the principal’s type in a condition is the directory’s, not the caller’s word', async () => {
  const { arm, principal } = await prepared();
  const condition =
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR " +
    '(@Request[Microsoft.Authorization/roleAssignments:PrincipalType] ' +
    "StringEqualsIgnoreCase 'Group'))";
  const granted = await arm.send(
    'PUT',
    at(VAULT),
    body('Owner', principal.objectId, { condition, conditionVersion: '2.0' }),
  );
  assert.equal(granted.status, 201);
  assert.equal(granted.body.properties.condition, condition);
  const group = await arm.newGroup();
  const as = principal;
  const toGroup = await arm.send('PUT', at(VAULT), { ...body('Reader', group), as });
  assert.equal(toGroup.status, 201);
  const other = await arm.newPrincipal();
  const extra = { principalType: 'Group' };
  const disguised = await arm.send('PUT', at(VAULT), {
    ...body('Reader', other.objectId, extra),
    as,
  });
  assert.equal(disguised.status, 403);
});

test('a condition that does not parse is refused when the assignment is written', async () => {
  const { arm, principal } = await prepared();
  for (const extra of [
    { condition: '@Resource[x] StringEquals', conditionVersion: '2.0' },
    { condition: "@Resource[a:b] StringEquals 'c'", conditionVersion: '1.0' },
    { conditionVersion: '2.0' },
  ]) {
    const answer = await arm.send('PUT', at(VAULT), body('Reader', principal.objectId, extra));
    assert.equal(answer.status, 400);
    assert.equal(codeOf(answer), 'InvalidConditionInRoleAssignment');
  }
});

test('principals and roles must exist and be what they are called', async () => {
  const { arm, principal } = await prepared();
  const put = (properties: object) => arm.send('PUT', at(VAULT), { body: { properties } });
  const { objectId: principalId } = principal;
  const roleDefinitionId = roleId('Reader');
  assert.equal(codeOf(await put({ roleDefinitionId, principalId: 'wow' })), 'InvalidPrincipalId');
  assert.equal(
    codeOf(await put({ roleDefinitionId, principalId: newGuid() })),
    'PrincipalNotFound',
  );
  const principalType = 'User';
  assert.equal(
    codeOf(await put({ roleDefinitionId, principalId, principalType })),
    'UnmatchedPrincipalType',
  );
  const unknown = roleDefinitionId.replace(/[^/]+$/, newGuid());
  assert.equal(
    codeOf(await put({ roleDefinitionId: unknown, principalId })),
    'RoleDefinitionDoesNotExist',
  );
  assert.equal(
    codeOf(await put({ roleDefinitionId: '/x', principalId })),
    'InvalidRoleDefinitionId',
  );
  const named = await arm.send('PUT', at(VAULT, 'not-a-guid'), body('Reader', principalId));
  assert.equal(codeOf(named), 'InvalidRoleAssignmentId');
  const missing = await put({ roleDefinitionId });
  assert.equal(missing.status, 400);
});

test('the same grant again is a conflict; the same name for another grant is refused', async () => {
  const { arm, principal } = await prepared();
  const name = newGuid();
  await arm.send('PUT', at(VAULT, name), body('Reader', principal.objectId));
  const again = await arm.send('PUT', at(VAULT, name), body('Reader', principal.objectId));
  assert.equal(again.status, 201);
  const other = await arm.send('PUT', at(VAULT), body('Reader', principal.objectId));
  assert.deepEqual([other.status, codeOf(other)], [409, 'RoleAssignmentExists']);
  const changed = await arm.send('PUT', at(VAULT, name), body('Owner', principal.objectId));
  assert.equal(codeOf(changed), 'RoleAssignmentUpdateNotPermitted');
});

test('an assignment is found only at the very scope it was made at', async () => {
  const { arm, principal } = await prepared();
  const name = await arm.assign(principal.objectId, 'Reader', VAULT);
  for (const scope of ['', SUB, GROUP, `${VAULT}/secrets/x`]) {
    assert.equal((await arm.send('GET', at(scope, name))).status, 404);
    assert.equal((await arm.send('DELETE', at(scope, name))).status, 204);
  }
  assert.ok(arm.resources.roleAssignments().get(name));
});

async function listed(arm: TestManagement, scope: string, $filter?: string): Promise<string[]> {
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
  const query: Record<string, string> = $filter === undefined ? {} : { $filter };
  const answer = await arm.send('GET', path, { query });
  assert.equal(answer.status, 200);
  return answer.body.value.map((one: { name: string }) => one.name).sort();
}

test('a list below a subscription names every role in its form, inherited or not', async () => {
  const { arm } = await prepared();
  const roles = async (scope: string) => {
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
    const { body } = await arm.send('GET', path, { query: { $filter: 'atScope()' } });
    return body.value.map(
      (one: { properties: { roleDefinitionId: string } }) => one.properties.roleDefinitionId,
    );
  };
  assert.deepEqual(new Set(await roles(GROUP)), new Set([SUB + roleId('Owner')]));
  assert.deepEqual(new Set(await roles('')), new Set([roleId('Owner')]));
});

test('lists: above and below, at the scope, of one principal, through groups', async () => {
  const { arm, principal } = await prepared();
  const group = await arm.newGroup(principal.objectId);
  const above = await arm.assign(principal.objectId, 'Reader', SUB);
  const here = await arm.assign(group, 'Reader', GROUP);
  const below = await arm.assign(principal.objectId, 'Reader', VAULT);
  const [root = ''] = [...arm.resources.roleAssignments().values()]
    .filter(({ scope }) => scope === '/')
    .map(({ name }) => name);
  assert.deepEqual(await listed(arm, GROUP), [root, above, here, below].sort());
  assert.deepEqual(await listed(arm, GROUP, 'atScope()'), [root, above, here].sort());
  const id = principal.objectId;
  assert.deepEqual(await listed(arm, GROUP, `principalId eq '${id}'`), [above, below].sort());
  assert.deepEqual(await listed(arm, GROUP, `assignedTo('${id}')`), [above, here, below].sort());
  assert.deepEqual(
    await listed(arm, GROUP, `atScope() and assignedTo('${id}')`),
    [above, here].sort(),
  );
  const path = `${GROUP}/providers/Microsoft.Authorization/roleAssignments`;
  for (const $filter of ["principalId ne 'x'", 'everything()', "atScope() or principalId eq 'x'"]) {
    const answer = await arm.send('GET', path, { query: { $filter } });
    assert.equal(answer.status, 400, $filter);
  }
});

test('an assignment by its id alone is the same assignment', async () => {
  const { arm, principal } = await prepared();
  const id = at(GROUP);
  const version = '2018-01-01-preview';
  await arm.send('PUT', id, { ...body('Reader', principal.objectId), version });
  assert.equal((await arm.send('GET', `//${id.slice(1)}`, { version })).body.id, id);
  assert.equal((await arm.send('DELETE', id, { version })).status, 200);
});
