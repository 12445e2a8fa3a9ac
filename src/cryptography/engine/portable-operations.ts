// Signatures over a digest and RSA decryption without the native addon. Each call blocks its thread
// for up to some milliseconds, so `portable-engine.ts` makes the slow ones in workers. RSA is
// node:crypto's; the elliptic curves are @noble/curves', because node:crypto always hashes what it
// signs.
import {
  constants,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  timingSafeEqual,
} from 'node:crypto';
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { DecryptionScheme, SigningMethod } from './engine.ts';
import { keySizeBytes } from './key-size.ts';
import { encodeDigestInfo, encodePkcs1, encodePss, verifyPss } from './rsa-encoding.ts';

const CURVES: Readonly<Record<string, ECDSA>> = {
  prime256v1: p256,
  secp384r1: p384,
  secp521r1: p521,
  secp256k1,
};

// Key Vault neither lowers nor refuses a high S, and OpenSSL does not either.
const ECDSA_OPTIONS = { prehash: false, lowS: false, format: 'compact' } as const;

export interface VerifyInput {
  readonly key: KeyObject;
  readonly method: SigningMethod;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

export function sign(key: KeyObject, method: SigningMethod, digest: Uint8Array): Buffer {
  assertTogether(key, method);
  if (method.scheme === 'ecdsa') return signEc(key, digest);
  if (method.scheme === 'pss') {
    const encoded = encodePss(method.digest, digest, keySizeBytes(key));
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
  }
  const padding = constants.RSA_PKCS1_PADDING;
  return privateEncrypt({ key, padding }, encodeDigestInfo(method.digest, digest));
}

export function verify(input: VerifyInput): boolean {
  const { key, method, digest, signature } = input;
  assertTogether(key, method);
  const size = keySizeBytes(key);
  if (method.scheme === 'ecdsa') return signature.byteLength === size * 2 && verifyEc(input);
  if (signature.byteLength !== size) return false;
  const encoded = applyPublicKey(key, signature);
  if (encoded === undefined) return false;
  if (method.scheme === 'pss') return verifyPss(method.digest, digest, encoded);
  return timingSafeEqual(encoded, encodePkcs1(encodeDigestInfo(method.digest, digest), size));
}

export function decrypt(
  key: KeyObject,
  scheme: DecryptionScheme,
  ciphertext: Uint8Array,
): Buffer | undefined {
  if (key.asymmetricKeyType !== 'rsa' || key.type !== 'private') throw new Error('not this key');
  if (ciphertext.byteLength !== keySizeBytes(key)) return undefined;
  const oaepHash = scheme === 'RSA-OAEP' ? 'sha1' : 'sha256';
  const padding =
    scheme === 'RSA1_5' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_OAEP_PADDING;
  try {
    // For RSA1_5 node:crypto asks OpenSSL for implicit rejection, and refuses to go on without.
    return privateDecrypt({ key, padding, oaepHash }, ciphertext);
  } catch {
    return undefined;
  }
}

function assertTogether(key: KeyObject, method: SigningMethod): void {
  const isEc = method.scheme === 'ecdsa';
  if (key.asymmetricKeyType !== (isEc ? 'ec' : 'rsa')) throw new Error('this key cannot do that');
}

/** s^e mod n; `undefined` if the signature is not below the modulus. */
function applyPublicKey(key: KeyObject, signature: Uint8Array): Buffer | undefined {
  try {
    return publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return undefined;
  }
}

function curveOf(key: KeyObject): ECDSA {
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (curve === undefined) throw new Error('not a curve that is supported');
  return curve;
}

function signEc(key: KeyObject, digest: Uint8Array): Buffer {
  const secret = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  try {
    // Fresh randomness on top of RFC 6979 makes faults in the computation harder to exploit.
    const options = { ...ECDSA_OPTIONS, extraEntropy: true };
    return Buffer.from(curveOf(key).sign(digest, secret, options));
  } finally {
    secret.fill(0);
  }
}

function verifyEc({ key, digest, signature }: VerifyInput): boolean {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), ...[x, y].map((n) => Buffer.from(n, 'base64url'))]);
  try {
    return curveOf(key).verify(signature, digest, point, ECDSA_OPTIONS);
  } catch {
    // r or s out of range.
    return false;
  }
}
