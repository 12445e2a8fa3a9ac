// A quick share of `npm run fuzz`, which takes a number: `npm run fuzz -- 100000`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCertificates } from '#test/fuzz/certificate-inputs.ts';

const MUTATIONS = 1500;

test('a broken certificate file is answered with a clear 400, in time', async () => {
  const outcome = await fuzzCertificates(MUTATIONS);
  assert.deepEqual(outcome.wrong, []);
  assert.ok(outcome.refused > MUTATIONS / 2);
});
