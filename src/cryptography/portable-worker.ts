// One thread of the portable engine: takes a task, answers with its result. Started only by
// `portable-engine.ts`; it listens to nothing else.
import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { DecryptionScheme, SigningMethod } from './engine.ts';
import { decrypt, sign, verify } from './portable-operations.ts';

export type Task = { readonly key: KeyObject } & (
  | { readonly kind: 'sign'; readonly method: SigningMethod; readonly digest: Uint8Array }
  | {
      readonly kind: 'verify';
      readonly method: SigningMethod;
      readonly digest: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly kind: 'decrypt';
      readonly scheme: DecryptionScheme;
      readonly ciphertext: Uint8Array;
    }
);

export type TaskResult = Uint8Array | boolean | undefined;

export interface Answer {
  readonly id: number;
  /** `undefined` is an answer too, so failure has its own member. */
  readonly result?: TaskResult;
  readonly failed?: true;
}

function runTask(task: Task): TaskResult {
  switch (task.kind) {
    case 'sign':
      return sign(task.key, task.method, task.digest);
    case 'verify':
      return verify(task);
    case 'decrypt':
      return decrypt(task.key, task.scheme, task.ciphertext);
  }
}

function answer(id: number, task: Task): Answer {
  try {
    const result = runTask(task);
    // A small Buffer is a view of a pool that other values share: only its own bytes are sent.
    return { id, result: result instanceof Uint8Array ? new Uint8Array(result) : result };
  } catch {
    return { id, failed: true };
  }
}

parentPort?.on('message', ({ id, task }: { readonly id: number; readonly task: Task }) => {
  parentPort?.postMessage(answer(id, task));
});
