// Every vault operation over HTTP, for every built-in role in both permission models: refused is
// whom the role's definition leaves out. (Decisions at every scope, and of the other planes, are
// gone through in src/authorization/matrix-of-rows.test.ts.)
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { builtInRoles } from '#resources';
import type { Caller } from '#test/kit/caller.ts';
import { assignRole, createApplication, createVault, groupScope } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import { callRow, type Estate } from '#test/matrix/call-row.ts';
import { saysData } from '#test/matrix/role-says.ts';
import { loadRows } from '#test/matrix/rows.ts';

const rows = await loadRows();

describe('every vault operation over HTTP, for every built-in role', () => {
  let instance: Instance;
  let estate: Estate;
  const callers = new Map<string, Caller>();

  before(async () => {
    instance = await startInstance();
    const { owner } = instance;
    const rbac = await createVault(owner, { model: 'rbac' });
    const policy = await createVault(owner, { model: 'policy' });
    estate = { instance, vaults: { rbac, policy } };
    for (const { name, roleName } of builtInRoles) {
      const caller = await createApplication(owner, roleName);
      await assignRole(owner, { to: caller, role: name, scope: groupScope(owner) });
      callers.set(name, caller);
    }
  });
  after(() => instance?.stop());

  for (const vault of ['rbac', 'policy'] as const) {
    test(`a vault in ${vault} mode refuses whom the definition leaves out, no others`, async () => {
      const wrong: string[] = [];
      for (const row of rows) {
        if (row.access.kind !== 'data') continue;
        for (const role of builtInRoles) {
          const caller = callers.get(role.name);
          assert.ok(caller);
          const { status } = await callRow(estate, { row, vault, caller, text: '{}' });
          const expected = vault === 'rbac' && saysData(role, row.access);
          if ((status !== 403) !== expected) wrong.push(`${row.id} ${role.roleName}: ${status}`);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});
