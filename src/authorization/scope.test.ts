import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { objectScope, parseScope } from './scope.ts';

const SUB = '/subscriptions/s1';
const VAULT = `${SUB}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv`;

function nodesOf(text: string): readonly string[] {
  const scope = parseScope(text);
  assert.ok(scope, text);
  return scope.nodes;
}

describe('scopes', () => {
  it('a vault stands in its resource group, subscription and the root, and in nothing else', () => {
    assert.deepEqual(nodesOf(VAULT), [VAULT.toLowerCase(), `${SUB}/resourcegroups/rg`, SUB, '/']);
  });

  it('compare without case', () => {
    assert.deepEqual(parseScope(VAULT.toUpperCase()), parseScope(VAULT));
  });

  it('the root is a scope of its own', () => {
    assert.deepEqual(nodesOf('/'), ['/']);
  });

  it('child resources and extension resources stand in what they extend', () => {
    const assignment = `${VAULT}/providers/Microsoft.Authorization/roleAssignments/a1`;
    assert.deepEqual(nodesOf(assignment).slice(0, 2), [
      assignment.toLowerCase(),
      VAULT.toLowerCase(),
    ]);
    const deleted = `${SUB}/providers/Microsoft.KeyVault/locations/west/deletedVaults/kv`;
    assert.deepEqual(nodesOf(deleted), [
      deleted.toLowerCase(),
      `${SUB}/providers/microsoft.keyvault/locations/west`,
      SUB,
      '/',
    ]);
  });

  it('a management group and a resource of the tenant stand in the root', () => {
    const group = '/providers/Microsoft.Management/managementGroups/g';
    assert.deepEqual(nodesOf(group), [group.toLowerCase(), '/']);
    assert.equal(parseScope(group)?.container, group.toLowerCase());
    const role = '/providers/Microsoft.Authorization/roleDefinitions/r';
    assert.deepEqual(nodesOf(role), [role.toLowerCase(), '/']);
    assert.equal(parseScope(role)?.container, undefined);
  });

  it('everything in a subscription has it as its container', () => {
    assert.equal(parseScope(SUB)?.container, SUB);
    assert.equal(parseScope(VAULT)?.container, SUB);
  });

  it('a resource group may be called like a keyword', () => {
    const scope = `${SUB}/resourceGroups/providers`;
    assert.deepEqual(nodesOf(`${scope}/providers/Microsoft.KeyVault/vaults/kv`).slice(1, 2), [
      scope.toLowerCase(),
    ]);
  });
});

describe('what is no scope', () => {
  const refused = [
    '',
    'subscriptions/s1',
    '//',
    `/${SUB}`,
    `${SUB}//resourceGroups/rg`,
    `${VAULT}//`,
    '/subscriptions',
    '/subscriptions/',
    `${SUB}/resourceGroups`,
    `${SUB}/providers`,
    `${SUB}/providers/Microsoft.KeyVault`,
    `${SUB}/providers/Microsoft.KeyVault/vaults`,
    `${VAULT}/secrets`,
    `${SUB}/vaults/kv`,
    `${SUB}/../s2`,
    `${SUB}/resourceGroups/..`,
    `${SUB}/resourceGroups/.`,
    `${SUB}/resourceGroups/rg%2Fproviders`,
    `${SUB}/resourceGroups/%72g`,
    `${SUB}/resourceGroups/rg\\x`,
    `${SUB}/resourceGroups/r?g`,
    `${SUB}/resourceGroups/r#g`,
    `${SUB}/resourceGroups/*`,
    `${SUB}/resourceGroups/rg\u0000`,
    `${SUB}/resourceGroups/rg\n`,
    `${SUB}/resourceGroups/ rg`,
    `${SUB}/resourceGroups/rg `,
    `/${'a/'.repeat(100)}b`,
    `${SUB}/resourceGroups/${'a'.repeat(3000)}`,
  ];
  for (const text of refused) {
    it(JSON.stringify(text.slice(0, 60)), () => assert.equal(parseScope(text), undefined));
  }

  it('no text makes it throw, and every node of a scope is a scope itself', () => {
    const part = fc.constantFrom(
      'subscriptions',
      'resourceGroups',
      'providers',
      'Microsoft.KeyVault',
      'vaults',
      'a',
      '..',
      '',
    );
    const texts = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(texts, (text) => {
        const scope = parseScope(text);
        for (const node of scope?.nodes ?? []) {
          assert.ok(parseScope(node), node);
          assert.ok(node === '/' || `${scope?.key}/`.startsWith(`${node}/`));
        }
      }),
    );
  });
});

describe('scopes of objects', () => {
  const vault = parseScope(VAULT);
  assert.ok(vault);

  it('stand in their vault', () => {
    const scope = objectScope(vault, 'secrets/Db');
    assert.deepEqual(scope?.nodes.slice(0, 2), [`${vault.key}/secrets/db`, vault.key]);
  });

  it('have no version and no odd names', () => {
    for (const object of [
      'secrets',
      'secrets/',
      'secrets/a/b',
      'secrets/..',
      'secrets/a%2fb',
      '/secrets/a',
      'blobs/a',
      `secrets/${'a'.repeat(128)}`,
      'secrets/a\n',
    ]) {
      assert.equal(objectScope(vault, object), undefined, object);
    }
  });
});
