// Signatures over a digest that the caller computed, as Key Vault's sign and verify take it.
import { timingSafeEqual } from 'node:crypto';
import { signatureAlgorithm } from './algorithms.ts';
import { DIGEST_BYTES, type SigningMethod } from './engine/engine.ts';
import { KeyError } from './key-error.ts';
import { engineKey, type KeyMaterial, symmetricKey } from './key-material.ts';
import { signPostQuantum, verifyPostQuantum } from './post-quantum.ts';

export interface SignInput {
  readonly key: KeyMaterial;
  /** For example `RS256`. */
  readonly algorithm: string;
  /**
   * As long as the algorithm's hash; for RSNULL 1 to modulus − 11 bytes; for HS* and ML-DSA the
   * message.
   */
  readonly digest: Uint8Array;
}

export interface VerifyInput extends SignInput {
  readonly signature: Uint8Array;
}

const PKCS1_OVERHEAD_BYTES = 11;

/**
 * RSA: as long as the modulus. EC: r ‖ s. oct: the whole HMAC. Rejects with KeyError
 * `unknownAlgorithm`, `algorithmNotForKey` or `digestLength`.
 */
export async function sign({ key, algorithm, digest }: SignInput): Promise<Buffer> {
  const found = signatureAlgorithm(algorithm, key);
  if (found.kty === 'oct') return await symmetricKey(key).hmac(found.hmac, digest);
  if (found.kty === 'AKP') return await signPostQuantum(key, digest);
  assertDigest(key, found.method, digest);
  return await engineKey(key).sign(found.method, digest);
}

/** False for any signature that is not this key's over this digest. Rejects as `sign` does. */
export async function verify(input: VerifyInput): Promise<boolean> {
  const { key, algorithm, digest, signature } = input;
  const found = signatureAlgorithm(algorithm, key);
  if (found.kty === 'oct') {
    const expected = await sign(input);
    return expected.length === signature.byteLength && timingSafeEqual(expected, signature);
  }
  if (found.kty === 'AKP') return await verifyPostQuantum(key, digest, signature);
  assertDigest(key, found.method, digest);
  // No signature is that long, and the engines need not see it.
  if (signature.byteLength > key.sizeBits / 2) return false;
  return await engineKey(key).verify(found.method, digest, signature);
}

function assertDigest(key: KeyMaterial, method: SigningMethod, digest: Uint8Array): void {
  const length = digest.byteLength;
  const fits =
    method.digest === undefined
      ? length > 0 && length <= key.sizeBits / 8 - PKCS1_OVERHEAD_BYTES
      : length === DIGEST_BYTES[method.digest];
  if (!fits) throw new KeyError('digestLength', 'value');
}
