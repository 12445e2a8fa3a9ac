// The engine without the native addon. Everything but AES-GCM blocks for a while, so it runs in a
// few worker threads, which start with the first task and do not keep the process alive.
import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createPortableAesGcm } from './aes-gcm.ts';
import type { DecryptionScheme, Engine, EngineKey, SigningMethod } from './engine.ts';
import { keySizeBytes } from './key-size.ts';
import type { Answer, Task, TaskResult } from './portable-worker.ts';

const WORKERS_MAX = 4;

export function createPortableEngine(): Engine {
  const pool = new WorkerPool(Math.min(availableParallelism(), WORKERS_MAX));
  return {
    name: 'portable',
    createAesGcm: createPortableAesGcm,
    openKey(key) {
      keySizeBytes(key);
      return new PortableKey(pool, key);
    },
  };
}

class PortableKey implements EngineKey {
  readonly #pool: WorkerPool;
  readonly #key: KeyObject;

  constructor(pool: WorkerPool, key: KeyObject) {
    this.#pool = pool;
    this.#key = key;
  }

  async sign(method: SigningMethod, digest: Uint8Array): Promise<Buffer> {
    const task = { kind: 'sign', key: this.#key, method, digest: copy(digest) } as const;
    return toBuffer(await this.#pool.run(task));
  }

  async verify(method: SigningMethod, digest: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const bytes = { digest: copy(digest), signature: copy(signature) };
    return (await this.#pool.run({ kind: 'verify', key: this.#key, method, ...bytes })) === true;
  }

  async decrypt(scheme: DecryptionScheme, ciphertext: Uint8Array): Promise<Buffer | undefined> {
    const bytes = { ciphertext: copy(ciphertext) };
    const plaintext = await this.#pool.run({ kind: 'decrypt', key: this.#key, scheme, ...bytes });
    return plaintext === undefined ? undefined : toBuffer(plaintext);
  }
}

/** A message to a thread carries the whole buffer behind a view: here it gets one of its own. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function toBuffer(result: TaskResult): Buffer {
  if (!(result instanceof Uint8Array)) throw new Error('the operation failed');
  return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
}

/** A handful of threads; each task goes to the one with the shortest queue. */
class WorkerPool {
  readonly #size: number;
  #threads: Thread[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  run(task: Task): Promise<TaskResult> {
    return this.#pick().run(task);
  }

  #pick(): Thread {
    this.#threads = this.#threads.filter((thread) => thread.alive);
    const shortest = this.#threads.sort((a, b) => a.waiting - b.waiting)[0];
    if (shortest !== undefined && (shortest.waiting === 0 || this.#threads.length >= this.#size)) {
      return shortest;
    }
    const thread = new Thread();
    this.#threads.push(thread);
    return thread;
  }
}

interface Waiter {
  resolve(result: TaskResult): void;
  reject(error: Error): void;
}

class Thread {
  readonly #worker = new Worker(new URL('./portable-worker.ts', import.meta.url));
  readonly #waiters = new Map<number, Waiter>();
  #lastId = 0;
  alive = true;

  constructor() {
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', () => this.#stop());
    this.#worker.on('exit', () => this.#stop());
    this.#worker.unref();
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  run(task: Task): Promise<TaskResult> {
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
    this.#lastId += 1;
    this.#waiters.set(this.#lastId, { resolve, reject });
    // While somebody waits the process must not end.
    this.#worker.ref();
    this.#worker.postMessage({ id: this.#lastId, task });
    return promise;
  }

  #settle({ id, result, failed }: Answer): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (this.#waiters.size === 0) this.#worker.unref();
    if (failed) waiter?.reject(new Error('the operation failed'));
    else waiter?.resolve(result);
  }

  /** A thread that died takes no more tasks; those it had are refused, never left hanging. */
  #stop(): void {
    this.alive = false;
    for (const waiter of this.#waiters.values()) waiter.reject(new Error('the worker stopped'));
    this.#waiters.clear();
  }
}
