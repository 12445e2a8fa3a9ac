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

  test('an emergency roll withdraws every key: none signs, verifies or is shown', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const before = keys.published().map((key) => key.kid);
    await rollSigningKeys(view, clock);
    for (const kid of before) assert.equal(keys.verificationKey(kid), undefined);
    assert.equal(keys.published().length, 2);
    assert.ok(keys.published().every(({ kid }) => !before.includes(kid)));
    assert.ok(!before.includes(keys.current().kid));
  });

  test('withdrawn keys are recognised while their tokens could live, then forgotten', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const first = keys.current().kid;
    await rollSigningKeys(view, clock);
    clock.advance(25 * HOUR_MS - 1);
    await maintainSigningKeys(view, clock);
    assert.ok(keys.recognize(first));
    assert.equal(keys.verificationKey(first), undefined);
    clock.advance(1);
    assert.equal(keys.recognize(first), undefined);
    await maintainSigningKeys(view, clock);
    const scanned = await view.scan({ prefix: 'directory/signing-key/', limit: 100 });
    assert.equal(scanned.length, 2);
  });

  test('emergencies in a row do not pile keys up, and each withdraws the one before', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const seen = [keys.current().kid];
    for (let times = 0; times < 4; times += 1) {
      clock.advance(1000);
      seen.push(await rollSigningKeys(view, clock));
    }
    assert.equal(keys.current().kid, seen.at(-1));
    for (const kid of seen.slice(0, -1)) assert.equal(keys.verificationKey(kid), undefined);
    const scanned = await view.scan({ prefix: 'directory/signing-key/', limit: 100 });
    assert.ok(scanned.length <= 4, String(scanned.length));
  });

  test('after an emergency the rotation goes on as before', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const first = await rollSigningKeys(view, clock);
    const [next] = keys.published().filter(({ kid }) => kid !== first);
    clock.advance(SIGNING_PERIOD_MS);
    await maintainSigningKeys(view, clock);
    assert.equal(keys.current().kid, next?.kid);
  });

  test('the next key is shown at least a day before it signs, from the start on', async () => {
    const { clock, view, keys } = await open();
    await maintainSigningKeys(view, clock);
    const shownSinceMs = new Map(keys.published().map(({ kid }) => [kid, clock.now()]));
    const signedFromMs = new Map<string, number>([[keys.current().kid, clock.now()]]);
    for (let hours = 0; hours < 24 * 100; hours += 1) {
      clock.advance(HOUR_MS);
      if (hours % 7 === 0) await maintainSigningKeys(view, clock);
      for (const { kid } of keys.published()) {
        if (!shownSinceMs.has(kid)) shownSinceMs.set(kid, clock.now());
      }
      const { kid } = keys.current();
      if (signedFromMs.has(kid)) continue;
      signedFromMs.set(kid, clock.now());
      assert.ok(clock.now() - (shownSinceMs.get(kid) ?? clock.now()) >= 24 * HOUR_MS);
    }
    assert.ok(signedFromMs.size >= 3);
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
