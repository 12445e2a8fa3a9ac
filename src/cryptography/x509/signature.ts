// Signatures of certificates, requests and what else is signed in DER. Private keys sign through
// the engines, off the main thread; the algorithm follows from the key (SHA-256, or the hash that
// belongs to the curve). Verification takes what others use, but neither MD5 nor SHA-1.
import {
  createHash,
  createPublicKey,
  type KeyObject,
  verify as verifySignature,
} from 'node:crypto';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { keySizeBytes } from '../engine/key-size.ts';
import type { CurveName, KeyMaterial } from '../key-material.ts';
import { sign } from '../sign.ts';
import { type Asn1, exactBuffer } from './asn1.ts';
import { X509Error } from './x509-error.ts';

interface SignatureKind {
  readonly algorithm: string;
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly oid: string;
}

const RSA_SHA256: SignatureKind = {
  algorithm: 'RS256',
  hash: 'sha256',
  oid: '1.2.840.113549.1.1.11',
};
const ECDSA: Readonly<Record<CurveName, SignatureKind>> = {
  'P-256': { algorithm: 'ES256', hash: 'sha256', oid: '1.2.840.10045.4.3.2' },
  'P-256K': { algorithm: 'ES256K', hash: 'sha256', oid: '1.2.840.10045.4.3.2' },
  'P-384': { algorithm: 'ES384', hash: 'sha384', oid: '1.2.840.10045.4.3.3' },
  'P-521': { algorithm: 'ES512', hash: 'sha512', oid: '1.2.840.10045.4.3.4' },
};

/** Accepted from others: PKCS#1 v1.5 and ECDSA with SHA-2. */
const HASHES: Readonly<Record<string, { readonly kty: 'rsa' | 'ec'; readonly hash: string }>> = {
  '1.2.840.113549.1.1.11': { kty: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { kty: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { kty: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { kty: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { kty: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { kty: 'ec', hash: 'sha512' },
};

/** The identifier that stands beside a signature of this key. */
export function signatureIdentifier({ x509 }: Asn1, key: KeyMaterial): AlgorithmIdentifier {
  const { oid } = kindOf(key);
  // RSA has parameters, and they are NULL (RFC 4055 §5); ECDSA has none (RFC 5758 §3.2).
  return new x509.AlgorithmIdentifier({
    algorithm: oid,
    ...(key.kty === 'RSA' && { parameters: null }),
  });
}

/** The signature as X.509 carries it: ECDSA as a SEQUENCE of r and s. */
export async function signDer(asn1: Asn1, key: KeyMaterial, der: Uint8Array): Promise<ArrayBuffer> {
  const { algorithm, hash } = kindOf(key);
  const digest = createHash(hash).update(der).digest();
  const signature = await sign({ key, algorithm, digest });
  return key.kty === 'EC' ? derSignature(asn1, signature) : exactBuffer(signature);
}

export interface SignedDer {
  readonly der: Uint8Array;
  readonly algorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** On libuv's pool. X509Error `signature` for an algorithm that is not accepted. */
export function verifyDer(publicKey: KeyObject, signed: SignedDer): Promise<boolean> {
  const kind = Object.hasOwn(HASHES, signed.algorithm.algorithm)
    ? HASHES[signed.algorithm.algorithm]
    : undefined;
  if (kind === undefined || kind.kty !== publicKey.asymmetricKeyType) {
    throw new X509Error('signature', 'algorithm');
  }
  const { promise, resolve } = Promise.withResolvers<boolean>();
  verifySignature(kind.hash, signed.der, publicKey, signed.signature, (error, fits) =>
    resolve(error === null && fits),
  );
  return promise;
}

/** X509Error `publicKey` for a kind or size of key that Key Vault does not have. */
export function openPublicKey(spki: Uint8Array): {
  readonly publicKey: KeyObject;
  readonly kty: 'RSA' | 'EC';
} {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    // Throws for any other kind and size.
    keySizeBytes(publicKey);
    return { publicKey, kty: publicKey.asymmetricKeyType === 'rsa' ? 'RSA' : 'EC' };
  } catch (cause) {
    throw new X509Error('publicKey', 'subjectPublicKeyInfo', { cause });
  }
}

function kindOf(key: KeyMaterial): SignatureKind {
  if (key.kty === 'oct' || key.kty === 'AKP') throw new X509Error('publicKey', key.kty);
  return key.kty === 'RSA' ? RSA_SHA256 : ECDSA[key.crv];
}

/** From r ‖ s. */
function derSignature({ asn1js: { Integer, Sequence } }: Asn1, signature: Buffer): ArrayBuffer {
  const half = signature.length / 2;
  const integers = [signature.subarray(0, half), signature.subarray(half)].map((bytes) =>
    Integer.fromBigInt(BigInt(`0x${bytes.toString('hex')}`)),
  );
  return new Sequence({ value: integers }).toBER();
}
