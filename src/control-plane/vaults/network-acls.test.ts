import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '#kernel';
import { parseIpRule, parseNetworkAcls } from './network-acls.ts';

test('addresses become ranges; what is no public IPv4 range is refused', () => {
  const table: [string, string | undefined][] = [
    ['1.2.3.4', '1.2.3.4/32'],
    ['1.2.3.4/32', '1.2.3.4/32'],
    ['2.3.4.0/24', '2.3.4.0/24'],
    ['1.0.0.0/25', '1.0.0.0/25'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['172.32.0.1', '172.32.0.1/32'],
    ['2.3.4.5/24', undefined],
    ['10.1.2.3', undefined],
    ['172.16.0.0/12', undefined],
    ['172.31.255.255', undefined],
    ['192.168.0.1/32', undefined],
    ['256.1.1.1', undefined],
    ['1.2.3', undefined],
    ['01.2.3.4', undefined],
    ['1.2.3.4/33', undefined],
    ['1.2.3.4/', undefined],
    ['0x1.2.3.4', undefined],
    ['::1', undefined],
    ['::ffff:1.2.3.4', undefined],
    ['', undefined],
    ['*', undefined],
  ];
  for (const [given, stored] of table) {
    if (stored === undefined) assert.throws(() => parseIpRule(given), ApiError, given);
    else assert.equal(parseIpRule(given), stored);
  }
});

test('what is stored is read back as itself', () => {
  const octet = fc.integer({ min: 11, max: 171 });
  fc.assert(
    fc.property(octet, octet, octet, octet, (...octets) => {
      const stored = parseIpRule(octets.join('.'));
      assert.equal(parseIpRule(stored), stored);
    }),
  );
});

test('bypass and default action have their defaults and nothing but their values', () => {
  assert.deepEqual(parseNetworkAcls({}), {
    bypass: 'AzureServices',
    defaultAction: 'Allow',
    ipRules: [],
    virtualNetworkRules: [],
  });
  assert.equal(parseNetworkAcls({ defaultAction: 'deny', bypass: 'none' }).defaultAction, 'Deny');
  assert.throws(() => parseNetworkAcls({ defaultAction: 'Maybe' }));
  assert.throws(() => parseNetworkAcls({ bypass: 'Everyone' }));
});

test('subnet ids are stored in lower case, and must be subnet ids', () => {
  const id =
    '/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/N/subnets/Sub';
  const [rule] = parseNetworkAcls({ virtualNetworkRules: [{ id }] }).virtualNetworkRules;
  assert.equal(rule?.id, id.toLowerCase());
  for (const wrong of [
    '',
    '/subscriptions/S',
    `${id}/more`,
    id.replace('/G/', '/../'),
    `${id}%2f`,
  ]) {
    assert.throws(
      () => parseNetworkAcls({ virtualNetworkRules: [{ id: wrong }] }),
      ApiError,
      wrong,
    );
  }
});

test('there are at most 1,000 ranges and 200 subnets', () => {
  const ipRules = Array.from({ length: 1001 }, () => ({ value: '1.2.3.4' }));
  assert.throws(() => parseNetworkAcls({ ipRules }));
  const id =
    '/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/n/subnets/s';
  const virtualNetworkRules = Array.from({ length: 201 }, () => ({ id }));
  assert.throws(() => parseNetworkAcls({ virtualNetworkRules }));
});
