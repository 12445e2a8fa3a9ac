import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#kernel';
import { type Job, startJobs } from './background.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function counting(everyMs: number) {
  const runs: number[] = [];
  const job: Job = { name: 'job', everyMs, run: async (nowMs) => void runs.push(nowMs) };
  return { runs, job };
}

test('a job runs at start and then once an interval', async () => {
  const clock = new ManualClock(0);
  const { runs, job } = counting(1000);
  startJobs([job], { clock, logError: assert.fail });
  for (let i = 0; i < 3; i++) {
    await settle();
    clock.advance(1000);
  }
  assert.deepEqual(runs, [0, 1000, 2000, 3000]);
});

test('a job that fails is logged by name and runs again', async () => {
  const clock = new ManualClock(0);
  const logged: string[] = [];
  let tries = 0;
  const job: Job = {
    name: 'renewal',
    everyMs: 10,
    run: async () => {
      tries += 1;
      throw new Error('no');
    },
  };
  startJobs([job], { clock, logError: (name) => logged.push(name) });
  await settle();
  clock.advance(10);
  await settle();
  assert.equal(tries, 2);
  assert.deepEqual(logged, ['renewal', 'renewal']);
});

test('a job that is still running is not started a second time', async () => {
  const clock = new ManualClock(0);
  let started = 0;
  let finish = () => {};
  const job: Job = {
    name: 'slow',
    everyMs: 10,
    run: () => {
      started += 1;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
  };
  startJobs([job], { clock, logError: assert.fail });
  clock.advance(100);
  await settle();
  assert.equal(started, 1);
  finish();
  await settle();
  clock.advance(10);
  assert.equal(started, 2);
});

test('after stop nothing starts, and stop waits for what runs', async () => {
  const clock = new ManualClock(0);
  const { runs, job } = counting(10);
  const background = startJobs([job], { clock, logError: assert.fail });
  await background.stop();
  clock.advance(100);
  assert.equal(runs.length, 1);
});
