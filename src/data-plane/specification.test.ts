// The rows against Microsoft's specification, both ways. Reads the collected evidence beside the
// project if it is there; a user's checkout has none, and then this says so and skips.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apiVersions } from './api-version.ts';
import { openTestVault } from './vault.fixture.ts';

const azure = new URL('../../../shared/azure/', import.meta.url);
const skip = existsSync(azure) ? false : 'the evidence directory is not here';
const read = (path: string) => JSON.parse(readFileSync(new URL(path, azure), 'utf8'));

const DIRECTORIES = {
  '7.4': 'openapi/keyvault/data-plane/Microsoft.KeyVault/stable/7.4',
  '7.5': 'openapi/keyvault/data-plane/Microsoft.KeyVault/stable/7.5',
  '7.6': 'openapi/keyvault/data-plane/derived/7.6',
  '2025-07-01': 'openapi/keyvault/data-plane/derived/2025-07-01',
  '2026-04-01': 'openapi/keyvault/data-plane/derived/2026-04-01',
};

/** Served by no vault: Managed HSM only. */
const ABSENT = new Set(['GetRandomBytes']);

async function rowsOf(area: string) {
  const { plane } = await openTestVault();
  return plane.operations.filter(({ path }) => path.replace(/^\/(deleted)?/, '').startsWith(area));
}

for (const [version, directory] of Object.entries(DIRECTORIES)) {
  for (const area of ['secrets', 'keys', 'certificates']) {
    test(`${area} rows are those of the specification ${version}`, { skip }, async () => {
      const specified: string[] = [];
      const paths: [string, Record<string, { operationId: string; responses: object }>][] =
        Object.entries(read(`${directory}/${area}.json`).paths);
      for (const [template, methods] of paths) {
        for (const [method, { operationId, responses }] of Object.entries(methods)) {
          if (ABSENT.has(operationId)) continue;
          const success = Object.keys(responses).find((status) => status !== 'default');
          specified.push(`${operationId} ${method.toUpperCase()} ${template} ${success}`);
        }
      }
      const rows = (await rowsOf(area)).filter((row) => row.versions.accepts(version));
      const served = rows.map((row) => `${row.id} ${row.method} ${row.path} ${row.success}`);
      // What Azure does not have stands in no vault: see CONTRIBUTING, "Add an operation".
      assert.deepEqual(served.toSorted(), specified.toSorted());
    });
  }
}

interface Fact {
  readonly area: string;
  readonly operationId: string;
  readonly path: string;
  readonly accessPolicy: string[];
  readonly rbacDataAction: string;
  readonly rbacAlsoSatisfiedBy: string[];
  readonly auditOperationName: string;
}

for (const area of ['secrets', 'keys', 'certificates']) {
  test(`permissions and audit names of ${area} are the documented ones`, { skip }, async () => {
    const all: Fact[] = read('facts/operation-permissions.json').operations;
    const facts = all.filter((fact) => fact.area === area && !ABSENT.has(fact.operationId));
    const rows = await rowsOf(area);
    assert.deepEqual(
      rows.map(({ id }) => id).toSorted(),
      facts.map(({ operationId }) => operationId).toSorted(),
    );
    for (const fact of facts) {
      const row = rows.find(({ id }) => id === fact.operationId);
      assert.ok(row?.access.kind === 'data', fact.operationId);
      assert.deepEqual(row.access.policy, fact.accessPolicy, fact.operationId);
      assert.equal(row.access.action, fact.rbacDataAction);
      assert.deepEqual(row.access.alternatives ?? [], fact.rbacAlsoSatisfiedBy);
      assert.equal(row.audit, fact.auditOperationName);
      // Issuers are no scopes of their own.
      const isObject = /\{(secret|key|certificate)-name\}/.test(row.path);
      assert.equal(row.access.at === 'object', isObject);
    }
  });
}

test('random bytes are Managed HSM’s: a vault has no such path', async () => {
  const { plane } = await openTestVault();
  assert.deepEqual(
    plane.operations.filter(({ path }) => path.startsWith('/rng')),
    [],
  );
});

test('every api-version that the evidence knows from 7.0 on is served', { skip }, () => {
  const { order, previews } = read('facts/version-deltas.json').dataPlane;
  for (const version of [...order, ...previews]) {
    assert.equal(apiVersions.includes(version), version !== '2016-10-01', version);
  }
});

test('ids and routes are unique', async () => {
  const { plane } = await openTestVault();
  const ids = plane.operations.map(({ id }) => id);
  const routes = plane.operations.map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(new Set(routes).size, routes.length);
});
