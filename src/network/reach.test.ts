import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideReach, type Reach } from './reach.ts';

const REACHES: readonly Reach[] = ['public', 'private', 'loopback'];
const reachedBy = (address: string) => REACHES.filter((reach) => decideReach(address, reach));

test('what is public is always reached', () => {
  for (const address of ['8.8.8.8', '203.0.114.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.deepEqual(reachedBy(address), REACHES, address);
  }
});

test('private networks are reached where the operator lets issuers stand in them', () => {
  for (const address of [
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.254',
    '192.168.1.1',
    'fd12::1',
    '::ffff:10.0.0.1',
  ]) {
    assert.deepEqual(reachedBy(address), ['private', 'loopback'], address);
  }
});

test('this machine itself is reached only where it is said expressly', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1']) {
    assert.deepEqual(reachedBy(address), ['loopback'], address);
  }
});

test('what is link-local, unrouted, several or translated is never reached', () => {
  for (const address of [
    ...['169.254.169.254', '169.254.0.1', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.169.254'],
    ...[
      '168.63.129.16',
      'fd00:ec2::254',
      'fd20:ce::254',
      'fd00:ec2::23',
      '100.100.100.200',
      '100.64.0.1',
    ],
    ...['0.0.0.0', '0.1.2.3', '::', '::127.0.0.1', '::7f00:1', '::a00:1'],
    ...['224.0.0.1', 'ff02::1', '255.255.255.255', '240.0.0.1', '192.0.0.192'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::', '64:ff9b:1::a9fe:a9fe'],
  ]) {
    assert.deepEqual(reachedBy(address), [], address);
  }
});

test('what is no address is never reached', () => {
  for (const text of [
    '',
    'localhost',
    '127.0.0.1.',
    '8.8.8.8:443',
    '[::1]',
    ' 8.8.8.8',
    '8.8.8.8/8',
  ]) {
    assert.deepEqual(reachedBy(text), [], text);
  }
});
