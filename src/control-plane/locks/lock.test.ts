import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operation } from '#kernel';
import type { Lock } from '#resources';
import { GROUP, openTestManagement, SUB, VAULT } from '../management.fixture.ts';
import type { ManagementTarget } from '../management.ts';
import { decideLock } from './lock.ts';

type Asked = Pick<Operation<ManagementTarget>, 'method' | 'access'>;
const operation = (method: Asked['method'], action: string): Asked => ({
  method,
  access: { kind: 'action', action },
});
const deleting = operation('DELETE', 'Microsoft.KeyVault/vaults/delete');
const writing = operation('PUT', 'Microsoft.KeyVault/vaults/write');
const posting = operation('POST', 'Microsoft.KeyVault/locations/deletedVaults/purge/action');
const reading = operation('GET', 'Microsoft.KeyVault/vaults/read');
const lock = (level: Lock['level'], scope: string): Lock => ({ name: 'keep', level, scope });

describe('a lock', () => {
  const scopes: readonly (readonly [string, string, boolean, boolean])[] = [
    // locked, asked for, reaches down, is taken along by deletion
    [VAULT, VAULT, true, false],
    [GROUP, VAULT, true, false],
    [SUB, VAULT, true, false],
    [GROUP.toUpperCase(), VAULT, true, false],
    [VAULT, GROUP, false, true],
    [VAULT, SUB, false, true],
    [VAULT, `${VAULT}2`, false, false],
    [`${VAULT}2`, VAULT, false, false],
    [`${GROUP}2`, VAULT, false, false],
    [`${VAULT}/secrets/a`, VAULT, false, true],
    [`${VAULT}/secrets/a`, `${VAULT}/secrets/b`, false, false],
  ];
  for (const [locked, scope, down, along] of scopes) {
    const at = `at ${locked.slice(SUB.length) || '…'}, for ${scope.slice(SUB.length) || '…'}`;
    const holds = (level: Lock['level'], asked: Asked) =>
      decideLock([lock(level, locked)], { operation: asked, scope }) !== undefined;

    test(`ReadOnly ${at}: stops a change as far down as it reaches, and deletion above`, () => {
      assert.equal(holds('ReadOnly', writing), down);
      assert.equal(holds('ReadOnly', posting), down);
      assert.equal(holds('ReadOnly', deleting), down || along);
      assert.equal(holds('ReadOnly', reading), false);
    });

    test(`CanNotDelete ${at}: stops deletion only`, () => {
      assert.equal(holds('CanNotDelete', writing), false);
      assert.equal(holds('CanNotDelete', posting), false);
      assert.equal(holds('CanNotDelete', deleting), down || along);
      assert.equal(holds('CanNotDelete', reading), false);
    });
  }

  test('does not hold itself: locks are written and deleted under a lock', () => {
    for (const method of ['PUT', 'DELETE'] as const) {
      for (const action of ['Microsoft.Authorization/locks/x', 'microsoft.AUTHORIZATION/locks/x']) {
        const asked = { operation: operation(method, action), scope: VAULT };
        assert.equal(decideLock([lock('ReadOnly', GROUP)], asked), undefined);
      }
    }
  });

  test('stops no reading that is a POST, however its action is written', () => {
    for (const action of ['Microsoft.KeyVault/checkNameAvailability/read', 'A/b/READ']) {
      const asked = { operation: operation('POST', action), scope: VAULT };
      assert.equal(decideLock([lock('ReadOnly', SUB)], asked), undefined);
    }
    const asked = { operation: operation('POST', 'A/b/readers'), scope: VAULT };
    assert.ok(decideLock([lock('ReadOnly', SUB)], asked));
  });

  test('is found behind others that do not stop the request', () => {
    const stops = lock('ReadOnly', GROUP);
    const others = [lock('CanNotDelete', VAULT), lock('ReadOnly', `${VAULT}2`)];
    const asked = { operation: writing, scope: VAULT };
    assert.equal(decideLock([...others, stops], asked), stops);
    assert.equal(decideLock(others, asked), undefined);
    assert.equal(decideLock([], asked), undefined);
  });
});

