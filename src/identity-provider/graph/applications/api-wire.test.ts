import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newGuid } from '#kernel';
import { api, parseApi } from './api-wire.ts';

const scope = (value: string, id = newGuid()) => ({ id, value, adminConsentDisplayName: value });
const read = (given: unknown) => parseApi(api.parse(given));

describe('what an application exposes', () => {
  test('is kept as given, with the rest at its defaults', () => {
    const made = read({
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [scope('Files.Read')],
    });
    assert.equal(made.requestedAccessTokenVersion, 2);
    const [only] = made.oauth2PermissionScopes;
    assert.equal(only?.value, 'Files.Read');
    assert.equal(only?.type, 'User');
    assert.equal(only?.isEnabled, true);
    assert.equal(only?.userConsentDescription, null);
  });

  test('changes only where a change names it', () => {
    const before = read({
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [scope('a')],
    });
    const after = parseApi(api.parse({ acceptMappedClaims: true }), before);
    assert.deepEqual(after, { ...before, acceptMappedClaims: true });
    const cleared = parseApi(api.parse({ requestedAccessTokenVersion: null }), before);
    assert.equal(cleared.requestedAccessTokenVersion, null);
  });

  test('names each scope once, by id and by value', () => {
    const id = newGuid();
    assert.throws(() => read({ oauth2PermissionScopes: [scope('a', id), scope('b', id)] }));
    assert.throws(() => read({ oauth2PermissionScopes: [scope('a'), scope('A')] }));
  });

  test('holds no scope that could not be asked for, and no third token version', () => {
    for (const value of ['', 'a b', 'a/b', 'a"b', 'ä', 'x'.repeat(121)]) {
      assert.throws(() => read({ oauth2PermissionScopes: [scope(value)] }), value);
    }
    assert.throws(() => read({ requestedAccessTokenVersion: 3 }));
    assert.throws(() => read({ oauth2PermissionScopes: [scope('a', 'no guid')] }));
  });
});
