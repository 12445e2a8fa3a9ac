// The rows against Microsoft's specification, both ways. Reads the collected evidence beside the
// project if it is there; a user's checkout has none, and then this says so and skips.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apiVersions } from '../api-version.ts';
import { openTestVault } from '../open-test-vault.ts';

const azure = new URL('../../../../shared/azure/', import.meta.url);
const skip = existsSync(azure) ? false : 'the evidence directory is not here';
const read = (path: string) => JSON.parse(readFileSync(new URL(path, azure), 'utf8'));

const SPECIFICATIONS = {
  '7.4': 'openapi/keyvault/data-plane/Microsoft.KeyVault/stable/7.4/secrets.json',
  '7.5': 'openapi/keyvault/data-plane/Microsoft.KeyVault/stable/7.5/secrets.json',
  '7.6': 'openapi/keyvault/data-plane/derived/7.6/secrets.json',
  '2025-07-01': 'openapi/keyvault/data-plane/derived/2025-07-01/secrets.json',
  '2026-04-01': 'openapi/keyvault/data-plane/derived/2026-04-01/secrets.json',
};

async function secretRows() {
  const { plane } = await openTestVault();
  return plane.operations.filter(({ path }) => /^\/(deleted)?secrets\b/.test(path));
}

for (const [version, path] of Object.entries(SPECIFICATIONS)) {
  test(`secret rows are those of the specification ${version}`, { skip }, async () => {
    const specified: string[] = [];
    const paths: [string, Record<string, { operationId: string; responses: object }>][] =
      Object.entries(read(path).paths);
    for (const [template, methods] of paths) {
      for (const [method, { operationId, responses }] of Object.entries(methods)) {
        const success = Object.keys(responses).find((status) => status !== 'default');
        specified.push(`${operationId} ${method.toUpperCase()} ${template} ${success}`);
      }
    }
    const rows = (await secretRows()).filter((row) => row.versions.accepts(version));
    const served = rows.map((row) => `${row.id} ${row.method} ${row.path} ${row.success}`);
    assert.deepEqual(served.toSorted(), specified.toSorted());
  });
}

test('permissions and audit names are those collected from the documentation', {
  skip,
}, async () => {
  const all: {
    area: string;
    operationId: string;
    accessPolicy: string[];
    rbacDataAction: string;
    auditOperationName: string;
  }[] = read('facts/operation-permissions.json').operations;
  const facts = all.filter(({ area }) => area === 'secrets');
  const rows = await secretRows();
  assert.equal(rows.length, facts.length);
  for (const fact of facts) {
    const row = rows.find(({ id }) => id === fact.operationId);
    assert.ok(row?.access.kind === 'data', fact.operationId);
    assert.deepEqual(row.access.policy, fact.accessPolicy);
    assert.equal(row.access.action, fact.rbacDataAction);
    assert.equal(row.audit, fact.auditOperationName);
    assert.equal(row.access.at === 'object', row.path.includes('{secret-name}'));
  }
});

test('every api-version that the evidence knows from 7.0 on is served', { skip }, () => {
  const { order, previews } = read('facts/version-deltas.json').dataPlane;
  for (const version of [...order, ...previews]) {
    assert.equal(apiVersions.includes(version), version !== '2016-10-01', version);
  }
});
