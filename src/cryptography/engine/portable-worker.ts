// One thread of the portable engine: takes a task, answers with its result. Started only by
// `portable-engine.ts`; it listens to nothing else.
import type { KeyObject } from 'node:crypto';
import type { DecryptionScheme, SigningMethod } from './engine.ts';
import { decrypt, sign, verify } from './portable-operations.ts';
import { answerTasks } from './worker-pool.ts';

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

answerTasks((task: Task) => {
  const result = runTask(task);
  // A small Buffer is a view of a pool that other values share: only its own bytes are sent.
  return result instanceof Uint8Array ? new Uint8Array(result) : result;
});
