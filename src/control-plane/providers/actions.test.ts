import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRows } from '#test/matrix/rows.ts';
import { actionsByNamespace } from './actions.ts';

const listed = Object.values(actionsByNamespace).flat();

test('every action and data action that a row asks for is listed as what it is, once', async () => {
  const names = listed.map(({ name, isDataAction }) => `${isDataAction} ${name}`.toLowerCase());
  assert.equal(new Set(names).size, names.length);
  const missing: string[] = [];
  for (const { plane, id, access } of await loadRows()) {
    if (access.kind !== 'action' && access.kind !== 'data') continue;
    // `explain` asks for all that reads who has access.
    if (access.action.includes('*')) continue;
    const name = `${access.kind === 'data'} ${access.action}`.toLowerCase();
    if (!names.includes(name)) missing.push(`${plane} ${id}: ${access.action}`);
  }
  assert.deepEqual(missing, []);
});
