// The pure parts that secrets, keys and certificates share: names, versions, attributes, links.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeRequest, makeVault } from '../vault.fixture.ts';
import {
  attributesSchema,
  newAttributes,
  recoveryLevel,
  renderAttributes,
  settableAttributes,
  tagsSchema,
} from './attributes.ts';
import { geography } from './geography.ts';
import { isName, nameKey, parseName, parseVersion } from './name.ts';
import { parseSlice, renderPage } from './paging.ts';

const accepts = (schema: typeof attributesSchema | typeof tagsSchema, value: unknown) =>
  schema.safeParse(value).success;

test('times reach from the first second of 1970 to the last of 9999', () => {
  for (const name of ['nbf', 'exp']) {
    for (const time of [0, 1, 253_402_300_799, null, undefined]) {
      assert.ok(accepts(attributesSchema, { [name]: time }), `${name} ${time}`);
    }
    for (const time of [-1, 0.5, 253_402_300_800, Number.NaN, '0', true, {}]) {
      assert.ok(!accepts(attributesSchema, { [name]: time }), `${name} ${time}`);
    }
  }
  for (const whole of [[], 'x', 1]) assert.ok(!accepts(attributesSchema, whole));
});

test('null and nothing are the same: a new version is enabled and has no times', () => {
  for (const given of [null, undefined, {}, { enabled: null, nbf: null, exp: null }]) {
    assert.deepEqual(newAttributes(given), { enabled: true });
    assert.deepEqual(settableAttributes(given), {
      ...{ enabled: undefined, nbf: undefined, exp: undefined },
    });
  }
  const given = { enabled: false, nbf: 0, exp: 0 };
  assert.deepEqual(newAttributes(given), given, 'no and zero are given');
  assert.deepEqual(settableAttributes(given), given);
});

test('tags are text by text, well-formed on both sides', () => {
  const bad = [[], 'a', 1, { a: null }, { a: {} }, { '\ud800': 'a' }, { a: '\udc00' }];
  for (const tags of bad) assert.ok(!accepts(tagsSchema, tags), JSON.stringify(tags));
  for (const tags of [null, undefined, {}, { '': '' }]) assert.ok(accepts(tagsSchema, tags));
  const counts = fc.integer({ min: 0, max: 30 });
  const lengths = fc.integer({ min: 2, max: 300 });
  const property = fc.property(counts, lengths, lengths, (count, key, value) => {
    const names = Array.from({ length: count }, (_, i) => String(i).padEnd(key, 'k'));
    const tags = Object.fromEntries(names.map((name) => [name, 'v'.repeat(value)]));
    const fits = count <= 15 && (count === 0 || (key <= 256 && value <= 256));
    assert.equal(accepts(tagsSchema, tags), fits);
  });
  const edges = [256, 257].flatMap((edge): [number, number, number][] => [
    [1, edge, 2],
    [1, 2, edge],
    [edge - 241, 2, 2],
  ]);
  fc.assert(property, { numRuns: 300, examples: edges });
});

test('what deletion means follows from retention and purge protection', () => {
  const level = (softDeleteRetentionDays: number, enablePurgeProtection?: true) =>
    recoveryLevel(
      makeVault({
        softDeleteRetentionDays,
        ...(enablePurgeProtection && { enablePurgeProtection }),
      }),
    );
  assert.equal(level(7), 'CustomizedRecoverable+Purgeable');
  assert.equal(level(89), 'CustomizedRecoverable+Purgeable');
  assert.equal(level(90), 'Recoverable+Purgeable');
  assert.equal(level(89, true), 'CustomizedRecoverable');
  assert.equal(level(90, true), 'Recoverable');
  const attributes = { enabled: true, nbf: 1, exp: 2, created: 3, updated: 4 };
  const vault = makeVault({ softDeleteRetentionDays: 7 });
  const shown = renderAttributes(attributes, vault);
  assert.deepEqual(Object.entries(shown), [
    ...Object.entries(attributes),
    ['recoveryLevel', 'CustomizedRecoverable+Purgeable'],
    ['recoverableDays', 7],
  ]);
});

test('no text that is a name could climb out of a path or a scope', () => {
  const text = fc.oneof(fc.string({ maxLength: 200 }), fc.stringMatching(/^[a-z/.%\\-]{1,10}$/));
  const property = fc.property(text, (given) => {
    if (!isName(given)) {
      assert.throws(() => parseName(given), { message: /contains an invalid name/ });
      return;
    }
    assert.equal(parseName(given), given);
    assert.equal(encodeURIComponent(given), given);
    assert.equal(new URL(given, 'https://a/b/').pathname, `/b/${given}`);
    assert.equal(nameKey(nameKey(given)), nameKey(given.toUpperCase()));
  });
  fc.assert(property, { numRuns: 1000 });
  assert.ok(!isName('a\n'), 'not even an end of line');
});

