import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backOffSeconds } from './back-off.ts';
import { addMonths, monthsBetween } from './validity.ts';

const at = (text: string) => Date.parse(text) / 1000;

test('a month ends on the same day, or on the last one of a shorter month', () => {
  const cases = [
    ['2026-01-15T10:20:30Z', 1, '2026-02-15T10:20:30Z'],
    ['2026-01-31T00:00:00Z', 1, '2026-02-28T00:00:00Z'],
    ['2028-01-31T23:59:59Z', 1, '2028-02-29T23:59:59Z'],
    ['2028-02-29T00:00:00Z', 12, '2029-02-28T00:00:00Z'],
    ['2026-08-31T00:00:00Z', 6, '2027-02-28T00:00:00Z'],
    ['2026-12-31T00:00:00Z', 1200, '2126-12-31T00:00:00Z'],
  ] as const;
  for (const [from, months, until] of cases) {
    assert.equal(addMonths(at(from), months), at(until), from);
  }
});

test('months are counted whole, rounded up, and are one at least', () => {
  const from = '2026-01-31T00:00:00Z';
  const cases = [
    [from, 1],
    ['2026-02-01T00:00:00Z', 1],
    ['2026-02-28T00:00:00Z', 1],
    ['2026-02-28T00:00:01Z', 2],
    ['2026-03-31T00:00:00Z', 2],
    ['2027-01-31T00:00:00Z', 12],
    ['2027-01-31T00:00:01Z', 13],
    ['2025-12-31T00:00:00Z', 1],
  ] as const;
  for (const [until, months] of cases) assert.equal(monthsBetween(at(from), at(until)), months);
});

test('what was added in months is counted in as many', () => {
  const moments = fc.integer({ min: 0, max: 4_000_000_000 });
  const property = fc.property(moments, fc.integer({ min: 1, max: 1200 }), (from, months) => {
    const until = addMonths(from, months);
    assert.equal(monthsBetween(from, until), months);
    assert.equal(monthsBetween(from, until + 1), months + 1);
    assert.ok(until >= from + months * 28 * 86_400);
  });
  fc.assert(property);
});

test('after each failure the wait doubles, up to a day, and never overflows', () => {
  const waits = [0, 1, 2, 10, 11].map((failures) => backOffSeconds(60, failures));
  assert.deepEqual(waits, [60, 120, 240, 61_440, 86_400]);
  assert.deepEqual(
    [4, 5].map((failures) => backOffSeconds(3600, failures)),
    [57_600, 86_400],
  );
  for (const failures of [20, 1000, 1e9]) assert.equal(backOffSeconds(60, failures), 86_400);
});
