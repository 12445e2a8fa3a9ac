import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRows } from '#test/matrix/rows.ts';
import { isPagePath } from './error-page.ts';

/** By the audit names of their rows. `SignInHome` only leads on, and has no errors. */
const ANSWERED_TO_PROGRAMS = new Set([
  ...['DiscoveryRead', 'SignIn', 'ManagedIdentitySignIn', 'DeviceCodeRequest'],
  'SignInHome',
]);

test('errors are shown as a page at every address but those that programs call', async () => {
  const rows = (await loadRows()).filter(({ plane }) => plane === 'login');
  const answered = rows.filter(({ path }) => !isPagePath(path.replaceAll(/[{}]/g, '')));
  const names = new Set(answered.map(({ audit }) => audit));
  assert.deepEqual(names, ANSWERED_TO_PROGRAMS);
});
