// One thread that talks to the token. Started only by `token-pool.ts`; the token is opened with the
// first task of a connection, so that what keeps it shut is an answer and not a dead thread.
import { workerData } from 'node:worker_threads';
import pkcs11, { type PKCS11 } from 'pkcs11js';
import { answerTasks } from '../engine/worker-pool.ts';
import { Token } from './token.ts';
import { TokenError } from './token-error.ts';
import { endModule, loadModule } from './token-session.ts';
import type { SentTask, ThreadStart, TokenResult, TokenTask } from './token-task.ts';

const { access, epoch: current }: ThreadStart = workerData;
let library: PKCS11 | undefined;
let opened: { readonly epoch: number; readonly token: Token } | undefined;

/** Handles of an earlier epoch are dropped unused: their numbers may mean something else now. */
function connect(epoch: number, restart: boolean): Token {
  library ??= loadModule(access);
  if (restart) endModule(library);
  if (restart || opened?.epoch !== epoch) {
    opened = undefined;
    opened = { epoch, token: new Token(library, access) };
  }
  return opened.token;
}

function run(token: Token, task: TokenTask): TokenResult {
  switch (task.kind) {
    case 'open':
    case 'restart':
      return undefined;
    case 'generate':
      return token.generate(task.spec);
    case 'import':
      return token.import(task.key);
    case 'sign':
      return token.sign(task.key, task.method, task.digest);
    case 'hmac':
      return token.hmac(task.key, task.hash, task.message);
    case 'decrypt':
      return token.decrypt(task.key, task.scheme, task.ciphertext);
    case 'encipher':
      return token.encipher(task.key, task.cipher, task.text);
    case 'decipher':
      return token.decipher(task.key, task.cipher, task.text);
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

/** What it says when the session is over. Handles are all ours: one that is gone went with it. */
const LOST: ReadonlySet<number> = new Set([
  pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED,
  pkcs11.CKR_DEVICE_ERROR,
  pkcs11.CKR_DEVICE_REMOVED,
  pkcs11.CKR_KEY_HANDLE_INVALID,
  pkcs11.CKR_OBJECT_HANDLE_INVALID,
  pkcs11.CKR_SESSION_CLOSED,
  pkcs11.CKR_SESSION_HANDLE_INVALID,
  pkcs11.CKR_SLOT_ID_INVALID,
  pkcs11.CKR_TOKEN_NOT_PRESENT,
  pkcs11.CKR_TOKEN_NOT_RECOGNIZED,
  pkcs11.CKR_UNWRAPPING_KEY_HANDLE_INVALID,
  pkcs11.CKR_USER_NOT_LOGGED_IN,
  pkcs11.CKR_WRAPPING_KEY_HANDLE_INVALID,
]);

/**
 * Anything else may be the token's word on one key, or how its module says that the device is gone:
 * whether the token still answers decides. So nothing that a caller sends ends a connection.
 */
function toTokenError(token: Token, cause: unknown): unknown {
  const said = cause instanceof Error ? cause.message : 'unknown';
  if (isAmong(UNSUPPORTED, cause)) {
    return new TokenError('unsupported', `the token does not do this (${said})`);
  }
  const isOver =
    isAmong(LOST, cause) || (cause instanceof TokenError && isAmong(LOST, cause.cause));
  if (!isOver && token.isThere()) return cause;
  return new TokenError('lost', `the connection with the token is lost (${said})`);
}

function isAmong(returnValues: ReadonlySet<number>, cause: unknown): boolean {
  return cause instanceof pkcs11.Pkcs11Error && returnValues.has(cause.code);
}

answerTasks(({ epoch, task }: SentTask): TokenResult => {
  if (Atomics.load(current, 0) !== epoch) {
    throw new TokenError('lost', 'the connection with the token was renewed');
  }
  const token = connect(epoch, task.kind === 'restart');
  try {
    return run(token, task);
  } catch (cause) {
    throw toTokenError(token, cause);
  }
});
