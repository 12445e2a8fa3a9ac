// Threads for work that blocks. They start with the first task, take each its queue of them, and do
// not keep the process alive.
import { parentPort, type Worker } from 'node:worker_threads';

/** `undefined` is a result too, so failure has its own member. */
type Answer<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failed: Failure };

/** What crosses from a thread of an error: nothing of its stack. */
export interface Failure {
  /** The error's own `code`, if it has one. */
  readonly code: string | undefined;
  readonly message: string;
}

export interface WorkerPoolOptions {
  /** Threads at most. */
  readonly size: number;
  /** Starts a thread that calls `answerTasks`. */
  readonly start: () => Worker;
  /** The error that the caller of a failed task gets. */
  readonly failure: (failure: Failure) => Error;
}

/** Each task goes to the thread with the shortest queue. */
export class WorkerPool<Task, Result> {
  readonly #options: WorkerPoolOptions;
  #threads: Thread<Task, Result>[] = [];

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  run(task: Task): Promise<Result> {
    return this.#pick().run(task);
  }

  /** Ends the threads; tasks that wait are refused. */
  async close(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((thread) => thread.end()));
  }

  #pick(): Thread<Task, Result> {
    this.#threads = this.#threads.filter((thread) => thread.alive);
    const shortest = this.#threads.sort((a, b) => a.waiting - b.waiting)[0];
    const isFull = this.#threads.length >= this.#options.size;
    if (shortest !== undefined && (shortest.waiting === 0 || isFull)) return shortest;
    const thread = new Thread<Task, Result>(this.#options);
    this.#threads.push(thread);
    return thread;
  }
}

interface Waiter<Result> {
  resolve(result: Result): void;
  reject(error: Error): void;
}

class Thread<Task, Result> {
  readonly #worker: Worker;
  readonly #failure: WorkerPoolOptions['failure'];
  readonly #waiters = new Map<number, Waiter<Result>>();
  #lastId = 0;
  alive = true;

  constructor({ start, failure }: WorkerPoolOptions) {
    this.#worker = start();
    this.#failure = failure;
    this.#worker.on('message', (answer: Answer<Result>) => this.#settle(answer));
    this.#worker.on('error', () => this.#stop());
    this.#worker.on('exit', () => this.#stop());
    this.#worker.unref();
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  run(task: Task): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#lastId += 1;
    this.#waiters.set(this.#lastId, { resolve, reject });
    // While somebody waits the process must not end.
    this.#worker.ref();
    this.#worker.postMessage({ id: this.#lastId, task });
    return promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: Answer<Result>): void {
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    if (this.#waiters.size === 0) this.#worker.unref();
    if ('failed' in answer) waiter?.reject(this.#failure(answer.failed));
    else waiter?.resolve(answer.result);
  }

  /** A thread that died takes no more tasks; those it had are refused, never left hanging. */
  #stop(): void {
    this.alive = false;
    for (const waiter of this.#waiters.values()) waiter.reject(new Error('the worker stopped'));
    this.#waiters.clear();
  }
}

/** In a thread: answers each task with what `run` makes of it. */
export function answerTasks<Task, Result>(run: (task: Task) => Result): void {
  parentPort?.on('message', ({ id, task }: { readonly id: number; readonly task: Task }) => {
    parentPort?.postMessage(answer(id, () => run(task)));
  });
}

function answer<Result>(id: number, work: () => Result): Answer<Result> {
  try {
    return { id, result: work() };
  } catch (cause) {
    return { id, failed: describe(cause) };
  }
}

function describe(cause: unknown): Failure {
  if (!(cause instanceof Error)) return { code: undefined, message: 'unknown' };
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return { code, message: cause.message };
}
