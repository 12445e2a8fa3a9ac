import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFilter } from './filter.ts';
import { parseSearch } from './search.ts';
import { FilterSyntax } from './tokens.ts';

const object = {
  displayName: "Ann O'Hara",
  appId: 'c0ffee00-0000-0000-0000-000000000000',
  accountEnabled: true,
  mail: null,
  servicePrincipalNames: ['one', 'https://two'],
  roles: [{ value: 'admin' }],
  createdDateTime: '2026-01-02T00:00:00Z',
};

test('what directory clients ask is understood', () => {
  const matching = [
    "displayName eq 'ann o''hara'",
    "displayName ne 'Bob'",
    "startswith(displayName,'ANN')",
    "endswith(displayName, 'hara')",
    "servicePrincipalNames/any(c:c eq 'https://two')",
    "servicePrincipalNames/any(c: c eq 'https://two')",
    "roles/any(r:r/value eq 'admin')",
    'accountEnabled eq true',
    'mail eq null',
    'appId eq c0ffee00-0000-0000-0000-000000000000',
    "appId in ('x', 'c0ffee00-0000-0000-0000-000000000000')",
    "displayName eq 'x' or (accountEnabled eq true and not (mail ne null))",
    'createdDateTime ge 2026-01-01T00:00:00Z',
    "resourceless eq null and displayName eq 'ann o''hara'",
  ];
  for (const filter of matching) assert.equal(parseFilter(filter).matches(object), true, filter);
  const other = [
    "displayName eq 'Bob'",
    "servicePrincipalNames/any(c:c eq 'three')",
    'accountEnabled eq false',
    "startswith(mail,'a')",
    'createdDateTime ge 2026-02-01T00:00:00Z',
    "not startswith(displayName,'A')",
  ];
  for (const filter of other) assert.equal(parseFilter(filter).matches(object), false, filter);
});

test('what is not understood is refused, never treated as true', () => {
  const refused = [
    '',
    'displayName',
    "displayName eq 'a",
    "displayName like 'a'",
    "displayName eq 'a' displayName",
    "displayName eq 'a')",
    "(displayName eq 'a'",
    "contains(displayName,'a')",
    'displayName eq ;',
    `${'('.repeat(100)}a eq 'b'${')'.repeat(100)}`,
    `displayName eq '${'x'.repeat(9000)}'`,
  ];
  for (const filter of refused) {
    assert.throws(() => parseFilter(filter), FilterSyntax, filter.slice(0, 40));
  }
});

test('inherited properties are not the object’s', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'constructor/name']) {
    assert.equal(parseFilter(`${name} eq null`).matches(object), true);
  }
});

test('any text is parsed or refused with FilterSyntax', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      try {
        parseFilter(text).matches(object);
      } catch (error) {
        assert.ok(error instanceof FilterSyntax);
      }
    }),
  );
});

test('any string finds itself, quotes and all', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (value) => {
      const filter = `x eq '${value.replaceAll("'", "''")}'`;
      assert.equal(parseFilter(filter).matches({ x: value }), true);
    }),
  );
});

test('what would cost too much is refused before it is tried on anything', () => {
  const list = 'servicePrincipalNames';
  const nested = (depth: number): string =>
    depth === 0 ? "mail eq 'x'" : `${list}/any(v${depth}:${nested(depth - 1)})`;
  assert.equal(parseFilter(nested(1)).matches(object), false);
  assert.equal(parseFilter(`${nested(1)} or ${nested(1)}`).matches(object), false);
  for (const depth of [2, 12]) {
    assert.throws(() => parseFilter(nested(depth)), FilterSyntax);
    assert.throws(() => parseFilter(`${list}/any(x:not (${nested(depth)}))`), FilterSyntax);
  }
  const values = (count: number) => Array.from({ length: count }, () => "'x'").join(',');
  assert.equal(parseFilter(`appId in (${values(200)})`).matches(object), false);
  assert.throws(() => parseFilter(`appId in (${values(201)})`), FilterSyntax);
  const clauses = Array.from({ length: 201 }, () => 'a eq 1');
  assert.throws(() => parseFilter(clauses.join(' or ')), FilterSyntax);
  const terms = (count: number) => Array.from({ length: count }, () => '"displayName:a"');
  assert.equal(parseSearch(terms(20).join(' AND '))(object), true);
  assert.throws(() => parseSearch(terms(21).join(' AND ')), FilterSyntax);
});
