// docs/compatibility.md says what the rows say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderCompatibility } from '../tools/compatibility.ts';

test('the operation tables are what the program’s rows say (npm run compatibility)', async () => {
  const document = new URL('../docs/compatibility.md', import.meta.url);
  assert.equal(await renderCompatibility(), readFileSync(document, 'utf8'));
});