const path = (scope: string, name = 'keep') =>
  `${scope}/providers/Microsoft.Authorization/locks/${name}`;
const put = (level: string, extra: object = {}) => ({ body: { properties: { level, ...extra } } });

async function opened() {
  const arm = await openTestManagement();
  await arm.createVault();
  return arm;
}

test('a refusal says what was asked, and where the lock is', async () => {
  const arm = await opened();
  await arm.send('PUT', path(GROUP), put('ReadOnly'));
  const deleted = await arm.send('DELETE', VAULT);
  assert.match(deleted.body.error.message, /cannot perform delete operation/);
  assert.ok(deleted.body.error.message.includes(GROUP));
  const patched = await arm.send('PATCH', VAULT, { body: {} });
  assert.match(patched.body.error.message, /cannot perform write operation/);
  assert.ok(arm.resources.liveVault('contoso'));
});

test('a lock is one per name and scope, whatever its letters', async () => {
  const arm = await opened();
  assert.equal((await arm.send('PUT', path(VAULT, 'Keep'), put('CanNotDelete'))).status, 201);
  const again = await arm.send('PUT', path(VAULT.toUpperCase(), 'KEEP'), put('ReadOnly'));
  assert.equal(again.status, 200);
  assert.equal([...arm.resources.locks()].length, 1);
  assert.equal((await arm.send('PUT', path(GROUP, 'keep'), put('ReadOnly'))).status, 201);
  assert.equal((await arm.send('PUT', path(VAULT, 'keep2'), put('ReadOnly'))).status, 201);
  assert.equal([...arm.resources.locks()].length, 3);
  assert.equal((await arm.send('DELETE', path(GROUP, 'keep2'))).status, 204);
  assert.equal([...arm.resources.locks()].length, 3);
});

test('a lock has one of two levels, notes of at most 512 characters and a plain name', async () => {
  const arm = await opened();
  const table: [string, string, object, number][] = [
    ['a', 'ReadOnly', { notes: 'x'.repeat(512) }, 201],
    ['b', 'ReadOnly', { notes: null }, 201],
    ['x'.repeat(90), 'CanNotDelete', {}, 201],
    ['A_(b)-c.d', 'CanNotDelete', {}, 201],
    ['c', 'ReadOnly', { notes: 'x'.repeat(513) }, 400],
    ['d', 'NotSpecified', {}, 400],
    ['e', 'readonly', {}, 400],
    ['x'.repeat(91), 'CanNotDelete', {}, 400],
    ['a b', 'CanNotDelete', {}, 400],
  ];
  for (const [name, level, extra, status] of table) {
    const answer = await arm.send('PUT', path(VAULT, encodeURIComponent(name)), put(level, extra));
    assert.equal(answer.status, status, `${name} ${level}`);
  }
  assert.equal((await arm.send('PUT', path(''), put('ReadOnly'))).status, 400, 'at the root');
});

test('a lock shows its level and its notes, and is not found where it is not', async () => {
  const arm = await opened();
  await arm.send('PUT', path(VAULT), put('CanNotDelete', { notes: 'ours' }));
  const { body } = await arm.send('GET', path(VAULT));
  assert.deepEqual(body, {
    id: path(VAULT),
    type: 'Microsoft.Authorization/locks',
    name: 'keep',
    properties: { level: 'CanNotDelete', notes: 'ours' },
  });
  for (const absent of [path(GROUP), path(VAULT, 'other')]) {
    assert.equal((await arm.send('GET', absent)).status, 404, absent);
  }
});

test('locks go with their resource group, and no other', async () => {
  const arm = await opened();
  const other = `${SUB}/resourceGroups/other`;
  await arm.send('PUT', other, { body: { location: 'westeurope' } });
  await arm.send('PUT', path(other), put('CanNotDelete'));
  assert.equal((await arm.send('DELETE', GROUP)).status, 202);
  assert.deepEqual(
    [...arm.resources.locks()].map(({ scope }) => scope),
    [other],
  );
});
