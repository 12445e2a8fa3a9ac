import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseForm, parseQuery, QueryMemo } from './query.ts';

test('names and values are percent-decoded', () => {
  assert.deepEqual(
    { ...parseQuery('api%2Dversion=7.4&a=b+c%20d') },
    { 'api-version': '7.4', a: 'b c d' },
  );
});

test('of a repeated parameter the first counts', () => {
  assert.equal(parseQuery('a=1&a=2')?.a, '1');
});

test('a parameter without a value is empty, and stray ampersands do not matter', () => {
  assert.deepEqual({ ...parseQuery('&a&&b=&') }, { a: '', b: '' });
});

test('a broken encoding is refused as a whole', () => {
  assert.equal(parseQuery('a=%E0%A4%A'), undefined);
  assert.equal(parseQuery('%=1'), undefined);
});

test('__proto__ is a plain name and reaches no prototype', () => {
  const parsed = parseQuery('__proto__=x&constructor=y');
  assert.equal(parsed?.constructor, 'y');
  assert.equal(Object.getPrototypeOf(parsed), null);
  assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
});

test('a form that repeats a parameter is refused; a query takes the first', () => {
  for (const text of ['a=1&a=1', 'a=1&b=2&%61=3', 'a&a']) {
    assert.equal(parseForm(text), undefined, text);
    assert.notEqual(parseQuery(text), undefined, text);
  }
  assert.deepEqual({ ...parseForm('a=1&b=2&&A=3') }, { a: '1', b: '2', A: '3' });
});

test('more than a hundred parameters are refused', () => {
  assert.equal(parseQuery(Array.from({ length: 101 }, (_, i) => `p${i}=1`).join('&')), undefined);
});

test('the memo answers as the parser does, and what it keeps cannot be changed', () => {
  const memo = new QueryMemo();
  for (const text of ['a=1', 'a=1', '%', `long=${'x'.repeat(200)}`]) {
    assert.deepEqual(memo.parse(text), parseQuery(text));
  }
  for (let i = 0; i < 1000; i++) memo.parse(`a=${i}`);
  const kept = memo.parse('a=1');
  assert.throws(() => Object.assign(kept ?? {}, { a: '2' }), TypeError);
  assert.equal(memo.parse('a=1')?.a, '1');
});
