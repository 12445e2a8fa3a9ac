import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizePolicyData } from './release-policy.ts';

const encode = (policy: unknown) => Buffer.from(JSON.stringify(policy)).toString('base64url');
const normalize = (policy: unknown) => {
  const data = normalizePolicyData(encode(policy));
  return data === undefined ? undefined : Buffer.from(data, 'base64url').toString();
};

const authority = 'https://attest.example/';
const claim = { claim: 'sdk-test', equals: 'true' };
const whole = { version: '1.0.0', anyOf: [{ authority, allOf: [claim] }] };

test('a policy comes back with its members in order and its values as text', () => {
  const given = {
    anyOf: [{ anyOf: [{ equals: true, claim: 'sdk-test' }], authority }],
    version: '1.0.0',
  };
  assert.equal(
    normalize(given),
    `{"version":"1.0.0","anyOf":[{"authority":"${authority}","anyOf":` +
      '[{"claim":"sdk-test","equals":"true"}]}]}',
  );
});

test('a policy in its kept form stays as it is', () => {
  const nested = { ...whole, anyOf: [{ authority, allOf: [claim, { anyOf: [claim, claim] }] }] };
  for (const policy of [whole, nested]) assert.equal(normalize(policy), JSON.stringify(policy));
});

test('what is not a policy of the grammar is none', () => {
  const deep = Array.from({ length: 9 }).reduce<object>((inner) => ({ allOf: [inner] }), claim);
  const bad = [
    ...[null, [], 'x', {}, { version: '1.0.0' }, { ...whole, version: '2.0.0' }],
    { ...whole, anyOf: [] },
    { ...whole, extra: 1 },
    { ...whole, anyOf: [{ authority }] },
    { ...whole, anyOf: [{ authority, allOf: [] }] },
    { ...whole, anyOf: [{ authority, allOf: [claim], anyOf: [claim] }] },
    { ...whole, anyOf: [{ authority: 'http://attest.example/', allOf: [claim] }] },
    { ...whole, anyOf: [{ authority: 'nowhere', allOf: [claim] }] },
    { ...whole, anyOf: [{ authority, allOf: [{ claim: 'a' }] }] },
    { ...whole, anyOf: [{ authority, allOf: [{ claim: 'a', equals: {} }] }] },
    { ...whole, anyOf: [{ authority, allOf: [{ ...claim, notEquals: 'a' }] }] },
    { ...whole, anyOf: [{ authority, allOf: [deep] }] },
  ];
  for (const policy of bad) assert.equal(normalize(policy), undefined, JSON.stringify(policy));
  for (const data of ['', '*', 'AAAA']) assert.equal(normalizePolicyData(data), undefined);
});
