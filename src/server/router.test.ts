import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Method, type Operation, operation } from '#kernel';
import { Router } from './router.ts';

function row(id: string, method: Method, path: string): Operation<string> {
  return operation<string>({
    id,
    method,
    path,
    versions: { required: false, accepts: () => true },
    access: { kind: 'anonymous' },
    audit: id,
    success: 200,
    errors: [],
    handle: () => ({}),
  });
}

const router = new Router([
  row('list', 'GET', '/secrets'),
  row('set', 'PUT', '/secrets/{secret-name}'),
  row('get', 'GET', '/secrets/{secret-name}/{secret-version}'),
  row('update', 'PATCH', '/secrets/{secret-name}/{secret-version}'),
  row('versions', 'GET', '/secrets/{secret-name}/versions'),
  row('backup', 'POST', '/secrets/{secret-name}/backup'),
  row('restore', 'POST', '/secrets/restore'),
  row('create', 'POST', '/keys/{key-name}/create'),
  row('getKey', 'GET', '/keys/{key-name}/{key-version}'),
  row('decrypt', 'POST', '/keys/{key-name}/{key-version}/decrypt'),
  row('attest', 'GET', '/keys/{key-name}/{key-version}/attestation'),
  row('metadata', 'GET', '/metadata/endpoints'),
  row('groups', 'GET', '/subscriptions/{subscriptionId}/resourceGroups'),
  row('assign', 'PUT', '/{scope}/providers/Microsoft.Authorization/roleAssignments/{name}'),
  row('assignments', 'GET', '/{scope}/providers/Microsoft.Authorization/roleAssignments'),
  row('settings', 'GET', '/{scope}/providers/Microsoft.Insights/diagnosticSettings'),
]);

function route(method: string, path: string): string {
  const match = router.match(method, path);
  if (match.kind !== 'found') return match.kind;
  return `${match.operation.id} ${JSON.stringify(match.params)}`;
}

const SCOPED = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v';

