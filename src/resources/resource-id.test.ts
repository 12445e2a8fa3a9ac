import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSameId, isWithin, parseResourceId, scopeParts } from './resource-id.ts';

const VAULT = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/a';

test('ids that could be read in two ways are refused', () => {
  const refused = [
    '',
    'subscriptions/s',
    '//subscriptions/s',
    '/subscriptions//s',
    '/subscriptions/../s',
    '/subscriptions/./s',
    '/subscriptions/s/..',
    '/subscriptions/%2e%2e/s',
    '/subscriptions/s%2fresourceGroups',
    '/subscriptions/s\\resourceGroups',
    '/subscriptions/s?x',
    '/subscriptions/s#x',
    '/subscriptions/s*',
    '/subscriptions/s\u0000',
    '/subscriptions/s\n',
    '/subscriptions/ s',
    '/subscriptions/s ',
    `/${'a/'.repeat(70)}b`,
    `/${'a'.repeat(3000)}`,
  ];
  for (const text of refused) assert.equal(parseResourceId(text), undefined, JSON.stringify(text));
});

test('one trailing slash is dropped, the root stays', () => {
  assert.equal(parseResourceId('/')?.key, '/');
  assert.equal(parseResourceId('/subscriptions/S/')?.text, '/subscriptions/S');
  assert.equal(parseResourceId('/subscriptions/S//'), undefined);
});

test('a name is within its parents, by whole segments, in any case', () => {
  assert.ok(isWithin(VAULT, VAULT.toUpperCase()));
  assert.ok(isWithin(`${VAULT}/secrets/x`, VAULT));
  assert.ok(isWithin(VAULT, '/'));
  assert.ok(isWithin(VAULT, '/subscriptions/s'));
  assert.ok(!isWithin(`${VAULT}b`, VAULT));
  assert.ok(!isWithin(VAULT, `${VAULT}b`));
  assert.ok(!isWithin('/subscriptions/s2', '/subscriptions/s'));
  assert.ok(!isWithin('/', VAULT));
});

test('no id is within another of the same length but itself', () => {
  const segment = fc.stringMatching(/^[a-zA-Z0-9.-]{1,6}$/);
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), segment, (segments, tail) => {
      const id = `/${segments.join('/')}`;
      assert.ok(!isWithin(`${id}${tail}`, id));
      assert.ok(isWithin(`${id}/${tail}`, id));
    }),
  );
});

test('containers are read from where they stand, not from what they are called', () => {
  const parts = (text: string) => {
    const id = parseResourceId(text);
    return id && scopeParts(id);
  };
  assert.deepEqual(parts(VAULT), { subscriptionId: 's', resourceGroup: 'g' });
  assert.deepEqual(parts('/subscriptions/s'), { subscriptionId: 's' });
  assert.deepEqual(parts('/providers/Microsoft.Management/managementGroups/m'), {
    managementGroup: 'm',
  });
  assert.deepEqual(parts('/providers/Microsoft.Management/managementGroups'), {});
  assert.deepEqual(parts('/x/subscriptions/s/resourceGroups/g'), {});
  assert.ok(isSameId('/A', '/a'));
});
