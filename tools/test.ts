// Runs the tests: every `*.test.ts` under src, test, tools and bench, or only the files and folders
// named on the command line (`npm test -- src/audit`). The last line says how it went.
import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { dot, spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['src', 'test', 'tools', 'bench'];

function testFiles(named: readonly string[]): string[] {
  const places = named.length > 0 ? named.map((name) => resolve(name)) : FOLDERS.map(fromRoot);
  return places.flatMap((place) => {
    const status = statSync(place, { throwIfNoEntry: false });
    if (status?.isFile()) return [place];
    return globSync(join(place, '**/*.test.ts')).sort();
  });
}

function fromRoot(name: string): string {
  return join(ROOT, name);
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

const startedAtMs = performance.now();
const files = testFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error('No test files found.');
  process.exit(1);
}
const counts = { passed: 0, failed: 0, skipped: 0 };
const failedFiles = new Set<string>();
const tests = run({ files, cwd: ROOT, concurrency: availableParallelism() });
tests.on('test:fail', ({ file }) => {
  if (file !== undefined) failedFiles.add(relative(ROOT, file));
});
tests.on('test:summary', ({ file, counts: now, success }) => {
  // One summary for each file and one without a file for the whole run.
  if (file !== undefined) return;
  counts.passed = now.passed;
  counts.skipped = now.skipped + now.todo;
  counts.failed = now.tests - counts.passed - counts.skipped;
  if (!success) process.exitCode = 1;
});
const isTerminal = process.stdout.isTTY === true;
const report = isTerminal ? tests.compose(spec) : tests.compose(dot);
for await (const text of report) process.stdout.write(text);
if (failedFiles.size > 0) {
  process.exitCode = 1;
  console.log(`\nfailed: ${[...failedFiles].sort().join(' ')}`);
}
const { passed, failed, skipped } = counts;
console.log(`\n${files.length} files in ${seconds(startedAtMs)}`);
console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
