// Keys from passwords: PBKDF2 (RFC 8018) by OpenSSL on its own thread, and PKCS#12's older way (RFC
// 7292 appendix B), which OpenSSL keeps to itself, from its hash functions. The file says how many
// iterations it wants, so there is a budget, and the older way lets others in between. One
// derivation runs at a time: many files at once must take neither the thread nor OpenSSL's few.
import { hash as hashOnce, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { Pkcs12Error } from './pkcs12-error.ts';

/** For all that one file asks for: about a second of work. */
const ITERATIONS_MAX = 1_000_000;
const ITERATIONS_AT_ONCE = 2000;
const SALT_BYTES_MAX = 1024;
/** The longest key, IV or MAC key there is. */
const DERIVED_BYTES_MAX = 64;

export type HashName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** Bytes that the hash takes in at a time. */
const BLOCK_BYTES: Readonly<Record<HashName, number>> = {
  sha1: 64,
  sha224: 64,
  sha256: 64,
  sha384: 128,
  sha512: 128,
};

const HASH_BYTES: Readonly<Record<HashName, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

export function hashBytes(hash: HashName): number {
  return HASH_BYTES[hash];
}

/** What a derived key is for: the diversifiers of RFC 7292 §B.3. */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

export class IterationBudget {
  #left = ITERATIONS_MAX;

  /** Pkcs12Error `tooMuch`. */
  spend(iterations: number): void {
    this.#left -= iterations;
    if (iterations < 1) throw new Pkcs12Error('malformed', 'iterations');
    if (this.#left < 0) throw new Pkcs12Error('tooMuch', 'iterations');
  }
}

export interface DerivationInput {
  readonly hash: HashName;
  /** As bytes: UTF-8 for PBKDF2, UTF-16 with its end for the older way. */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly lengthBytes: number;
  readonly budget: IterationBudget;
}

export async function derivePbkdf2(input: DerivationInput): Promise<Buffer> {
  const { password, salt, iterations, lengthBytes, hash } = input;
  assertInput(input);
  input.budget.spend(iterations);
  return await inTurn(() => promisify(pbkdf2)(password, salt, iterations, lengthBytes, hash));
}

export async function derivePkcs12(
  input: DerivationInput,
  purpose: (typeof PURPOSE)[keyof typeof PURPOSE],
): Promise<Buffer> {
  assertInput(input);
  return await inTurn(() => deriveOlder(input, purpose));
}

async function deriveOlder(input: DerivationInput, purpose: number): Promise<Buffer> {
  const { hash, password, salt, iterations, lengthBytes, budget } = input;
  const block = BLOCK_BYTES[hash];
  const diversifier = Buffer.alloc(block, purpose);
  const mixed = Buffer.concat([fillBlocks(salt, block), fillBlocks(password, block)]);
  const derived: Buffer[] = [];
  for (let length = 0; length < lengthBytes; ) {
    budget.spend(iterations);
    const digest = await hashRepeatedly(hash, Buffer.concat([diversifier, mixed]), iterations);
    derived.push(digest);
    length += digest.length;
    const addend = fillBlocks(digest, block).subarray(0, block);
    for (let start = 0; start < mixed.length; start += block) {
      addPlusOne(mixed.subarray(start, start + block), addend);
    }
  }
  return Buffer.concat(derived).subarray(0, lengthBytes);
}

async function hashRepeatedly(hash: HashName, start: Buffer, times: number): Promise<Buffer> {
  let digest = start;
  for (let done = 0; done < times; done += 1) {
    if (done > 0 && done % ITERATIONS_AT_ONCE === 0) await othersFirst();
    digest = hashOnce(hash, digest, 'buffer');
  }
  return digest;
}

let turn: Promise<unknown> = Promise.resolve();

/** After whatever was asked for before, however that ended. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}

function othersFirst(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

/** Repeated until it fills whole blocks; nothing stays nothing. */
function fillBlocks(bytes: Uint8Array, block: number): Buffer {
  const length = Math.ceil(bytes.length / block) * block;
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

/** Big-endian: target + addend + 1, modulo its length. */
function addPlusOne(target: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let i = target.length - 1; i >= 0; i -= 1) {
    carry += (target[i] ?? 0) + (addend[i] ?? 0);
    target[i] = carry & 0xff;
    carry >>= 8;
  }
}

function assertInput({ salt, lengthBytes }: DerivationInput): void {
  if (salt.length > SALT_BYTES_MAX) throw new Pkcs12Error('tooMuch', 'salt');
  if (lengthBytes < 1 || lengthBytes > DERIVED_BYTES_MAX) {
    throw new Pkcs12Error('malformed', 'length');
  }
}
