// One thread that talks to the token. Started only by `token-pool.ts`; the token is opened with the
// first task, so that what keeps it shut is an answer and not a dead thread.
import { workerData } from 'node:worker_threads';
import pkcs11 from 'pkcs11js';
import { answerTasks } from '../worker-pool.ts';
import { Token } from './token.ts';
import { TokenError } from './token-error.ts';
import type { TokenAccess, TokenResult, TokenTask } from './token-task.ts';

const access: TokenAccess = workerData;
let opened: Token | undefined;

function run(task: TokenTask): TokenResult {
  opened ??= new Token(access);
  switch (task.kind) {
    case 'open':
      return undefined;
    case 'generate':
      return opened.generate(task.spec);
    case 'import':
      return opened.import(task.key);
    case 'sign':
      return opened.sign(task.key, task.method, task.digest);
    case 'hmac':
      return opened.hmac(task.key, task.hash, task.message);
    case 'decrypt':
      return opened.decrypt(task.key, task.scheme, task.ciphertext);
    case 'encipher':
      return opened.encipher(task.key, task.cipher, task.text);
    case 'decipher':
      return opened.decipher(task.key, task.cipher, task.text);
  }
}

/** What a token says of mechanisms, parameters and attributes that it does not have. */
const UNSUPPORTED: ReadonlySet<number> = new Set([
  pkcs11.CKR_ARGUMENTS_BAD,
  pkcs11.CKR_ATTRIBUTE_TYPE_INVALID,
  pkcs11.CKR_ATTRIBUTE_VALUE_INVALID,
  pkcs11.CKR_DOMAIN_PARAMS_INVALID,
  pkcs11.CKR_FUNCTION_NOT_SUPPORTED,
  pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED,
  pkcs11.CKR_KEY_SIZE_RANGE,
  pkcs11.CKR_KEY_TYPE_INCONSISTENT,
  pkcs11.CKR_MECHANISM_INVALID,
  pkcs11.CKR_MECHANISM_PARAM_INVALID,
  pkcs11.CKR_TEMPLATE_INCONSISTENT,
]);

answerTasks((task: TokenTask) => {
  try {
    return run(task);
  } catch (cause) {
    if (!(cause instanceof pkcs11.Pkcs11Error) || !UNSUPPORTED.has(cause.code)) throw cause;
    throw new TokenError('unsupported', `the token does not do this (${cause.message})`);
  }
});