test('a version is 32 hexadecimal digits in any case, or nothing, which means the latest', () => {
  assert.equal(parseVersion(''), '');
  const hex = fc.stringMatching(/^[0-9a-fA-F]{32}$/);
  fc.assert(fc.property(hex, (text) => assert.equal(parseVersion(text), text.toLowerCase())));
  const bad = ['a', 'a'.repeat(31), 'a'.repeat(33), 'g'.repeat(32), `${'a'.repeat(32)}\n`, ' '];
  for (const text of bad) assert.equal(parseVersion(text), undefined, text);
});

test('a backup made in one region of a geography opens in each of the others, and no other', () => {
  const places = [
    ['Central US', 'eastus', 'eastus2', 'eastus3', 'northcentralus', 'southcentralus', 'westus3'],
    ...[
      ['usgovarizona', 'US Gov Iowa'],
      ['northeurope', 'West Europe'],
      ['eastasia', 'southeastasia'],
    ],
    ...[
      ['australiacentral2', 'australiaeast'],
      ['brazilsouth', 'brazilsoutheast'],
    ],
    ...[
      ['canadacentral', 'canadaeast'],
      ['chinaeast2', 'chinanorth3'],
      ['francecentral', 'francesouth'],
    ],
    ...[
      ['germanynorth', 'Germany West Central'],
      ['centralindia', 'jioindiawest'],
    ],
    ...[
      ['japaneast', 'japanwest'],
      ['koreacentral', 'koreasouth'],
      ['norwayeast', 'norwaywest'],
    ],
    ...[
      ['southafricanorth', 'southafricawest'],
      ['swedencentral', 'swedensouth'],
    ],
    ...[
      ['switzerlandnorth', 'switzerlandwest'],
      ['uaecentral', 'uaenorth'],
      ['uksouth', 'ukwest'],
    ],
    ...[['local'], ['eastus4'], ['constructor'], ['']],
  ];
  const names = places.map((regions) => new Set(regions.map(geography)));
  assert.deepEqual([...new Set(names.map(({ size }) => size))], [1], 'one name for each');
  assert.equal(new Set(names.flatMap((each) => [...each])).size, places.length);
});

test('a link names the port even where that is 443, and no host in front of its path', () => {
  const link = (changes: object, query: Record<string, string> = {}) => {
    const operation = { method: 'GET', path: '/secrets' } as const;
    const request = { ...makeRequest(operation, { query }, '7.4'), ...changes };
    const found = ['a', 'b'];
    return renderPage({ request, found, render: String, marker: String }).nextLink;
  };
  const one = { maxresults: '1' };
  assert.match(link({ origin: 'https://v.example' }, one) ?? '', /^https:\/\/v\.example:443\/secr/);
  assert.match(link({ origin: 'https://v.example:1' }, one) ?? '', /^https:\/\/v\.example:1\/secr/);
  assert.match(link({ path: '//evil.example/x' }, one) ?? '', /:8443\/evil\.example\/x\?/);
  const version = { ...one, 'api-version': '7.4&x=1#' };
  assert.match(link({}, version) ?? '', /\?api-version=7\.4%26x%3D1%23&\$skiptoken=/);
  assert.equal(link({}), null, 'two fit in a page of 25');
  assert.equal(link({}, { maxresults: '2' }), null, 'what ends with its page has no next one');
});

test('any name or version that a page ended with is where the next one begins', () => {
  const marker = fc.stringMatching(/^[0-9a-zA-Z-]{1,127}$/);
  const property = fc.property(marker, fc.integer({ min: 1, max: 25 }), (last, size) => {
    const query = { maxresults: String(size) };
    const request = makeRequest({ method: 'GET', path: '/secrets' }, { query });
    const found = Array.from({ length: size + 1 }, () => last);
    const page = renderPage({ request, found, render: String, marker: String });
    assert.equal(page.value.length, size);
    const next = Object.fromEntries(new URL(page.nextLink ?? '').searchParams);
    assert.deepEqual(parseSlice(next), { after: nameKey(last), limit: size + 1 });
  });
  fc.assert(property);
});

test('a token longer than any that was given is not even read', () => {
  const token = (padding: number) => {
    const text = JSON.stringify({ NextMarker: 'a', padding: 'x'.repeat(padding) });
    return Buffer.from(text).toString('base64url');
  };
  const at = (length: number) => {
    const found = Array.from({ length: 600 }, (_, i) => token(i)).find((t) => t.length === length);
    return { $skiptoken: found ?? assert.fail(`no token of ${length}`) };
  };
  assert.equal(parseSlice(at(512)).after, 'a');
  for (const length of [514, 515, 516]) {
    assert.throws(() => parseSlice(at(length)), /skiptoken/, String(length));
  }
});

test('a token is an object that names where to begin, whatever else it is dressed as', () => {
  for (const value of [
    '"a"',
    '1',
    'null',
    '[]',
    '["NextMarker"]',
    '{}',
    '{"NextMarker":{}}',
    '{',
  ]) {
    const query = { $skiptoken: Buffer.from(value).toString('base64url') };
    assert.throws(() => parseSlice(query), /skiptoken/, value);
  }
});
