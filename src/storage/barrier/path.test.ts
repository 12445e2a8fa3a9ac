import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  checkFollowed,
  checkPartition,
  endOf,
  PATH_LENGTH_MAX,
  resolvePath,
  resolvePrefix,
  successor,
} from './path.ts';

const REFUSED = { name: 'StorageError', code: 'path_refused' };

const ODD = [
  ['leads upwards', '..'],
  ['leads upwards', '../other'],
  ['leads upwards', 'a/..'],
  ['leads upwards', 'a/../b'],
  ['names itself', './a'],
  ['names itself', 'a/./b'],
  ['begins with a slash', '/a'],
  ['has an empty segment', 'a//b'],
  ['has a control character', 'a\u0000b'],
  ['has a control character', 'a\n'],
  ['has a control character', 'a\u007f'],
  ['has a space', 'a b'],
  ['has a backslash', 'a\\b'],
  ['is not ASCII', 'ä'],
  ['is not ASCII', 'a\u200b'],
  ['is not ASCII', '\uff0e\uff0e/x'],
] as const;

describe('a path', () => {
  test('is its partition and the given path, for every character that may stand in one', () => {
    for (const path of [
      'a',
      'a/b',
      'a.b',
      '...',
      '..a',
      'a..',
      '.a/b.',
      "!#$%&'()*+,-:;<=>?@[]^_`{|}~",
    ]) {
      assert.equal(resolvePath('p/', path), `p/${path}`);
    }
  });

  test('is refused if it is empty or ends in a slash', () => {
    assert.throws(() => resolvePath('p/', ''), REFUSED);
    assert.throws(() => resolvePath('p/', 'a/'), REFUSED);
  });

  for (const [why, path] of ODD) {
    test(`is refused if it ${why}: ${JSON.stringify(path)}`, () => {
      assert.throws(() => resolvePath('p/', path), REFUSED);
      assert.throws(() => resolvePrefix('p/', path), REFUSED);
      assert.throws(() => checkPartition(`${path}/`), REFUSED);
      assert.throws(() => checkFollowed(path), REFUSED);
    });
  }

  test('is refused beyond its greatest length, partition included', () => {
    const longest = 'a'.repeat(PATH_LENGTH_MAX - 2);
    assert.equal(resolvePath('p/', longest).length, PATH_LENGTH_MAX);
    assert.throws(() => resolvePath('p/', `${longest}a`), REFUSED);
  });

  test('is not repeated by the refusal', () => {
    assert.throws(
      () => resolvePath('p/', 'secret value'),
      ({ message }) => !message.includes('secret'),
    );
  });

  test('never names anything outside its partition, whatever the text', () => {
    const hostile = fc.array(fc.constantFrom('.', '..', '/', 'a', '!', '\\', '\u0000', ' '));
    const anyText = fc.oneof(
      fc.string({ unit: fc.nat({ max: 0xff }).map((code) => String.fromCharCode(code)) }),
      hostile.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        let path: string;
        try {
          path = resolvePath('vault/1/', text);
        } catch {
          return;
        }
        assert.equal(path, `vault/1/${text}`);
        assert.equal(posix.normalize(path), path);
      }),
    );
  });
});

describe('a prefix', () => {
  test('may be empty, end in a slash, or end within a segment', () => {
    for (const prefix of ['', 'a', 'a/', 'a/b', '.']) {
      assert.equal(resolvePrefix('p/', prefix), `p/${prefix}`);
    }
  });

  test('ends before the next one begins, and holds all that start with it', () => {
    const path = fc.stringMatching(/^[!-.0-[\]-~]+$/);
    fc.assert(
      fc.property(path, path, (prefix, rest) => {
        const whole = prefix + rest;
        assert.ok(whole >= prefix && whole < endOf(prefix));
        assert.ok(successor(prefix) > prefix && successor(prefix) < `${prefix}!`);
      }),
    );
  });
});

describe('a partition', () => {
  test('ends in a slash', () => {
    assert.equal(checkPartition('tenant/1/'), 'tenant/1/');
    for (const partition of ['', '/', 'tenant', 'tenant/1', 'tenant//']) {
      assert.throws(() => checkPartition(partition), REFUSED, partition);
    }
  });

  test("never holds the barrier's own records", () => {
    assert.throws(() => checkPartition('!keyring/'), REFUSED);
    assert.throws(() => checkPartition('!/'), REFUSED);
    assert.throws(() => checkFollowed('!'), REFUSED);
    assert.throws(() => checkFollowed('!keyring'), REFUSED);
    assert.throws(() => checkFollowed(''), REFUSED);
  });
});
