import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Child, launch } from '#test/kit/children.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'strongroom-run-'));
after(() => rmSync(folder, { recursive: true }));

const script = relative(root, join(folder, 'script.ts'));
writeFileSync(
  join(folder, 'script.ts'),
  `const [what = '', ...rest]: string[] = process.argv.slice(2);
if (what === 'wait') {
  process.on('SIGTERM', () => process.exit(7));
  process.on('SIGINT', () => process.exit(8));
  setInterval(() => {}, 1000);
  console.log('ready');
} else {
  if (what === '4') process.emitWarning('new', 'ExperimentalWarning');
  if (what === '4') process.emitWarning('old', 'DeprecationWarning');
  console.log(JSON.stringify(rest));
  process.exitCode = Number(what);
}
`,
);

function start(...parameters: readonly string[]): Child {
  return launch(process.execPath, ['tools/run.mjs', script, ...parameters], { cwd: root });
}

async function exitCodeAfter(signal: NodeJS.Signals) {
  const child = start('wait');
  assert.ok(child.process.stdout !== null);
  await once(child.process.stdout, 'data');
  child.process.kill(signal);
  return child.exit;
}

test('a script gets its arguments as they were typed, and its exit code is passed on', async () => {
  const child = start('3', 'two words', '--flag', '*');
  assert.deepEqual(await child.exit, { code: 3, signal: null });
  assert.deepEqual(JSON.parse(child.stdout()), ['two words', '--flag', '*']);
});

test('standard output belongs to the script alone', async () => {
  const child = start('0');
  await child.exit;
  assert.equal(child.stdout(), '[]\n');
});

test('of Node’s warnings, only that something is experimental is left out', async () => {
  const child = start('4');
  await child.exit;
  assert.match(child.stderr(), /DeprecationWarning: old/);
  assert.doesNotMatch(child.stderr(), /ExperimentalWarning/);
});

test('SIGTERM and SIGINT reach the script, which decides how it ends', async () => {
  assert.deepEqual(await exitCodeAfter('SIGTERM'), { code: 7, signal: null });
  assert.deepEqual(await exitCodeAfter('SIGINT'), { code: 8, signal: null });
});

test('a script that a signal ends makes the launcher end the same way', async () => {
  assert.deepEqual(await exitCodeAfter('SIGHUP'), { code: null, signal: 'SIGHUP' });
});

test('without a script it says how it is used', async () => {
  const child = launch(process.execPath, ['tools/run.mjs'], { cwd: root });
  assert.equal((await child.exit).code, 1);
  assert.match(child.stderr(), /^usage: /);
});
