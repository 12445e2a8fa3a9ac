import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Failure, WorkerPool } from './worker-pool.ts';

const POOL = new URL('./worker-pool.ts', import.meta.url).href;

/** A thread that answers with its number and the task, fails on `fail`, and dies on `die`. */
const PROGRAM = `
  import { threadId } from 'node:worker_threads';
  import { answerTasks } from ${JSON.stringify(POOL)};
  answerTasks((task) => {
    if (task === 'fail') throw Object.assign(new Error('no such thing'), { code: 'absent' });
    if (task === 'nothing') return undefined;
    if (task === 'die') process.exit(1);
    return { task, threadId };
  });
`;

interface Echo {
  readonly task: string;
  readonly threadId: number;
}

class TaskError extends Error {
  readonly code: string | undefined;

  constructor({ code, message }: Failure) {
    super(message);
    this.code = code;
  }
}

function openPool(size: number): WorkerPool<string, Echo | undefined> {
  const pool = new WorkerPool<string, Echo | undefined>({
    size,
    start: () =>
      new Worker(new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`), { stderr: true }),
    failure: (failure) => new TaskError(failure),
  });
  after(() => pool.close());
  return pool;
}

test('tasks run side by side in no more threads than there may be', async () => {
  const pool = openPool(2);
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((task) => pool.run(task)));
  assert.deepEqual(
    answers.map((answer) => answer?.task),
    ['a', 'b', 'c', 'd', 'e'],
  );
  assert.equal(new Set(answers.map((answer) => answer?.threadId)).size, 2);
});

test('a failed task brings its code and message, and its thread goes on', async () => {
  const pool = openPool(1);
  const first = await pool.run('a');
  await assert.rejects(
    pool.run('fail'),
    new TaskError({ code: 'absent', message: 'no such thing' }),
  );
  assert.equal((await pool.run('b'))?.threadId, first?.threadId);
});

test('undefined is an answer, not a failure', async () => {
  assert.equal(await openPool(1).run('nothing'), undefined);
});

test('tasks of a thread that dies are refused and the next ones get a new thread', async () => {
  const pool = openPool(1);
  const first = await pool.run('a');
  const waiting = pool.run('die');
  const behind = pool.run('b');
  await assert.rejects(waiting, /the worker stopped/);
  await assert.rejects(behind, /the worker stopped/);
  assert.notEqual((await pool.run('c'))?.threadId, first?.threadId);
});

test('a closed pool refuses what still waited', async () => {
  const pool = openPool(1);
  await pool.run('a');
  const waiting = pool.run('b');
  const refused = assert.rejects(waiting, /the worker stopped/);
  await pool.close();
  await refused;
});
