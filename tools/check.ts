// Everything that can be said about the code without running it: types, style, what nothing uses,
// and the rules of the house. Runs all of them, then fails if one did.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const CHECKS: readonly { readonly name: string; readonly parameters: readonly string[] }[] = [
  { name: 'types', parameters: ['node_modules/typescript/bin/tsc', '--project', '.'] },
  { name: 'style', parameters: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'] },
  { name: 'unused', parameters: ['node_modules/knip/bin/knip.js'] },
  {
    name: 'architecture',
    parameters: ['--test', '--test-reporter=dot', 'test/architecture.test.ts'],
  },
];

const failed: string[] = [];
for (const { name, parameters } of CHECKS) {
  const startedAtMs = performance.now();
  const { status } = spawnSync(process.execPath, parameters, { cwd: ROOT, stdio: 'inherit' });
  const tookMs = Math.round(performance.now() - startedAtMs);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${tookMs} ms)`);
  if (status !== 0) failed.push(name);
}
console.log(failed.length === 0 ? '\nchecks: all passed' : `\nchecks: ${failed.join(', ')} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
