// docs/compatibility.md says what the rows say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderCompatibility } from '../tools/compatibility.ts';

test('the operation tables are what the program’s rows say', async () => {
  const document = new URL('../docs/compatibility.md', import.meta.url);
  const kept = readFileSync(document, 'utf8');
  const made = await renderCompatibility();
  const lines = (text: string) => new Set(text.split('\n'));
  const missing = [...lines(made).difference(lines(kept))];
  const outdated = [...lines(kept).difference(lines(made))];
  const advice = 'npm run compatibility renews docs/compatibility.md';
  assert.deepEqual({ missing, outdated }, { missing: [], outdated: [] }, advice);
  assert.equal(made === kept, true, advice);
});
