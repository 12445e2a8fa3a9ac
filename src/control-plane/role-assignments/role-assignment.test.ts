import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiError, newGuid } from '#kernel';
import {
  GROUP,
  openTestManagement,
  roleId,
  SUB,
  SUBSCRIPTION,
  TENANT,
  VAULT,
} from '../management.fixture.ts';
import {
  checkCondition,
  parseRoleDefinitionId,
  type RoleAssignmentInput,
  roleAssignmentSchema,
} from './role-assignment.ts';

const MG = '/providers/Microsoft.Management/managementGroups';
const path = (scope: string, name = newGuid()) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
const codeOf = (answer: { body: { error?: { code: string } } }) => answer.body?.error?.code;

function thrown(work: () => unknown): string {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof ApiError ? error.definition.code : String(error);
  }
}

test('a role is named by its GUID at the end of an id, below any scope, or alone', () => {
  const role = 'AAAAAAAA-0000-4000-8000-000000000001';
  const id = `providers/Microsoft.Authorization/roleDefinitions/${role}`;
  for (const text of [role, id, `/${id}`, `${VAULT}/${id}`, `/${id}`.toUpperCase()]) {
    assert.equal(parseRoleDefinitionId(text), role.toLowerCase(), text);
  }
  for (const text of [
    ...['', 'Owner', `/${id}/`, `${id}/x`, `x${id}`, `/${role}`, `${role}/`, ` ${role}`],
    ...[`/providers/Microsoft.Evil/roleDefinitions/${role}`, `/${id.replace(role, 'Owner')}`],
    ...[`/providers/Microsoft.Authorization/roleAssignments/${role}`],
  ]) {
    assert.equal(
      thrown(() => parseRoleDefinitionId(text)),
      'InvalidRoleDefinitionId',
      text,
    );
  }
});

test('no text but a GUID, in whatever id, becomes the name of a role', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webPath()), (text) => {
      assert.equal(
        thrown(() => parseRoleDefinitionId(text)),
        'InvalidRoleDefinitionId',
      );
    }),
  );
});

describe('a condition', () => {
  const input = (changes: Partial<RoleAssignmentInput>): RoleAssignmentInput => ({
    ...{ roleDefinitionId: 'r', principalId: 'p' },
    ...changes,
  });
  const CONDITION = "@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'a'";
  const attribute = 'Microsoft.Authorization/roleAssignments:RoleDefinitionId';
  const good = `@Request[${attribute}] ForAnyOfAnyValues:GuidEquals {${newGuid()}}`;

  test('is kept with version 2.0, which it has if none is given', () => {
    for (const conditionVersion of ['2.0', undefined, null]) {
      assert.deepEqual(checkCondition(input({ condition: good, conditionVersion })), {
        condition: good,
        conditionVersion: '2.0',
      });
    }
  });

  test('is absent if it is empty, and then has no version', () => {
    for (const condition of ['', null, undefined]) {
      for (const conditionVersion of ['', null, undefined]) {
        assert.deepEqual(checkCondition(input({ condition, conditionVersion })), {});
      }
      const lonely = input({ condition, conditionVersion: '2.0' });
      assert.notEqual(
        thrown(() => checkCondition(lonely)),
        'nothing',
      );
    }
  });

  test('of another version, or one that does not parse, is refused and not ignored', () => {
    for (const conditionVersion of ['1.0', '2', '2.0 ', '']) {
      const other = input({ condition: good, conditionVersion });
      assert.notEqual(
        thrown(() => checkCondition(other)),
        'nothing',
        conditionVersion,
      );
    }
    for (const condition of ['true', `${good} AND`, `(${good}`, `${CONDITION} x`, ' ']) {
      assert.notEqual(
        thrown(() => checkCondition(input({ condition }))),
        'nothing',
        condition,
      );
    }
  });
});

test('what is said of an assignment has limits, at the top as in properties', () => {
  const most = { description: 'x'.repeat(2048), condition: 'x'.repeat(16_384) };
  const base = { roleDefinitionId: 'r', principalId: 'p' };
  for (const wrap of [(all: object) => all, (all: object) => ({ properties: all })]) {
    const parse = (extra: object) => roleAssignmentSchema.safeParse(wrap({ ...base, ...extra }));
    assert.deepEqual(parse(most).data, { ...base, ...most });
    assert.equal(parse({ description: `${most.description}x` }).success, false);
    assert.equal(parse({ condition: `${most.condition}x` }).success, false);
    assert.equal(parse({ principalId: undefined }).success, false);
    assert.equal(parse({ roleDefinitionId: 5 }).success, false);
  }
});

async function prepared() {
  const arm = await openTestManagement();
  await arm.createVault();
  const principal = await arm.newPrincipal();
  const put = (scope: string, properties: object = {}, name?: string) =>
    arm.send('PUT', path(scope, name), {
      body: {
        properties: {
          ...{ roleDefinitionId: roleId('Reader'), principalId: principal.objectId },
          ...properties,
        },
      },
    });
  return { arm, principal, put };
}

