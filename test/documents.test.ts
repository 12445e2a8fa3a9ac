// What the documents name is there: files, links, and the floors as the rules have them.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { floors } from '#test/architecture/rules.ts';
import { projectRoot } from '#test/architecture/source-files.ts';

const documents = globSync('{*.md,docs/**/*.md}', { cwd: projectRoot }).sort();

function read(document: string): string {
  return readFileSync(join(projectRoot, document), 'utf8');
}

/** `path` may be a pattern, as in `src/storage/barrier/*.test.ts`. */
function isThere(path: string): boolean {
  return globSync(path, { cwd: projectRoot }).length > 0;
}

test('every file of ours that a document names in code is there', () => {
  const missing = documents.flatMap((document) =>
    [...read(document).matchAll(/`([^`\s<>]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => /^(src|test|tools|bench|native)\/|^[\w-]+(\/[\w-]+)*\.test\.ts$/.test(path))
      .filter((path) => !isThere(path))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('every link within the documents leads somewhere', () => {
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(projectRoot, dirname(document), target)))
      .map((target) => `${document}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('the floors in ARCHITECTURE.md are those that are checked', () => {
  const [, section = ''] = read('ARCHITECTURE.md').split('\n## Floors\n');
  const told = [...section.matchAll(/^\| (\d+) \| (.+?) \|/gm)].map(([, floor, folders = '']) => [
    Number(floor),
    [...folders.matchAll(/`([^`]+)`/g)].map(([, folder]) => folder),
  ]);
  assert.deepEqual(
    told,
    floors.map((folders, floor) => [floor, [...folders]]),
  );
});

test('every decision is in the list of decisions', () => {
  const list = read('docs/decisions/README.md');
  const unlisted = documents
    .filter((path) => /decisions\/\d/.test(path))
    .filter((path) => !list.includes(`(${path.replace('docs/decisions/', '')})`));
  assert.deepEqual(unlisted, []);
});
