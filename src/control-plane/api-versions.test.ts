import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { armVersions, findNamespace, firstVersions, isVersionSince } from './api-versions.ts';

const day = fc.date({
  min: new Date('2000-01-01T00:00:00Z'),
  max: new Date('2099-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const dated = day.map((date) => date.toISOString().slice(0, 10));

test('a version is since a date exactly if its day is not before it, preview or not', () => {
  const suffix = fc.constantFrom('', '-preview', '-alpha', '-beta', '-privatepreview');
  fc.assert(
    fc.property(dated, suffix, dated, (version, end, floor) => {
      const wanted = Date.parse(version) >= Date.parse(floor);
      assert.equal(isVersionSince(version + end, floor), wanted);
    }),
  );
});

test('what is no dated version is since nothing', () => {
  for (const text of [
    ...['', '7.4', '2026', '2026-02', '2026-02-01T00', '2026-02-01 ', ' 2026-02-01', '9999-99-99'],
    ...['2026-13-01', '2026-00-10', '2026-02-01-', '2026-02-01-rc', '2026-02-01-PREVIEW', 'latest'],
    ...['2026-02-01-preview-preview', '٢٠٢٦-02-01', '2026-02-01\n2026-02-01'],
  ]) {
    assert.equal(isVersionSince(text, '2000-01-01'), false, JSON.stringify(text));
  }
});

test('each provider answers from its first version on, the preview of that day included', () => {
  const table = [
    [armVersions.resources, '2014-04-01', '2014-03-31'],
    [armVersions.keyVault, '2015-06-01', '2015-05-31'],
    [armVersions.authorization, '2014-07-01-preview', '2014-06-30'],
    [armVersions.managedIdentity, '2015-08-31-preview', '2015-08-30'],
    [armVersions.federatedCredentials, '2022-01-31-preview', '2022-01-30'],
    [armVersions.hybridCompute, '2019-12-12', '2019-12-11'],
    [armVersions.management, '2017-11-01-preview', '2017-10-31'],
    [armVersions.schedules, '2020-10-01', '2020-09-30'],
    [armVersions.strongroom, '2026-11-01', '2026-10-31'],
  ] as const;
  for (const [versions, first, before] of table) {
    assert.equal(versions.required, true, first);
    assert.equal(versions.accepts(first), true, first);
    assert.equal(versions.accepts(before), false, before);
    assert.equal(versions.accepts('2099-01-01'), true);
  }
});

test('a namespace is found in any letters, and no property of an object is one', () => {
  for (const name of Object.keys(firstVersions)) {
    assert.equal(findNamespace(name.toUpperCase()), name);
  }
  for (const name of ['', 'Microsoft.Web', 'constructor', 'toString', '__proto__', 'Microsoft']) {
    assert.equal(findNamespace(name), undefined, name);
  }
});
