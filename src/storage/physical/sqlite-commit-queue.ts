// The serving thread's end of the writer thread. Commits that arrive while a batch is being written
// wait and form the next batch: under load many share one wait for the disk, alone one goes at
// once. It answers in commit order, and a batch that was not confirmed as failed.
import { Worker } from 'node:worker_threads';
import { StorageError } from '../storage-error.ts';
import type { Commit, CommitOutcome, Committed } from './physical.ts';
import type { WriterAnswer, WriterData, WriterRequest } from './sqlite-writer-thread.ts';

/** Commits that one batch takes; the rest wait for the next. */
const BATCH_COMMITS_MAX = 512;
const QUEUE_COMMITS_MAX = 16_384;

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: StorageError) => void;
}

export class SqliteCommitQueue {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #announce: (committed: Committed) => void;
  #queue: Waiting[] = [];
  #inFlight: Waiting[] = [];
  #flushing = false;
  /** Set when no more commits are taken. */
  #refusal: StorageError | undefined;
  #idle: (() => void) | undefined;

  /** `announce` is told of every commit before its promise resolves. */
  constructor(data: WriterData, announce: (committed: Committed) => void) {
    this.#announce = announce;
    const file = new URL('./sqlite-writer-thread.ts', import.meta.url);
    this.#worker = new Worker(file, { workerData: data, name: 'storage-writer' });
    // Idle, the thread must not keep the process alive; with a batch under way it must.
    this.#worker.unref();
    this.#worker.on('message', (answer: WriterAnswer) => this.#settle(answer));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(undefined);
        resolve();
      });
    });
  }

  push(commit: Commit): Promise<CommitOutcome> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    if (this.#queue.length >= QUEUE_COMMITS_MAX) {
      const message = 'More commits are waiting than the storage queues.';
      return Promise.reject(new StorageError('overloaded', message));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ commit: detached(commit), resolve, reject });
      this.#flushSoon();
    });
  }

  /** Finishes what was pushed, then ends the thread. */
  async close(): Promise<void> {
    this.#refusal ??= new StorageError('closed', 'The storage is closed.');
    if (this.#queue.length + this.#inFlight.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#worker.ref();
    this.#send({ close: true });
    await this.#exited;
  }

  /** Not at once: everything that this turn of the event loop brings goes into the same batch. */
  #flushSoon(): void {
    if (this.#flushing || this.#inFlight.length > 0) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#queue.length === 0) {
      if (this.#refusal === undefined) this.#worker.unref();
      this.#idle?.();
      return;
    }
    this.#inFlight = this.#queue.splice(0, BATCH_COMMITS_MAX);
    this.#worker.ref();
    this.#send({ batch: this.#inFlight.map(({ commit }) => commit) });
  }

  #settle(answer: WriterAnswer): void {
    const settled = this.#inFlight;
    this.#inFlight = [];
    for (const [index, { commit, resolve, reject }] of settled.entries()) {
      const outcome = 'failure' in answer ? undefined : answer.outcomes[index];
      if (outcome === undefined) {
        reject(writeFailed('failure' in answer ? answer.failure : 'no outcome'));
        continue;
      }
      if (outcome.committed) this.#announce({ ...commit, sequence: outcome.sequence });
      resolve(outcome);
    }
    this.#flushSoon();
  }

  #fail(cause: unknown): void {
    this.#refusal ??= writeFailed('the writer thread ended', cause);
    const lost = [...this.#inFlight, ...this.#queue];
    this.#inFlight = [];
    this.#queue = [];
    for (const { reject } of lost) reject(this.#refusal);
    this.#idle?.();
  }

  #send(request: WriterRequest): void {
    this.#worker.postMessage(request);
  }
}

/** A view of a larger buffer would be sent to the thread with all of that buffer. */
function detached(commit: Commit): Commit {
  const puts = new Map<string, Uint8Array>();
  for (const [key, value] of commit.puts) {
    const whole = value.byteLength === value.buffer.byteLength;
    puts.set(key, whole ? value : new Uint8Array(value));
  }
  return { expectations: commit.expectations, puts, deletes: commit.deletes };
}

function writeFailed(reason: string, cause?: unknown): StorageError {
  return new StorageError('write_failed', `The write was not confirmed (${reason}).`, { cause });
}
