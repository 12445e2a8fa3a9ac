import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '#kernel';
import { parseNetworkAcls } from './network-acls.ts';

const stored = (value: string) => parseNetworkAcls({ ipRules: [{ value }] }).ipRules[0]?.value;

test('addresses become ranges; what is no public IPv4 range is refused', () => {
  assert.equal(stored('1.2.3.4'), '1.2.3.4/32');
  assert.equal(stored(' 1.0.0.0/25 '), '1.0.0.0/25');
  for (const wrong of ['10.1.2.3', '172.16.0.0/12', '192.168.0.1/32', '1.2.3', '::1', '', '*']) {
    assert.throws(() => stored(wrong), ApiError, wrong);
  }
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
