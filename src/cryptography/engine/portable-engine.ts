// The engine without the native addon. Everything but AES-GCM blocks for a while, so it runs in a
// few worker threads, which start with the first task and do not keep the process alive.
import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createPortableAesGcm } from './aes-gcm.ts';
import type { DecryptionScheme, Engine, EngineKey, SigningMethod } from './engine.ts';
import { keySizeBytes } from './key-size.ts';
import type { Task, TaskResult } from './portable-worker.ts';
import { WorkerPool } from './worker-pool.ts';

const WORKERS_MAX = 4;

export function createPortableEngine(): Engine {
  const pool = new WorkerPool<Task, TaskResult>({
    size: Math.min(availableParallelism(), WORKERS_MAX),
    start: () => new Worker(new URL('./portable-worker.ts', import.meta.url)),
    failure: () => new Error('the operation failed'),
  });
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
  readonly #pool: WorkerPool<Task, TaskResult>;
  readonly #key: KeyObject;

  constructor(pool: WorkerPool<Task, TaskResult>, key: KeyObject) {
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
