// Which keys this program works with, and how long what they make is.
import type { KeyObject } from 'node:crypto';

const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 4096;

/** Bytes of the order (and, on these curves, of a coordinate), by OpenSSL's name of the curve. */
const ORDER_BYTES: Readonly<Record<string, number>> = {
  prime256v1: 32,
  secp384r1: 48,
  secp521r1: 66,
  secp256k1: 32,
};

/**
 * RSA: bytes of the modulus, and so of signatures and ciphertexts. EC: bytes of one half of a
 * signature. Throws Error for a key that is neither RSA of 2048–4096 bits nor on a supported curve.
 */
export function keySizeBytes(key: KeyObject): number {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') {
    const bytes = ORDER_BYTES[namedCurve];
    if (bytes !== undefined) return bytes;
  }
  if (key.asymmetricKeyType === 'rsa' && modulusLength % 8 === 0) {
    if (modulusLength >= RSA_BITS_MIN && modulusLength <= RSA_BITS_MAX) return modulusLength / 8;
  }
  throw new Error('not a key that is supported');
}