test('the type of the principal is the directory’s; another word for it is refused', async () => {
  const { arm, put } = await prepared();
  assert.equal((await put(VAULT)).body.properties.principalType, 'ServicePrincipal');
  const group = await arm.newGroup();
  const made = await put(VAULT, { principalId: group, principalType: 'group' });
  assert.equal(made.body.properties.principalType, 'Group');
  assert.equal(codeOf(await put(GROUP, { principalType: 'Robot' })), 'BadRequest');
  const wrong = await put(GROUP, { principalType: 'User' });
  assert.equal(codeOf(wrong), 'UnmatchedPrincipalType');
  assert.equal(codeOf(await put(GROUP, { principalId: newGuid() })), 'PrincipalNotFound');
  const named = { principalId: newGuid(), principalType: 'ServicePrincipal' };
  assert.equal(codeOf(await put(GROUP, named)), 'PrincipalNotFound');
  assert.equal(codeOf(await put(GROUP, { principalId: 'ann' })), 'InvalidPrincipalId');
  assert.deepEqual([...arm.resources.assignmentIndex().at([GROUP.toLowerCase()])], []);
});

test('an assignment is written by whom and when it was, and a name is a GUID', async () => {
  const { arm, put } = await prepared();
  const { properties } = (await put(VAULT, { description: 'why' })).body;
  assert.equal(properties.createdBy ?? properties.updatedBy, arm.owner.objectId);
  assert.equal(properties.createdOn, '2026-06-01T00:00:00.000Z');
  assert.equal(properties.description, 'why');
  assert.equal(codeOf(await put(VAULT, {}, 'mine')), 'InvalidRoleAssignmentId');
  const upper = newGuid().toUpperCase();
  assert.equal((await put(GROUP, {}, upper)).body.name, upper.toLowerCase());
});

test('a custom role of a management group reaches what hangs below it, while it does', async () => {
  const { arm, put } = await prepared();
  await arm.send('PUT', `${MG}/outer`, { body: {} });
  const parent = { properties: { details: { parent: { id: `${MG}/outer` } } } };
  await arm.send('PUT', `${MG}/inner`, { body: parent });
  const name = newGuid();
  const definition = `/providers/Microsoft.Authorization/roleDefinitions/${name}`;
  const made = await arm.send('PUT', `${MG}/outer${definition}`, {
    body: {
      properties: {
        roleName: 'Mine',
        permissions: [{ actions: ['Microsoft.KeyVault/vaults/read'] }],
        assignableScopes: [`${MG}/outer`],
      },
    },
  });
  assert.equal(made.status, 201);
  const role = { roleDefinitionId: definition };
  assert.equal((await put(SUB, role)).status, 400, 'the subscription hangs elsewhere');
  assert.equal((await put(`${MG}/inner`, role)).status, 201);
  assert.equal((await put(`${MG}/${TENANT}`, role)).status, 400, 'above');
  await arm.send('PUT', `${MG}/inner/subscriptions/${SUBSCRIPTION}`);
  assert.equal((await put(SUB, role)).status, 201);
  assert.equal((await put(VAULT, role)).status, 201);
  await arm.send('DELETE', `${MG}/inner/subscriptions/${SUBSCRIPTION}`);
  assert.equal((await put(GROUP, role)).status, 400);
});

test('two clauses about principals both have to hold; one that is unknown is refused', async () => {
  const { arm, principal, put } = await prepared();
  const group = await arm.newGroup(principal.objectId);
  const [own, through] = [await put(VAULT), await put(VAULT, { principalId: group })];
  const other = await arm.newPrincipal();
  await put(VAULT, { principalId: other.objectId });
  const list = async ($filter: string) => {
    const answer = await arm.send('GET', path(VAULT, '').slice(0, -1), { query: { $filter } });
    return answer.body.value?.map((one: { name: string }) => one.name).sort() ?? answer.status;
  };
  const me = principal.objectId;
  const both = [own.body.name, through.body.name].sort();
  assert.deepEqual(await list(`assignedTo('${me}')`), both);
  assert.deepEqual(await list(`assignedTo('${me.toUpperCase()}')`), both);
  assert.deepEqual(await list(`principalId eq '${me}'`), [own.body.name]);
  const narrow = `assignedTo('${me}') and principalId eq '${group}'`;
  assert.deepEqual(await list(narrow), [through.body.name]);
  assert.deepEqual(await list(`principalId eq '${me}' and principalId eq '${group}'`), []);
  assert.deepEqual(await list(`atScope() and principalId eq '${me}'`), [own.body.name]);
  for (const filter of ["atScope('x')", 'assignedTo()', "scope eq '/'", "principalId('x')"]) {
    assert.equal(await list(filter), 400, filter);
  }
});