describe('router', () => {
  const cases: readonly [string, string, string][] = [
    ['GET', '/secrets', 'list {}'],
    ['GET', '/secrets/', 'list {}'],
    ['GET', '/secrets/n', 'get {"secret-name":"n","secret-version":""}'],
    ['GET', '/secrets/n/', 'get {"secret-name":"n","secret-version":""}'],
    ['GET', '/secrets/n/1', 'get {"secret-name":"n","secret-version":"1"}'],
    ['PATCH', '/secrets/n/', 'update {"secret-name":"n","secret-version":""}'],
    ['GET', '/secrets/n/versions', 'versions {"secret-name":"n"}'],
    ['GET', '/secrets/versions/versions', 'versions {"secret-name":"versions"}'],
    ['PUT', '/secrets/n', 'set {"secret-name":"n"}'],
    ['PUT', '/secrets/', 'wrong-method'],
    ['POST', '/secrets/restore', 'restore {}'],
    ['POST', '/secrets/restore/backup', 'backup {"secret-name":"restore"}'],
    ['POST', '/keys//create', 'create {"key-name":""}'],
    ['POST', '/keys/n//decrypt', 'decrypt {"key-name":"n","key-version":""}'],
    ['POST', '/keys/n/decrypt', 'decrypt {"key-name":"n","key-version":""}'],
    ['GET', '/keys/n/attestation', 'attest {"key-name":"n","key-version":""}'],
    ['GET', '//metadata/endpoints', 'metadata {}'],
    ['GET', '/SECRETS/N', 'get {"secret-name":"N","secret-version":""}'],
    ['DELETE', '/secrets/n/1/2', 'unknown'],
    ['GET', '/', 'unknown'],
    ['GET', '/nothing', 'unknown'],
    ['GET', '/secrets/%E0%A4%A', 'unknown'],
    ['PUT', '/secrets/a%2Fb', 'set {"secret-name":"a/b"}'],
  ];
  for (const [method, path, expected] of cases) {
    test(`${method} ${path} is ${expected}`, () => assert.equal(route(method, path), expected));
  }

  test('doubled slashes are one where the plane merges them', () => {
    const rows = [
      row('restore', 'POST', '/keys/restore'),
      row('create', 'POST', '/keys/{key-name}/create'),
      row('encrypt', 'POST', '/keys/{key-name}/{key-version}/encrypt'),
    ];
    const merging = new Router(rows, true);
    const idOf = (path: string) => {
      const match = merging.match('POST', path);
      return match.kind === 'found' ? match.operation.id : match.kind;
    };
    assert.equal(idOf('/keys//restore'), 'restore');
    assert.equal(idOf('//keys///restore//'), 'restore');
    assert.equal(idOf('/keys//name/create'), 'create');
    assert.equal(idOf('/keys/name//encrypt'), 'encrypt');
    assert.equal(idOf('/keys//create'), 'unknown');
  });

  test('a last parameter with a plus takes the rest of the path as it came', () => {
    const rows = [row('ask', 'POST', '/ocsp'), row('get', 'GET', '/ocsp/{+request}')];
    const resting = new Router(rows);
    const restOf = (path: string, method = 'GET') => {
      const match = resting.match(method, path);
      return match.kind === 'found' ? (match.params.request ?? match.operation.id) : match.kind;
    };
    assert.equal(restOf('/ocsp/a//b+/c==/'), 'a//b+/c==/');
    assert.equal(restOf('//OCSP//M%2f%2Fb%2B%3D'), '/M//b+=');
    assert.equal(restOf(`/ocsp/${'a/'.repeat(500)}`), 'a/'.repeat(500));
    assert.equal(restOf('/ocsp/', 'POST'), 'ask');
    assert.equal(restOf('/ocsp/a', 'PUT'), 'wrong-method');
    assert.equal(restOf('/ocsp'), 'wrong-method');
    assert.equal(restOf('/ocsp/%'), 'unknown');
    assert.equal(restOf('/ocspa/b'), 'unknown');
  });

  test('a scope is everything before the last provider', () => {
    const path = `${SCOPED}/providers/Microsoft.Authorization/roleAssignments/x`;
    assert.equal(route('PUT', path), `assign {"scope":"${SCOPED}","name":"x"}`);
  });

  test('the root scope is a single slash', () => {
    const path = '/providers/Microsoft.Authorization/roleAssignments';
    assert.equal(route('GET', path), 'assignments {"scope":"/"}');
  });

  test('an encoded slash cannot smuggle segments into a scope', () => {
    const path = '/subscriptions%2Fs/providers/Microsoft.Authorization/roleAssignments';
    assert.equal(route('GET', path), 'unknown');
  });

  test('an empty segment cannot stand inside a scope', () => {
    const path = '/subscriptions//s/providers/Microsoft.Authorization/roleAssignments';
    assert.equal(route('GET', path), 'unknown');
  });

  test('a known path with another method is told apart from an unknown path', () => {
    assert.equal(route('DELETE', '/secrets/n/versions'), 'wrong-method');
    assert.equal(
      route('DELETE', `${SCOPED}/providers/Microsoft.Insights/diagnosticSettings`),
      'wrong-method',
    );
  });

  test('two rows with one method and path are refused when the table is compiled', () => {
    const twice = [row('a', 'GET', '/a/{b}'), row('c', 'GET', '/a/{d}')];
    assert.throws(() => new Router(twice), /same method and path/);
  });

  test('no path makes the router throw, and parameters are own strings only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('secrets', 'n', '', '__proto__', '..')), {
          maxLength: 80,
        }),
        (parts) => {
          const match = router.match('GET', `/${parts.join('/')}`);
          if (match.kind === 'found') {
            for (const value of Object.values(match.params)) assert.equal(typeof value, 'string');
          }
        },
      ),
    );
  });
});
