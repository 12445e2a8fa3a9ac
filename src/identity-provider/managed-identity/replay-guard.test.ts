import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplayGuard } from './replay-guard.ts';

test('an id is good once, until it would be refused as expired anyway', () => {
  const guard = new ReplayGuard();
  assert.ok(guard.use('a', { nowS: 0, expiresS: 100 }));
  assert.ok(!guard.use('a', { nowS: 99, expiresS: 200 }));
  assert.ok(guard.use('a', { nowS: 100, expiresS: 200 }));
});

test('one that lives short behind one that lives long is remembered long enough', () => {
  const guard = new ReplayGuard();
  guard.use('long', { nowS: 0, expiresS: 300 });
  guard.use('short', { nowS: 0, expiresS: 10 });
  assert.ok(!guard.use('short', { nowS: 9, expiresS: 10 }));
  assert.ok(!guard.use('long', { nowS: 299, expiresS: 300 }));
});

test('when there are too many to remember, none is accepted rather than one twice', () => {
  const guard = new ReplayGuard();
  for (let n = 0; n < 100_000; n += 1) guard.use(`${n}`, { nowS: 0, expiresS: 100 });
  assert.ok(!guard.use('one more', { nowS: 0, expiresS: 100 }));
  assert.ok(!guard.use('0', { nowS: 0, expiresS: 100 }));
  assert.ok(guard.use('one more', { nowS: 100, expiresS: 200 }));
});
