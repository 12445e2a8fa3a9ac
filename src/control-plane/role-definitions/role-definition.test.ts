import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '#kernel';
import { parseRoleDefinition, roleDefinitionSchema } from './role-definition.ts';

const NAME = 'dddddddd-0000-4000-8000-00000000000a';
const SUB = '/subscriptions/22222222-2222-4222-8222-222222222222';
const GROUP = '/providers/Microsoft.Management/managementGroups';

const valid = {
  roleName: 'Mine',
  permissions: [{ actions: ['Microsoft.KeyVault/vaults/read'] }],
  assignableScopes: [SUB],
};

function parse(changes: object, name = NAME) {
  const { properties } = roleDefinitionSchema.parse({ properties: { ...valid, ...changes } });
  return parseRoleDefinition(name, properties, { by: 'me', atMs: Date.UTC(2026, 5, 1) });
}

function codeOf(changes: object): string {
  try {
    parse(changes);
    return 'taken';
  } catch (error) {
    return error instanceof ApiError ? error.definition.code : 'schema';
  }
}

const withActions = (...actions: string[]) => ({ permissions: [{ actions }] });
const repeat = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

describe('a custom role', () => {
  test('is what was asked for, with the rest empty and its name in lower case', () => {
    assert.deepEqual(parse({ roleName: ' Mine ' }, NAME.toUpperCase()), {
      name: NAME,
      roleName: 'Mine',
      type: 'CustomRole',
      description: '',
      permissions: [
        {
          actions: ['Microsoft.KeyVault/vaults/read'],
          ...{ notActions: [], dataActions: [], notDataActions: [] },
        },
      ],
      assignableScopes: [SUB],
      createdOn: '2026-06-01T00:00:00.000Z',
      updatedOn: '2026-06-01T00:00:00.000Z',
      ...{ createdBy: 'me', updatedBy: 'me' },
    });
  });

  test('has a list of actions of each kind, none mistaken for another', () => {
    const lists = {
      actions: ['A/a'],
      notActions: ['A/b'],
      dataActions: ['A/c'],
      notDataActions: ['A/d'],
    };
    assert.deepEqual(parse({ permissions: [lists] }).permissions, [lists]);
    for (const kind of Object.keys(lists)) {
      const wrong = { permissions: [{ ...lists, [kind]: ['no action'] }] };
      assert.equal(codeOf(wrong), 'InvalidActionOrNotAction', kind);
    }
  });

  const limits: readonly (readonly [string, object, object])[] = [
    ['512 characters of a name', { roleName: 'x'.repeat(512) }, { roleName: 'x'.repeat(513) }],
    [
      '2,048 characters of description',
      { description: 'x'.repeat(2048) },
      { description: 'x'.repeat(2049) },
    ],
    [
      '2,000 assignable scopes',
      { assignableScopes: repeat(2000, SUB) },
      { assignableScopes: repeat(2001, SUB) },
    ],
    [
      '16 permissions',
      { permissions: repeat(16, { actions: [] }) },
      { permissions: repeat(17, { actions: [] }) },
    ],
    ['2,000 actions', withActions(...repeat(2000, 'A/b')), withActions(...repeat(2001, 'A/b'))],
    [
      '512 characters of an action',
      withActions(`A/${'x'.repeat(510)}`),
      withActions(`A/${'x'.repeat(511)}`),
    ],
  ];
  for (const [name, most, tooMuch] of limits) {
    test(`has at most ${name}`, () => {
      assert.equal(codeOf(most), 'taken');
      assert.notEqual(codeOf(tooMuch), 'taken');
    });
  }

  test('names actions with at most one wildcard, anywhere but alone in a word', () => {
    const good = [
      '*',
      '*/read',
      'Microsoft.KeyVault/*',
      'Microsoft.KeyVault/vaults/*/read',
      'A/b*',
    ];
    for (const action of good) assert.equal(codeOf(withActions(action)), 'taken', action);
    const bad = ['**', '*/*', 'A/*/b/*', 'A*', 'A', '/A/b', 'A/b/', 'A//b', 'A/b?', 'A/ä', 'A/b\n'];
    for (const action of bad) {
      assert.equal(codeOf(withActions(action)), 'InvalidActionOrNotAction', JSON.stringify(action));
    }
    assert.equal(
      codeOf(withActions('A/b', '*/*')),
      'InvalidActionOrNotAction',
      'each is looked at',
    );
  });

  test('is assignable at places that exist in form, and says which one is not', () => {
    const good = [[SUB], [SUB.slice(1)], [`${SUB}/resourceGroups/g`], [`${GROUP}/g`, SUB]];
    for (const assignableScopes of good) {
      assert.deepEqual(parse({ assignableScopes }).assignableScopes, assignableScopes);
    }
    const bad = [['/'], [SUB, '/'], ['/subscriptions/*'], [SUB, `${SUB}/resourceGroups/*`], ['x']];
    for (const assignableScopes of bad) {
      assert.equal(
        codeOf({ assignableScopes }),
        'LinkedInvalidPropertyId',
        String(assignableScopes),
      );
    }
    for (const assignableScopes of [[], undefined, null, [SUB, ''], [SUB, null]]) {
      assert.equal(codeOf({ assignableScopes }), 'MissingAssignableScopes');
    }
  });

  test('stands in one management group at most, and in none if it opens data', () => {
    const opens = { permissions: [{ actions: ['A/b'] }, { dataActions: ['A/c'] }] };
    assert.equal(codeOf({ assignableScopes: [`${GROUP}/a`] }), 'taken');
    assert.equal(codeOf({ assignableScopes: [`${GROUP}/a`, `${GROUP}/b`] }), 'BadRequest');
    assert.equal(codeOf({ ...opens, assignableScopes: [SUB, `${GROUP}/a`] }), 'BadRequest');
    assert.equal(codeOf({ ...opens, assignableScopes: [SUB] }), 'taken');
  });

  test('is never built in, and is known by a GUID', () => {
    for (const type of [undefined, null, '', 'CustomRole', 'customrole']) {
      assert.equal(parse({ type }).type, 'CustomRole');
    }
    assert.equal(codeOf({ type: 'BuiltInRole' }), 'InvalidRoleDefinitionType');
    assert.throws(() => parse({}, 'x'), ApiError);
  });
});
