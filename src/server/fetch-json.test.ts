import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchJson } from './fetch-json.ts';

test('an address that is not https is never asked', async () => {
  await assert.rejects(fetchJson('http://127.0.0.1:1/keys'), /only https/);
  await assert.rejects(fetchJson('file:///etc/passwd'), /only https/);
  await assert.rejects(fetchJson('not a url'), TypeError);
});

test('a server that does not answer is an error, not a wait', async () => {
  await assert.rejects(fetchJson('https://127.0.0.1:1/keys'));
});
