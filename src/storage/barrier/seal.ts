// A seal yields the root key, which opens the keyring and nothing else. What a seal has to remember
// (a salt, the cost of a derivation) stands as `SealConfig` in front of the sealed keyring,
// readable before the key is known and authenticated once it is.
import { randomBytes } from 'node:crypto';
import { parseJson, z } from '#kernel';
import { StorageDamaged, StorageError } from '../storage-error.ts';

export const ROOT_KEY_BYTES = 32;

const keyConfig = z.strictObject({ kind: z.literal('key') });
const passphraseConfig = z.strictObject({
  kind: z.literal('passphrase'),
  derivation: z.literal('scrypt'),
  /** log2 of scrypt's N. The bounds keep a forged config from taking all memory. */
  costLog2: z.int().min(10).max(20),
  blockSize: z.int().min(1).max(16),
  parallelization: z.int().min(1).max(4),
  salt: z.base64url().min(22).max(88),
});
const sealConfig = z.discriminatedUnion('kind', [keyConfig, passphraseConfig]);

export type PassphraseConfig = z.infer<typeof passphraseConfig>;
export type SealConfig = z.infer<typeof sealConfig>;

interface NewRootKey {
  readonly rootKey: Uint8Array;
  readonly config: SealConfig;
}

/** Where a root key comes from. Both reject with StorageError `root_key_refused` if it does not. */
export interface Seal {
  /** For a new store, or to rewrap an old one. */
  create(): Promise<NewRootKey>;
  /** For a store that was sealed with `config`. Creates nothing. */
  rootKey(config: SealConfig): Promise<Uint8Array>;
}

/** 32 bytes from the operating system's generator. */
export function newRootKey(): Uint8Array {
  return randomBytes(ROOT_KEY_BYTES);
}

export function rootKeyRefused(message: string, cause?: unknown): StorageError {
  return new StorageError('root_key_refused', message, { cause });
}

/** Throws unless the store was sealed with a key as such (from a file or a variable). */
export function checkKeyConfig(config: SealConfig): void {
  if (config.kind === 'key') return;
  throw rootKeyRefused('This store is sealed with a passphrase, but a key was given.');
}

/** Throws StorageDamaged if `text` is no seal config. */
export function parseSealConfig(text: string): SealConfig {
  try {
    return sealConfig.parse(parseJson(text));
  } catch (cause) {
    throw new StorageDamaged('The seal configuration of this store cannot be read.', { cause });
  }
}
