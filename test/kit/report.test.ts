import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Report } from './report.ts';

function collect() {
  const lines: string[] = [];
  return { lines, report: new Report((text) => void lines.push(text)) };
}

test('what failed stands once more at the end, and the exit code says so', async () => {
  const { lines, report } = collect();
  await report.run('first', async () => {
    throw new Error('for this reason');
  });
  await report.run('second', async () => {});
  report.say('skipped', 'third', 'not here');
  assert.equal(report.conclude(), 1);
  const text = lines.join('');
  assert.match(text, /passed {2}second\nskipped third: not here\n/);
  assert.match(
    text,
    /once more:\nfailed {2}first: Error: for this reason[\s\S]+1 passed, 1 failed, 1 skipped\n$/,
  );
});

test('where nothing failed it is said in one line', async () => {
  const { lines, report } = collect();
  await report.run('first', async () => {});
  assert.equal(report.conclude(), 0);
  assert.deepEqual(lines, ['passed  first\n', '1 passed, 0 failed, 0 skipped\n']);
});
