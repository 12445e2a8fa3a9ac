import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIpRule, parseSubnetId } from './rules.ts';

describe('IP rules', () => {
  it('are kept in CIDR form, a single address with /32', () => {
    assert.deepEqual(parseIpRule('203.0.113.9'), { valid: true, value: '203.0.113.9/32' });
    assert.deepEqual(parseIpRule('203.0.113.77/24'), { valid: true, value: '203.0.113.0/24' });
  });

  it('refuse private ranges, at their edges and inside', () => {
    for (const text of [
      '10.0.0.0/8',
      '10.255.255.255',
      '172.16.0.0',
      '172.31.255.255',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '192.168.255.1/24',
    ]) {
      assert.deepEqual(parseIpRule(text), { valid: false, reason: 'privateAddress' }, text);
    }
  });

  it('accept their public neighbours', () => {
    for (const text of [
      '9.255.255.255',
      '11.0.0.0/8',
      '172.15.255.255',
      '172.32.0.0',
      '192.167.1.1',
    ]) {
      assert.equal(parseIpRule(text).valid, true, text);
    }
  });

  it('refuse everything that is not IPv4', () => {
    for (const text of ['::1', '::ffff:1.2.3.4', 'example.org', '1.2.3.4/40', '']) {
      assert.deepEqual(parseIpRule(text), { valid: false, reason: 'notIpv4' }, text);
    }
  });
});

describe('subnet ids', () => {
  const id =
    '/subscriptions/S/resourceGroups/RG/providers/Microsoft.Network/virtualNetworks/Net/subnets/A';

  it('are kept in lower case', () => {
    assert.equal(parseSubnetId(id), id.toLowerCase());
  });

  it('refuse other resources', () => {
    assert.equal(parseSubnetId(id.replace('/subnets/A', '')), undefined);
    assert.equal(parseSubnetId(`${id}/x/y`), undefined);
    assert.equal(parseSubnetId(id.replace('Microsoft.Network', 'Microsoft.Evil')), undefined);
  });
});
