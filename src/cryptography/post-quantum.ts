// Keys that a quantum computer does not break, over OpenSSL's own ML-DSA (FIPS 204) and ML-KEM
// (FIPS 203), where the runtime has them. Key Vault has none of this: it is an extension, and the
// names are those of the JOSE drafts (`kty` AKP).
//
// ML-DSA signs a message and not a digest: what is to be signed comes whole. ML-KEM wraps a key so:
//
//   KEM ciphertext ‖ RFC 5649 wrap of the key under the shared secret (FIPS 203: 32 uniform bytes)
import {
  createSecretKey,
  decapsulate,
  encapsulate,
  generateKeyPair,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { seal, unseal } from './aes-modes.ts';
import { KeyError } from './key-error.ts';
import {
  fromKeyObject,
  type KeyMaterial,
  keyObject,
  type PostQuantumName,
  publicKeyObject,
} from './key-material.ts';
import { SoftwareSymmetricKey } from './symmetric-key.ts';

const TYPES = {
  'ML-DSA-44': 'ml-dsa-44',
  'ML-DSA-65': 'ml-dsa-65',
  'ML-DSA-87': 'ml-dsa-87',
  'ML-KEM-768': 'ml-kem-768',
  'ML-KEM-1024': 'ml-kem-1024',
} as const satisfies Record<PostQuantumName, string>;

export const POST_QUANTUM_NAMES: readonly string[] = Object.keys(TYPES);

/** FIPS 203, table 3. */
const ENCAPSULATED_BYTES = { 'ML-KEM-768': 1088, 'ML-KEM-1024': 1568 } as const;

export type KemName = keyof typeof ENCAPSULATED_BYTES;

/** Of a message to be signed: there is no digest that would make it short. */
export const MESSAGE_BYTES_MAX = 65_536;
const WRAPPED_BYTES_MAX = 65_536;
const WRAP = { mode: 'kwp', iv: undefined, aad: undefined } as const;

export function isPostQuantumName(text: string | null | undefined): text is PostQuantumName {
  return text != null && POST_QUANTUM_NAMES.includes(text);
}

/** KeyError `unsupportedKeyType` where the runtime's OpenSSL has no such keys. */
export async function generatePostQuantum(alg: PostQuantumName): Promise<KeyMaterial> {
  const { promise, resolve, reject } = Promise.withResolvers<KeyObject>();
  try {
    generate(TYPES[alg], (error, key) => (error === null ? resolve(key) : reject(error)));
  } catch {
    throw new KeyError('unsupportedKeyType', 'kty');
  }
  return fromKeyObject(await promise);
}

type Done = (error: Error | null, privateKey: KeyObject) => void;

/** One call for each kind, because the library's types know each by itself. */
function generate(type: (typeof TYPES)[PostQuantumName], done: Done): void {
  if (type === 'ml-kem-768' || type === 'ml-kem-1024') {
    generateKeyPair(type, {}, (error, _public, key) => done(error, key));
  } else {
    generateKeyPair(type, {}, (error, _public, key) => done(error, key));
  }
}

/** On libuv's pool. KeyError `digestLength` for a message beyond 64 KiB. */
export function signPostQuantum(key: KeyMaterial, message: Uint8Array): Promise<Buffer> {
  assertMessage(message);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  sign(null, message, keyObject(key), (error, signature) =>
    error === null ? resolve(signature) : reject(error),
  );
  return promise;
}

export function verifyPostQuantum(
  key: KeyMaterial,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  assertMessage(message);
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  verify(null, message, publicKeyObject(key), signature, (error, holds) =>
    error === null ? resolve(holds) : reject(error),
  );
  return promise;
}

export async function wrapPostQuantum(key: KeyMaterial, plaintext: Uint8Array): Promise<Buffer> {
  const { sharedKey, ciphertext } = encapsulate(publicKeyObject(key));
  const sealed = await seal({ ...WRAP, key: wrappingKey(sharedKey), plaintext });
  return Buffer.concat([ciphertext, sealed.ciphertext]);
}

/**
 * KeyError `undecryptable` for whatever does not open: a changed KEM ciphertext gives another
 * secret (implicit rejection), under which nothing opens.
 */
export async function unwrapPostQuantum(
  key: KeyMaterial,
  alg: KemName,
  wrapped: Uint8Array,
): Promise<Buffer> {
  const at = ENCAPSULATED_BYTES[alg];
  if (wrapped.byteLength <= at || wrapped.byteLength > at + WRAPPED_BYTES_MAX) {
    throw new KeyError('undecryptable', 'value');
  }
  const sharedKey = decapsulate(keyObject(key), wrapped.subarray(0, at));
  const ciphertext = wrapped.subarray(at);
  return await unseal({ ...WRAP, key: wrappingKey(sharedKey), ciphertext, tag: undefined });
}

function wrappingKey(sharedKey: Buffer): SoftwareSymmetricKey {
  const key = new SoftwareSymmetricKey(createSecretKey(sharedKey));
  sharedKey.fill(0);
  return key;
}

function assertMessage(message: Uint8Array): void {
  if (message.byteLength === 0 || message.byteLength > MESSAGE_BYTES_MAX) {
    throw new KeyError('digestLength', 'value');
  }
}
