// Every AADSTS number that the identity provider can answer stands in some test: nobody meets a
// refusal that nobody has looked at.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { oauthErrors } from '#errors';
import { projectRoot } from '#test/kit/instance.ts';

/** No caller provokes it on purpose: it answers our own failures (`pipeline.test.ts`). */
const OWN_FAILURE = 'AADSTS90033';

test('each AADSTS number is asserted by a test', () => {
  const texts = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(projectRoot, folder, name), 'utf8')),
  );
  const numbers = Object.values(oauthErrors).flatMap((error) =>
    'inner' in error && error.inner !== undefined ? [error.inner] : [],
  );
  const missing = [...new Set(numbers)].filter((inner) => {
    const number = new RegExp(`\\b(AADSTS)?${inner.slice('AADSTS'.length)}\\b`);
    return inner !== OWN_FAILURE && !texts.some((text) => number.test(text));
  });
  assert.deepEqual(missing, []);
});
