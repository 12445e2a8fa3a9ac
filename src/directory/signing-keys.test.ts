import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { systemGrant } from '#authorization';
import { ManualClock } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';
import { Directory } from './directory.ts';
import type { SigningKey } from './records.ts';
import {
  decideKeyRoles,
  maintainSigningKeys,
  rollSigningKeys,
  SIGNING_PERIOD_MS,
} from './signing-keys.ts';

const HOUR_MS = 3_600_000;

async function open() {
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant(tenantPartition('t'), 'test'));
  const directory = await Directory.open({ storage, tenantId: 't', clock });
  return { clock, view, keys: directory.signingKeys };
}

describe('rotation', () => {
  test('the next key is published from the start and signs when its time comes', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const first = keys.current().kid;
    const published = keys.published().map((key) => key.kid);
    assert.equal(published.length, 2);
    clock.advance(SIGNING_PERIOD_MS - 1);
    assert.equal(keys.current().kid, first);
    clock.advance(1);
    const second = keys.current().kid;
    assert.notEqual(second, first);
    assert.ok(published.includes(second));
  });

  test('an old key verifies until its last token has died, then is deleted', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const first = keys.current().kid;
    clock.advance(SIGNING_PERIOD_MS);
    await maintainSigningKeys(view, clock);
    assert.equal(keys.published().length, 3);
    clock.advance(24 * HOUR_MS);
    assert.ok(keys.verificationKey(first));
    clock.advance(HOUR_MS);
    assert.equal(keys.verificationKey(first), undefined);
    await maintainSigningKeys(view, clock);
    assert.equal(keys.published().length, 2);
  });

  test('after a long sleep a new key is still published a day before it signs', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    clock.advance(10 * SIGNING_PERIOD_MS);
    await maintainSigningKeys(view, clock);
    const signing = keys.current().kid;
    clock.advance(24 * HOUR_MS - 1);
    assert.equal(keys.current().kid, signing);
  });

  test('maintaining again changes nothing', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const before = keys.published();
    await maintainSigningKeys(view, clock);
    assert.deepEqual(keys.published(), before);
  });

  test('an emergency roll leaves no old key', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const before = keys.published().map((key) => key.kid);
    await rollSigningKeys(view, clock);
    for (const kid of before) assert.equal(keys.verificationKey(kid), undefined);
    assert.equal(keys.published().length, 2);
  });
});

test('without a key nothing is signed', async () => {
  const { keys } = await open();
  assert.throws(() => keys.current());
});

test('what is published holds no private part', async () => {
  const { clock, view, keys } = await open();
  await maintainSigningKeys(view, clock);
  for (const key of keys.published()) {
    assert.deepEqual(Object.keys(key).sort(), ['e', 'kid', 'kty', 'n', 'use', 'x5t']);
  }
});

test('at any moment the signing key is published and not dead', () => {
  const times = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 1200 }), (hours, nowHour) => {
      const keys = hours.map<SigningKey>((hour, at) => ({
        kid: String(at),
        privateKey: '',
        createdMs: 0,
        activeFromMs: hour * HOUR_MS,
      }));
      const { current, living, dead } = decideKeyRoles(keys, nowHour * HOUR_MS);
      assert.equal(living.length + dead.length, keys.length);
      if (current) assert.ok(living.includes(current));
      else assert.ok(keys.every((key) => key.activeFromMs > nowHour * HOUR_MS));
    }),
  );
});
