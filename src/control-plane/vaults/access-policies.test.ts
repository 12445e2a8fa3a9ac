import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '#kernel';
import type { AccessPolicyEntry } from '#resources';
import { TENANT } from '../management.fixture.ts';
import {
  accessPoliciesSchema,
  changeAccessPolicies,
  parseAccessPolicies,
} from './access-policies.ts';

const id = (n: number) => `99999999-9999-4999-8999-${String(n).padStart(12, '0')}`;
const KINDS = ['keys', 'secrets', 'certificates', 'storage'] as const;
type Permissions = AccessPolicyEntry['permissions'];

const entry = (n: number, permissions: Permissions, applicationId?: string): AccessPolicyEntry => ({
  tenantId: TENANT,
  objectId: id(n),
  ...(applicationId !== undefined && { applicationId }),
  permissions,
});

const parse = (all: readonly AccessPolicyEntry[]) =>
  parseAccessPolicies(accessPoliciesSchema.parse(all), TENANT);

// `get` and `GET` are one permission.
const list = fc.uniqueArray(fc.constantFrom('get', 'GET', 'list', 'delete', 'Recover'), {
  selector: (text) => text.toLowerCase(),
});
const permissionsArbitrary: fc.Arbitrary<Permissions> = fc.record({ keys: list, secrets: list });
const entries = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.boolean(), permissionsArbitrary), {
    selector: ([n, through]) => `${n} ${through}`,
  })
  .map((all) => all.map(([n, through, given]) => entry(n, given, through ? id(900) : undefined)));

/** `<who>/<kind>/<permission>`, in lower case: what the entries give. */
function given(all: readonly AccessPolicyEntry[]): Set<string> {
  return new Set(
    all.flatMap(({ objectId, applicationId = '', permissions }) =>
      KINDS.flatMap((kind) =>
        (permissions[kind] ?? []).map((one) =>
          [objectId, applicationId, kind, one].join('/').toLowerCase(),
        ),
      ),
    ),
  );
}

describe('changing access policies', () => {
  test('add gives what was given before and what is added, nothing else', () => {
    fc.assert(
      fc.property(entries, entries, (stored, changes) => {
        const after = given(changeAccessPolicies(stored, 'add', changes));
        assert.deepEqual(after, given(stored).union(given(changes)));
      }),
    );
  });

  test('remove leaves exactly what is not named, for others untouched', () => {
    fc.assert(
      fc.property(entries, entries, (stored, changes) => {
        const after = given(changeAccessPolicies(stored, 'remove', changes));
        assert.deepEqual(after, given(stored).difference(given(changes)));
      }),
    );
  });

  test('replace puts the named entries in the place of theirs and leaves the others', () => {
    fc.assert(
      fc.property(entries, entries, (stored, changes) => {
        const key = ({ objectId, applicationId }: AccessPolicyEntry) => objectId + applicationId;
        const named = new Set(changes.map(key));
        const others = stored.filter((one) => !named.has(key(one)));
        const after = given(changeAccessPolicies(stored, 'replace', changes));
        assert.deepEqual(after, given(others).union(given(changes)));
      }),
    );
  });

  test('no change makes two entries of one, or lists a permission twice', () => {
    const kinds = fc.constantFrom('add', 'remove', 'replace');
    fc.assert(
      fc.property(entries, kinds, entries, (stored, kind, changes) => {
        const after = changeAccessPolicies(stored, kind, changes);
        const keys = after.map(({ objectId, applicationId }) => objectId + applicationId);
        assert.equal(new Set(keys).size, keys.length);
        const count = after.flatMap(({ permissions }) =>
          KINDS.flatMap((one) => permissions[one] ?? []),
        ).length;
        assert.equal(given(after).size, count);
      }),
    );
  });

  test('an entry of which nothing is left is gone; one that gives nothing yet is kept', () => {
    const stored = [entry(1, { keys: ['get'] }), entry(2, {})];
    assert.deepEqual(changeAccessPolicies(stored, 'remove', [entry(1, { keys: ['GET'] })]), [
      entry(2, {}),
    ]);
    assert.deepEqual(changeAccessPolicies([], 'add', [entry(3, {})]), [entry(3, {})]);
    assert.deepEqual(changeAccessPolicies([], 'remove', [entry(3, { keys: ['get'] })]), []);
  });

  test('an object id is the same in any letters', () => {
    const upper = {
      ...entry(1, { keys: ['list'] }),
      objectId: 'ABCDEFAB-9999-4999-8999-999999999999',
    };
    const lower = { ...entry(1, { keys: ['get'] }), objectId: upper.objectId.toLowerCase() };
    const [merged, ...more] = changeAccessPolicies([upper], 'add', [lower]);
    assert.deepEqual([merged?.permissions, more], [{ keys: ['list', 'get'] }, []]);
  });

  test('1,024 entries fit, one more is refused', () => {
    const full = Array.from({ length: 1024 }, (_item, n) => entry(n, { keys: ['get'] }));
    assert.equal(changeAccessPolicies(full.slice(1), 'add', full.slice(0, 1)).length, 1024);
    const more = [entry(2000, { keys: ['get'] })];
    assert.throws(() => changeAccessPolicies(full, 'add', more), ApiError);
    assert.equal(parse(full).length, 1024);
    assert.throws(() => parse([...full, ...more]), ApiError);
  });
});

