import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openTestVault, type TestVault } from '../vault.fixture.ts';
import { addDuration, parseDuration } from './rotation-policy.ts';

const params = { name: 'k' };
const NOTIFY = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } };
const rotate = (trigger: object) => ({ trigger, action: { type: 'Rotate' } });

async function withKey(): Promise<TestVault> {
  const vault = await openTestVault();
  const body = { kty: 'EC', crv: 'P-384', key_ops: ['sign'], tags: { a: 'b' } };
  assert.equal((await vault.call('CreateKey', { params, body })).status, 200);
  return vault;
}

const put = (vault: TestVault, body: object) =>
  vault.call('UpdateKeyRotationPolicy', { params, body });

test('a policy that was never set is the one notice, without id and attributes', async () => {
  const vault = await withKey();
  const { body } = await vault.call('GetKeyRotationPolicy', { params });
  assert.deepEqual(body, { lifetimeActions: [NOTIFY], attributes: null });
});

test('a policy is kept, given the notice it lacks, and keeps when it was created', async () => {
  const vault = await withKey();
  const seconds = vault.clock.now() / 1000;
  const action = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'rotate' } };
  const first = await put(vault, { lifetimeActions: [action], attributes: { expiryTime: 'P90D' } });
  assert.deepEqual(first.body, {
    id: 'https://contoso.vault.example:8443/keys/k/rotationpolicy',
    lifetimeActions: [rotate({ timeBeforeExpiry: 'P30D' }), NOTIFY],
    attributes: { expiryTime: 'P90D', created: seconds, updated: seconds },
  });
  vault.clock.advance(5000);
  const second = await put(vault, { lifetimeActions: [], attributes: {} });
  assert.deepEqual(second.body.lifetimeActions, [NOTIFY]);
  assert.deepEqual(second.body.attributes, { created: seconds, updated: seconds + 5 });
  assert.deepEqual((await vault.call('GetKeyRotationPolicy', { params })).body, second.body);
});

const refused: Record<string, object> = {
  'an expiry below 28 days': { attributes: { expiryTime: 'P27D' } },
  'an expiry in hours': { attributes: { expiryTime: 'PT999H' } },
  'an empty duration': { attributes: { expiryTime: 'P' } },
  'a trigger below seven days': { lifetimeActions: [rotate({ timeAfterCreate: 'P6D' })] },
  'two triggers in one action': {
    lifetimeActions: [rotate({ timeAfterCreate: 'P30D', timeBeforeExpiry: 'P30D' })],
    attributes: { expiryTime: 'P1Y' },
  },
  'no trigger': { lifetimeActions: [rotate({})] },
  'a rotation before an expiry that is not set': {
    lifetimeActions: [rotate({ timeBeforeExpiry: 'P30D' })],
  },
  'a rotation within seven days of the expiry': {
    lifetimeActions: [rotate({ timeAfterCreate: 'P84D' })],
    attributes: { expiryTime: 'P90D' },
  },
  'a notice after creation': {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P30D' }, action: { type: 'Notify' } }],
  },
  'an unknown action': { lifetimeActions: [{ ...NOTIFY, action: { type: 'Shred' } }] },
  'two rotations': {
    lifetimeActions: [rotate({ timeAfterCreate: 'P30D' }), rotate({ timeAfterCreate: 'P31D' })],
  },
  'three actions': { lifetimeActions: [NOTIFY, NOTIFY, NOTIFY] },
};

for (const [what, body] of Object.entries(refused)) {
  test(`a policy with ${what} is refused`, async () => {
    const vault = await withKey();
    const { status, body: answer } = await put(vault, body);
    assert.deepEqual([status, answer.error.code], [400, 'BadParameter']);
    const kept = await vault.call('GetKeyRotationPolicy', { params });
    assert.equal(kept.body.attributes, null);
  });
}

test('rotating makes a new key of the same kind, with the expiry of the policy', async () => {
  const vault = await withKey();
  const before = (await vault.call('GetKey', { params })).body;
  const plain = (await vault.call('RotateKey', { params })).body;
  assert.equal(plain.attributes.exp, undefined);
  await put(vault, { lifetimeActions: [], attributes: { expiryTime: 'P2M' } });
  const rotated = (await vault.call('RotateKey', { params })).body;
  const { crv, key_ops: keyOps, x } = rotated.key;
  assert.deepEqual([crv, keyOps, rotated.tags], ['P-384', ['sign'], { a: 'b' }]);
  assert.notEqual(x, before.key.x);
  assert.equal(rotated.attributes.exp, Date.UTC(2026, 2, 1) / 1000, 'two months from 1 January');
  assert.deepEqual((await vault.call('GetKey', { params })).body, rotated);
  const versions = await vault.call('GetKeyVersions', { params });
  assert.equal(versions.body.value.length, 3);
});

test('rotations at the same time give one order and lose none', async () => {
  const vault = await withKey();
  const rotated = await Promise.all(
    Array.from({ length: 8 }, () => vault.call('RotateKey', { params })),
  );
  const kids = new Set(rotated.map(({ body }) => body.key.kid));
  assert.equal(kids.size, 8);
  const versions = await vault.call('GetKeyVersions', { params });
  assert.equal(versions.body.value.length, 9);
  assert.ok(kids.has((await vault.call('GetKey', { params })).body.key.kid));
});

test('keys that are not there have no policy and cannot be rotated', async () => {
  const vault = await openTestVault();
  for (const id of ['GetKeyRotationPolicy', 'UpdateKeyRotationPolicy', 'RotateKey']) {
    const { status, body } = await vault.call(id, { params, body: {} });
    assert.deepEqual([status, body.error.code], [404, 'KeyNotFound'], id);
  }
});

test('durations follow the calendar and never run backwards', () => {
  const at = (...date: [number, number, number]) => Date.UTC(...date) / 1000;
  assert.equal(addDuration(at(2024, 0, 31), 'P1M'), at(2024, 1, 29));
  assert.equal(addDuration(at(2024, 1, 29), 'P1Y'), at(2025, 1, 28));
  assert.equal(addDuration(at(2025, 11, 31), 'P2M1D'), at(2026, 2, 1));
  for (const text of ['P0D', '', 'P1W', 'P-1D', 'p1d', 'P1D1M', 'P1.5D', 'P1DT1H']) {
    assert.equal(parseDuration(text), undefined, text);
  }
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
  const part = fc.integer({ min: 0, max: 99 });
  fc.assert(
    fc.property(seconds, part, part, part, (start, years, months, days) => {
      const text = `P${years}Y${months}M${days}D`;
      const end = addDuration(start, text);
      const most = (years * 366 + months * 31 + days) * 86_400;
      assert.ok(parseDuration(text) === undefined || (end > start && end <= start + most));
    }),
  );
});
