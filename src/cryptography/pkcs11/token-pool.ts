// The token as the rest of the program sees it: every call runs in one of a few threads, since
// PKCS#11 blocks for as long as the device takes.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DecryptionScheme, DigestName, SigningMethod } from '../engine.ts';
import { type Failure, WorkerPool } from '../worker-pool.ts';
import { TokenError, type TokenErrorCode } from './token-error.ts';
import type {
  ClearKey,
  MadeKey,
  TokenAccess,
  TokenCipher,
  TokenKeySpec,
  TokenResult,
  TokenTask,
  WrappedKey,
} from './token-task.ts';

const THREADS_MAX = 4;

export class TokenPool {
  readonly #pool: WorkerPool<TokenTask, TokenResult>;

  private constructor(access: TokenAccess) {
    this.#pool = new WorkerPool({
      size: Math.min(Math.max(availableParallelism(), 2), THREADS_MAX),
      start: () =>
        new Worker(new URL('./token-thread.ts', import.meta.url), { workerData: access }),
      failure: toTokenError,
    });
  }

  /** Rejects with TokenError `unavailable` if the module, the token or the PIN is not right. */
  static async open(access: TokenAccess): Promise<TokenPool> {
    const pool = new TokenPool(access);
    await pool.#pool.run({ kind: 'open' });
    return pool;
  }

  async generate(spec: TokenKeySpec): Promise<MadeKey> {
    const made = await this.#pool.run({ kind: 'generate', spec });
    if (made === undefined || made instanceof Uint8Array) throw unexpected();
    return made;
  }

  async import(key: ClearKey): Promise<Buffer> {
    return bytesOf(await this.#pool.run({ kind: 'import', key }));
  }

  async sign(key: WrappedKey, method: SigningMethod, digest: Uint8Array): Promise<Buffer> {
    return bytesOf(await this.#pool.run({ kind: 'sign', key, method, digest }));
  }

  async hmac(key: WrappedKey, hash: DigestName, message: Uint8Array): Promise<Buffer> {
    return bytesOf(await this.#pool.run({ kind: 'hmac', key, hash, message }));
  }

  /** `undefined`: does not open. For RSA1_5 see EngineKey. */
  async decrypt(
    key: WrappedKey,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
  ): Promise<Buffer | undefined> {
    return maybe(await this.#pool.run({ kind: 'decrypt', key, scheme, ciphertext }));
  }

  async encipher(key: WrappedKey, cipher: TokenCipher, text: Uint8Array): Promise<Buffer> {
    return bytesOf(await this.#pool.run({ kind: 'encipher', key, cipher, text }));
  }

  /** `undefined`: does not open. */
  async decipher(
    key: WrappedKey,
    cipher: TokenCipher,
    text: Uint8Array,
  ): Promise<Buffer | undefined> {
    return maybe(await this.#pool.run({ kind: 'decipher', key, cipher, text }));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

const CODES: readonly string[] = [
  'unavailable',
  'unsupported',
  'foreignKey',
] satisfies TokenErrorCode[];

function toTokenError({ code = '', message }: Failure): TokenError {
  return new TokenError(isCode(code) ? code : 'failed', message);
}

function isCode(code: string): code is TokenErrorCode {
  return CODES.includes(code);
}

function maybe(result: TokenResult): Buffer | undefined {
  return result === undefined ? undefined : bytesOf(result);
}

function bytesOf(result: TokenResult): Buffer {
  if (!(result instanceof Uint8Array)) throw unexpected();
  return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
}

function unexpected(): Error {
  return new Error('the token answered something else');
}
