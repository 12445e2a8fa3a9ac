import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DueSoon } from './due-soon.ts';

test('a vault is named once, from the earliest of its times on', () => {
  const soon = new DueSoon();
  soon.note('a', 30);
  soon.note('a', 10);
  soon.note('a', 20);
  soon.note('b', 15);
  assert.deepEqual([...soon.take(9)], []);
  assert.deepEqual([...soon.take(10)], ['a']);
  assert.deepEqual([...soon.take(15)], ['b']);
  assert.deepEqual([...soon.take(99)], []);
});
