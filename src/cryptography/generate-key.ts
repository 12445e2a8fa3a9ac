// New keys. RSA takes 50–1000 ms of searching for primes, so every kind is made on libuv's pool.
import { generateKeyPair, generateKey as generateSecret, type KeyObject } from 'node:crypto';
import { KeyError } from './key-error.ts';
import {
  type CurveName,
  fromKeyObject,
  type KeyMaterial,
  type PostQuantumName,
} from './key-material.ts';
import { generatePostQuantum } from './post-quantum.ts';

export type KeySpec =
  /** 2048, 3072 or 4096 bits. `publicExponent`: odd, 3 to 2^32 − 1; by default 65537. */
  | { readonly kty: 'RSA'; readonly sizeBits: number; readonly publicExponent?: number | undefined }
  | { readonly kty: 'EC'; readonly crv: CurveName }
  /** 128, 192 or 256 bits. */
  | { readonly kty: 'oct'; readonly sizeBits: number }
  /** Where the runtime has them. */
  | { readonly kty: 'AKP'; readonly alg: PostQuantumName };

export const CURVE_NAMES = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  'P-256K': 'secp256k1',
} as const;

const RSA_SIZES_BITS: readonly number[] = [2048, 3072, 4096];
const OCT_SIZES_BITS: readonly number[] = [128, 192, 256];
const PUBLIC_EXPONENT = 65_537;

/** KeyError `unsupportedKeySize`, `unsupportedPublicExponent`, `unsupportedKeyType`. */
export async function generateKey(spec: KeySpec): Promise<KeyMaterial> {
  switch (spec.kty) {
    case 'RSA':
      return fromKeyObject(await generateRsa(spec.sizeBits, spec.publicExponent));
    case 'EC':
      return fromKeyObject(await generateEc(spec.crv));
    case 'oct':
      return fromKeyObject(await generateOct(spec.sizeBits));
    case 'AKP':
      return await generatePostQuantum(spec.alg);
  }
}

/** Whether 3 ≤ e < 2^32 and e is odd: what node:crypto and every client can work with. */
export function isPublicExponent(exponent: number | bigint): boolean {
  const e = BigInt(exponent);
  return e >= 3n && e < 1n << 32n && (e & 1n) === 1n;
}

function generateRsa(modulusLength: number, publicExponent = PUBLIC_EXPONENT): Promise<KeyObject> {
  if (!RSA_SIZES_BITS.includes(modulusLength)) throw new KeyError('unsupportedKeySize', 'key_size');
  if (!Number.isInteger(publicExponent) || !isPublicExponent(publicExponent)) {
    throw new KeyError('unsupportedPublicExponent', 'public_exponent');
  }
  const { promise, resolve, reject } = Promise.withResolvers<KeyObject>();
  generateKeyPair('rsa', { modulusLength, publicExponent }, (error, _public, privateKey) =>
    error === null ? resolve(privateKey) : reject(error),
  );
  return promise;
}

function generateEc(crv: CurveName): Promise<KeyObject> {
  const { promise, resolve, reject } = Promise.withResolvers<KeyObject>();
  generateKeyPair('ec', { namedCurve: CURVE_NAMES[crv] }, (error, _public, privateKey) =>
    error === null ? resolve(privateKey) : reject(error),
  );
  return promise;
}

function generateOct(sizeBits: number): Promise<KeyObject> {
  if (!OCT_SIZES_BITS.includes(sizeBits)) throw new KeyError('unsupportedKeySize', 'key_size');
  const { promise, resolve, reject } = Promise.withResolvers<KeyObject>();
  generateSecret('aes', { length: sizeBits }, (error, key) =>
    error === null ? resolve(key) : reject(error),
  );
  return promise;
}
