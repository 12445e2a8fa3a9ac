// encrypt, decrypt, wrapKey and unwrapKey of Key Vault. Wrapping is encryption under algorithms of
// its own; for RSA they are the same. Whatever keeps a ciphertext from opening is one and the same
// error.
import { constants, publicEncrypt } from 'node:crypto';
import { assertAbsent, type Sealed, seal, unseal } from './aes-modes.ts';
import {
  ENCRYPTION_ALGORITHMS,
  encryptionAlgorithm,
  SECURE_WRAP_ALGORITHMS,
  WRAP_ALGORITHMS,
} from './algorithms.ts';
import type { DecryptionScheme } from './engine/engine.ts';
import { KeyError } from './key-error.ts';
import { engineKey, type KeyMaterial, publicKeyObject, symmetricKey } from './key-material.ts';
import { unwrapPostQuantum, wrapPostQuantum } from './post-quantum.ts';

interface KeyAndAlgorithm {
  readonly key: KeyMaterial;
  /** For example `RSA-OAEP-256`. */
  readonly algorithm: string;
}

export interface EncryptInput extends KeyAndAlgorithm {
  readonly plaintext: Uint8Array;
  /** CBC: 16 bytes, made here if absent. Refused for GCM, where it must never repeat. */
  readonly iv?: Uint8Array | undefined;
  /** GCM only. */
  readonly aad?: Uint8Array | undefined;
}

export interface DecryptInput extends KeyAndAlgorithm {
  readonly ciphertext: Uint8Array;
  /** GCM: 12 bytes, CBC: 16. */
  readonly iv?: Uint8Array | undefined;
  /** GCM: 16 bytes. */
  readonly tag?: Uint8Array | undefined;
  readonly aad?: Uint8Array | undefined;
}

export type WrapInput = Pick<EncryptInput, 'key' | 'algorithm' | 'plaintext'>;
export type UnwrapInput = Pick<DecryptInput, 'key' | 'algorithm' | 'ciphertext'>;

const OVERHEAD_BYTES: Readonly<Record<DecryptionScheme, number>> = {
  RSA1_5: 11,
  'RSA-OAEP': 2 * 20 + 2,
  'RSA-OAEP-256': 2 * 32 + 2,
};

/**
 * Rejects with KeyError `unknownAlgorithm`, `algorithmNotForKey`, `plaintextLength`,
 * `parameterLength` or `parameterNotAllowed`.
 */
export async function encrypt(input: EncryptInput): Promise<Sealed> {
  return await encryptWith(ENCRYPTION_ALGORITHMS, input);
}

/**
 * Rejects as `encrypt` does, and with `parameterMissing` or `undecryptable`. RSA1_5 is never
 * `undecryptable` for its padding: see EngineKey.
 */
export async function decrypt(input: DecryptInput): Promise<Buffer> {
  return await decryptWith(ENCRYPTION_ALGORITHMS, input);
}

/** As `encrypt`, with the algorithms for wrapping. */
export async function wrapKey({ key, algorithm, plaintext }: WrapInput): Promise<Buffer> {
  const { ciphertext } = await encryptWith(WRAP_ALGORITHMS, { key, algorithm, plaintext });
  return ciphertext;
}

/** As `decrypt`, with the algorithms for wrapping. */
export async function unwrapKey({ key, algorithm, ciphertext }: UnwrapInput): Promise<Buffer> {
  return await decryptWith(WRAP_ALGORITHMS, { key, algorithm, ciphertext });
}

/** As `wrapKey`, with the algorithms for keys of trusted environments. */
export async function secureWrapKey({ key, algorithm, plaintext }: WrapInput): Promise<Buffer> {
  const input = { key, algorithm, plaintext };
  return (await encryptWith(SECURE_WRAP_ALGORITHMS, input)).ciphertext;
}

export async function secureUnwrapKey(input: UnwrapInput): Promise<Buffer> {
  const { key, algorithm, ciphertext } = input;
  return await decryptWith(SECURE_WRAP_ALGORITHMS, { key, algorithm, ciphertext });
}

type Table = typeof ENCRYPTION_ALGORITHMS | typeof WRAP_ALGORITHMS | typeof SECURE_WRAP_ALGORITHMS;

async function encryptWith(table: Table, input: EncryptInput): Promise<Sealed> {
  const { key, plaintext, iv, aad } = input;
  const algorithm = encryptionAlgorithm(table, input.algorithm, key);
  if (algorithm.kty === 'oct') {
    return seal({ mode: algorithm.mode, key: symmetricKey(key), plaintext, iv, aad });
  }
  assertAbsent('iv', iv);
  assertAbsent('aad', aad);
  if (algorithm.kty === 'AKP') return { ciphertext: await wrapPostQuantum(key, plaintext) };
  return { ciphertext: encryptRsa(key, algorithm.scheme, plaintext) };
}

async function decryptWith(table: Table, input: DecryptInput): Promise<Buffer> {
  const { key, ciphertext, iv, tag, aad } = input;
  const algorithm = encryptionAlgorithm(table, input.algorithm, key);
  if (algorithm.kty === 'oct') {
    return unseal({ mode: algorithm.mode, key: symmetricKey(key), ciphertext, iv, tag, aad });
  }
  assertAbsent('iv', iv);
  assertAbsent('tag', tag);
  assertAbsent('aad', aad);
  if (algorithm.kty === 'AKP') return await unwrapPostQuantum(key, algorithm.kem, ciphertext);
  const rightLength = ciphertext.byteLength === key.sizeBits / 8;
  const plaintext = rightLength
    ? await engineKey(key).decrypt(algorithm.scheme, ciphertext)
    : undefined;
  if (plaintext === undefined) throw new KeyError('undecryptable', 'value');
  return plaintext;
}

/** At once: with the public exponent this takes 25–100 µs. */
function encryptRsa(key: KeyMaterial, scheme: DecryptionScheme, plaintext: Uint8Array): Buffer {
  if (plaintext.byteLength > key.sizeBits / 8 - OVERHEAD_BYTES[scheme]) {
    throw new KeyError('plaintextLength', 'value');
  }
  const isOaep = scheme !== 'RSA1_5';
  return publicEncrypt(
    {
      key: publicKeyObject(key),
      padding: isOaep ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING,
      ...(isOaep && { oaepHash: scheme === 'RSA-OAEP' ? 'sha1' : 'sha256' }),
    },
    plaintext,
  );
}