describe('the permissions of an entry', () => {
  const known = {
    keys: `encrypt decrypt wrapKey unwrapKey sign verify create update import release rotate
      getrotationpolicy setrotationpolicy`,
    secrets: 'set',
    certificates: `create import update managecontacts getissuers listissuers setissuers
      deleteissuers manageissuers`,
    storage: 'set update regeneratekey getsas listsas setsas deletesas',
  } as const;
  const every = 'all get list delete backup restore recover purge'.split(' ');

  for (const kind of KINDS) {
    const own = known[kind].split(/\s+/);
    test(`${kind}: each that Azure knows is kept as written, and no other is taken`, () => {
      const wanted = [...every, ...own];
      const [parsed] = parse([entry(1, { [kind]: wanted })]);
      assert.deepEqual(parsed, entry(1, { [kind]: wanted }));
      const foreign = KINDS.flatMap((one) => known[one].split(/\s+/));
      for (const permission of [...foreign, '', 'get ', '*', 'constructor']) {
        const refused = ![...every, ...own].some(
          (one) => one.toLowerCase() === permission.toLowerCase(),
        );
        if (!refused) continue;
        const entries_ = [entry(1, { [kind]: [permission] })];
        assert.throws(() => parse(entries_), ApiError, permission);
      }
    });
  }

  test('a permission that is named twice, in whatever letters, counts once', () => {
    const [parsed] = parse([entry(1, { keys: ['Get', 'get', 'GET'] })]);
    assert.deepEqual(parsed?.permissions, { keys: ['Get'] });
  });

  test('entries for one principal are told apart by the application only', () => {
    const twice = [entry(1, {}), entry(1, { keys: ['get'] })];
    assert.throws(() => parse(twice), ApiError);
    const through = [entry(1, {}), entry(1, {}, id(7)), entry(1, {}, id(8))];
    assert.equal(parse(through).length, 3);
    const same = [entry(1, {}, id(7)), entry(1, {}, id(7).toUpperCase())];
    assert.throws(() => parse(same), ApiError);
  });

  test('the tenant is ours, in any letters', () => {
    const upper = [{ ...entry(1, {}), tenantId: TENANT.toUpperCase() }];
    assert.equal(parse(upper).length, 1);
    const foreign = [{ ...entry(1, {}), tenantId: id(5) }];
    assert.throws(() => parse(foreign), /tenant/);
  });
});
