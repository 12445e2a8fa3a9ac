// Every refusal for want of a right is in the audit log with its machine-readable reason, and the
// caller is told none of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readAudit } from '#test/kit/audit.ts';
import { createApplication, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import { callRow, type Estate } from '#test/matrix/call-row.ts';
import { readError } from '#test/matrix/dialect.ts';
import { loadRows } from '#test/matrix/rows.ts';

const rows = await loadRows();

describe('a refusal', () => {
  let instance: Instance;
  let estate: Estate;

  before(async () => {
    instance = await startInstance();
    const { owner } = instance;
    const rbac = await createVault(owner, { model: 'rbac' });
    const policy = await createVault(owner, { model: 'policy' });
    estate = { instance, vaults: { rbac, policy } };
  });
  after(() => instance?.stop());

  test('of any operation of any plane says why in the audit log, and only there', async () => {
    const caller = await createApplication(instance.owner, 'stranger');
    const codes = new Set<string>();
    for (const row of rows) {
      if (row.access.kind === 'anonymous') continue;
      for (const vault of row.plane === 'vault' ? (['rbac', 'policy'] as const) : [undefined]) {
        const text = row.takesBody ? { text: '{}' } : {};
        const answer = await callRow(estate, { row, caller, ...text, ...(vault && { vault }) });
        if (answer.status !== 403) continue;
        const event = readAudit(instance).at(-1);
        const code = event?.properties.denialReason?.code;
        assert.ok(code, `${row.plane} ${row.id}: ${JSON.stringify(event)}`);
        codes.add(code);
        assert.equal(event.identity.claim.oid, caller.objectId);
        assert.ok(!answer.text.includes(code), `${row.id} tells ${code}`);
        assert.ok(!answer.text.includes('considered'), row.id);
        if (row.method !== 'HEAD') assert.ok(readError(row.plane, answer)?.code, row.id);
      }
    }
    const expected = ['DirectoryRoleMissing', 'NoAccessPolicy', 'NoRoleAssignment'];
    assert.deepEqual(
      expected.filter((code) => !codes.has(code)),
      [],
    );
  });

  test('by the firewall is in the audit log, too', async () => {
    const { owner } = instance;
    const properties = { networkAcls: { defaultAction: 'Deny', ipRules: [] } };
    const name = await createVault(owner, { model: 'rbac', properties });
    (await owner.vault(name, { path: '/secrets' })).expect(403);
    const event = readAudit(instance).at(-1);
    assert.equal(event?.properties.denialReason?.code, 'Firewall');
  });
});
