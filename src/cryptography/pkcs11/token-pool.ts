// The token as the rest of the program sees it: every call runs in one of a few threads, since
// PKCS#11 blocks for as long as the device takes.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Clock } from '#kernel';
import type { DecryptionScheme, DigestName, SigningMethod } from '../engine/engine.ts';
import { type Failure, WorkerPool } from '../engine/worker-pool.ts';
import { TokenConnection } from './token-connection.ts';
import { TokenError, type TokenErrorCode } from './token-error.ts';
import type {
  ClearKey,
  MadeKey,
  SentTask,
  ThreadStart,
  TokenAccess,
  TokenCipher,
  TokenKeySpec,
  TokenResult,
  WrappedKey,
} from './token-task.ts';

const THREADS_MAX = 4;

export interface TokenPoolOptions {
  readonly access: TokenAccess;
  readonly clock: Clock;
}

export class TokenPool {
  readonly #threads: WorkerPool<SentTask, TokenResult>;
  readonly #connection: TokenConnection;

  private constructor({ access, clock }: TokenPoolOptions) {
    const epoch = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const workerData: ThreadStart = { access, epoch };
    this.#threads = new WorkerPool({
      size: Math.min(Math.max(availableParallelism(), 2), THREADS_MAX),
      start: () => new Worker(new URL('./token-thread.ts', import.meta.url), { workerData }),
      failure: toTokenError,
    });
    this.#connection = new TokenConnection({
      clock,
      epoch,
      send: (sent) => this.#threads.run(sent),
    });
  }

  /** Rejects with TokenError `unavailable` or `pinRefused`. */
  static async open(options: TokenPoolOptions): Promise<TokenPool> {
    const pool = new TokenPool(options);
    await pool.#connection.open();
    return pool;
  }

  async generate(spec: TokenKeySpec): Promise<MadeKey> {
    const made = await this.#connection.run({ kind: 'generate', spec });
    if (made === undefined || made instanceof Uint8Array) throw unexpected();
    return made;
  }

  async import(key: ClearKey): Promise<Buffer> {
    return bytesOf(await this.#connection.run({ kind: 'import', key }));
  }

  async sign(key: WrappedKey, method: SigningMethod, digest: Uint8Array): Promise<Buffer> {
    return bytesOf(await this.#connection.run({ kind: 'sign', key, method, digest }));
  }

  async hmac(key: WrappedKey, hash: DigestName, message: Uint8Array): Promise<Buffer> {
    return bytesOf(await this.#connection.run({ kind: 'hmac', key, hash, message }));
  }

  /** `undefined`: does not open. For RSA1_5 see EngineKey. */
  async decrypt(
    key: WrappedKey,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
  ): Promise<Buffer | undefined> {
    return maybe(await this.#connection.run({ kind: 'decrypt', key, scheme, ciphertext }));
  }

  async encipher(key: WrappedKey, cipher: TokenCipher, text: Uint8Array): Promise<Buffer> {
    return bytesOf(await this.#connection.run({ kind: 'encipher', key, cipher, text }));
  }

  /** `undefined`: does not open. */
  async decipher(
    key: WrappedKey,
    cipher: TokenCipher,
    text: Uint8Array,
  ): Promise<Buffer | undefined> {
    return maybe(await this.#connection.run({ kind: 'decipher', key, cipher, text }));
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}

const CODES: readonly string[] = [
  'unavailable',
  'pinRefused',
  'lost',
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
