import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersions, isAtLeast, since } from './api-version.ts';

test('a row answers its first version, every later one and their previews', () => {
  const row = since('7.3');
  const answered = ['7.3', '7.3-preview', '7.4-preview.1', '2025-06-01-preview', '2026-04-01'];
  for (const version of answered) assert.equal(row.accepts(version), true, version);
  for (const version of [
    '7.2',
    '7.2-preview',
    '7.0',
    '2016-10-01',
    '7.30',
    '',
    '9.9',
    '__proto__',
  ]) {
    assert.equal(row.accepts(version), false, version);
  }
  assert.equal(row.required, true);
});

test('features come with their version and its preview, and stay', () => {
  assert.equal(isAtLeast('7.6', '2025-07-01'), false);
  assert.equal(isAtLeast('2025-06-01-preview', '2025-07-01'), true);
  assert.equal(isAtLeast('2026-07-01-preview', '2025-07-01'), true);
  assert.equal(isAtLeast('unknown', '7.0'), false);
});

test('no version is listed twice', () => {
  assert.equal(new Set(apiVersions).size, apiVersions.length);
});
