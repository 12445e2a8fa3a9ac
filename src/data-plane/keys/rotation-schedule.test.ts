import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doDue, eventsOf, openTestVault, type TestVault } from '../vault.fixture.ts';
import { subtractDuration } from './rotation-policy.ts';

const DAY_MS = 86_400_000;
const params = { name: 'k' };
const rotate = (trigger: object) => ({ trigger, action: { type: 'Rotate' } });
const notify = (timeBeforeExpiry: string) => ({
  trigger: { timeBeforeExpiry },
  action: { type: 'Notify' },
});

async function withPolicy(policy: object, attributes: object = {}): Promise<TestVault> {
  const vault = await openTestVault();
  await vault.call('CreateKey', { params, body: { kty: 'EC', attributes } });
  const { status } = await vault.call('UpdateKeyRotationPolicy', { params, body: policy });
  assert.equal(status, 200);
  return vault;
}

const versionsOf = async (vault: TestVault): Promise<number> =>
  (await vault.call('GetKeyVersions', { params })).body.value.length;

test('a key is rotated when its policy says, again and again', async () => {
  const vault = await withPolicy({ lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })] });
  const audited: string[] = [];
  vault.clock.advance(30 * DAY_MS - 1000);
  assert.equal(await doDue(vault, audited), 0);
  const before = (await vault.call('GetKey', { params })).body;
  vault.clock.advance(1000);
  assert.equal(await doDue(vault, audited), 1);
  const after = (await vault.call('GetKey', { params })).body;
  assert.notEqual(after.key.kid, before.key.kid);
  assert.notEqual(after.key.x, before.key.x);
  assert.deepEqual(after.key.key_ops, before.key.key_ops);
  assert.equal(await doDue(vault, audited), 0);
  vault.clock.advance(30 * DAY_MS);
  assert.equal(await doDue(vault, audited), 1);
  assert.equal(await versionsOf(vault), 3);
  assert.deepEqual(audited, ['KeyRotateIfDue', 'KeyRotateIfDue']);
  assert.deepEqual(await eventsOf(vault), new Array(3).fill('KeyNewVersionCreated k'));
});

test('a schedule missed many times gives one new version', async () => {
  const vault = await withPolicy({
    lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })],
    attributes: { expiryTime: 'P90D' },
  });
  vault.clock.advance(400 * DAY_MS);
  await doDue(vault);
  await doDue(vault);
  assert.equal(await versionsOf(vault), 2);
  const { exp } = (await vault.call('GetKey', { params })).body.attributes;
  assert.equal(exp, vault.clock.now() / 1000 + 90 * 86_400);
});

test('a rotation before expiry happens in time, so that the key never expires', async () => {
  const vault = await openTestVault();
  const exp = vault.clock.now() / 1000 + 60 * 86_400;
  await vault.call('CreateKey', { params, body: { kty: 'EC', attributes: { exp } } });
  const lifetimeActions = [rotate({ timeBeforeExpiry: 'P10D' }), notify('P20D')];
  const body = { lifetimeActions, attributes: { expiryTime: 'P60D' } };
  await vault.call('UpdateKeyRotationPolicy', { params, body });
  vault.clock.advance(39 * DAY_MS);
  assert.equal(await doDue(vault), 0, 'the notice is the policy’s, not the 30 days of others');
  vault.clock.advance(DAY_MS);
  assert.equal(await doDue(vault), 1);
  vault.clock.advance(10 * DAY_MS);
  assert.equal(await doDue(vault), 1);
  const created = 'KeyNewVersionCreated k';
  assert.deepEqual(await eventsOf(vault), [created, 'KeyNearExpiry k', created]);
  vault.clock.advance(40 * DAY_MS);
  await doDue(vault);
  vault.clock.advance(10 * DAY_MS);
  await doDue(vault);
  assert.ok(!(await eventsOf(vault)).includes('KeyExpired k'));
  assert.equal(await versionsOf(vault), 3);
});

test('rotating by hand starts the schedule anew', async () => {
  const vault = await withPolicy({ lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })] });
  vault.clock.advance(29 * DAY_MS);
  await vault.call('RotateKey', { params });
  vault.clock.advance(2 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  vault.clock.advance(28 * DAY_MS);
  assert.equal(await doDue(vault), 1);
});

test('a disabled key is not rotated until it is enabled again', async () => {
  const vault = await withPolicy({ lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })] });
  await vault.call('UpdateKey', { params, body: { attributes: { enabled: false } } });
  vault.clock.advance(40 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  await vault.call('UpdateKey', { params, body: { attributes: { enabled: true } } });
  assert.equal(await doDue(vault), 1);
});

test('a policy that is taken away takes its schedule with it', async () => {
  const vault = await withPolicy({ lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })] });
  const body = { lifetimeActions: [] };
  await vault.call('UpdateKeyRotationPolicy', { params, body });
  vault.clock.advance(40 * DAY_MS);
  assert.equal(await doDue(vault), 0);
});

test('a schedule comes back with a restored key', async () => {
  const vault = await withPolicy({ lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })] });
  const { body } = await vault.call('BackupKey', { params });
  await vault.call('DeleteKey', { params });
  await vault.call('PurgeDeletedKey', { params });
  vault.clock.advance(40 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  assert.equal((await vault.call('RestoreKey', { body })).status, 200);
  assert.equal(await doDue(vault), 1);
  assert.equal(await versionsOf(vault), 2);
});

test('two runs at the same time rotate once', async () => {
  const vault = await withPolicy({ lifetimeActions: [rotate({ timeAfterCreate: 'P30D' })] });
  vault.clock.advance(30 * DAY_MS);
  const done = await Promise.all([doDue(vault), doDue(vault)]);
  assert.equal(done[0] + done[1], 1);
  assert.equal(await versionsOf(vault), 2);
});

test('months are counted back by the calendar', () => {
  const at = (...date: [number, number, number]) => Date.UTC(...date) / 1000;
  assert.equal(subtractDuration(at(2026, 2, 31), 'P1M'), at(2026, 1, 28));
  assert.equal(subtractDuration(at(2024, 1, 29), 'P1Y1D'), at(2023, 1, 27));
});
