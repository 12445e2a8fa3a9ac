// A key with its secret part, as the rest of the program may hold it: an object that shows what
// kind of key it is and keeps the rest to itself. Bytes of a secret leave only through the
// functions below, for a seal or for an export that somebody was allowed.
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { EngineKey } from './engine/engine.ts';
import { engine } from './engine/implementation.ts';
import { KeyError } from './key-error.ts';
import { SoftwareSymmetricKey, type SymmetricKey } from './symmetric-key.ts';

/** Key Vault's names. */
export type CurveName = 'P-256' | 'P-384' | 'P-521' | 'P-256K';

/** Types of post-quantum keys, which are also the names of what they do (`post-quantum.ts`). */
export type PostQuantumName =
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'
  | 'ML-KEM-768'
  | 'ML-KEM-1024';

/** Opaque: what can be done with it is in the functions of this folder. */
export type KeyMaterial =
  | { readonly kty: 'RSA'; readonly sizeBits: number }
  | { readonly kty: 'EC'; readonly crv: CurveName; readonly sizeBits: number }
  | { readonly kty: 'oct'; readonly sizeBits: number }
  /** Of the public key. */
  | { readonly kty: 'AKP'; readonly alg: PostQuantumName; readonly sizeBits: number };

/** The public part, as Key Vault shows it; of a symmetric key there is none. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: CurveName; readonly x: string; readonly y: string }
  | { readonly kty: 'oct' }
  | { readonly kty: 'AKP'; readonly alg: PostQuantumName; readonly pub: string };

interface Opened {
  /** The private or secret part; of a key that a provider holds it is not here. */
  readonly secret: KeyObject | undefined;
  publicKey: KeyObject | undefined;
  engineKey: EngineKey | undefined;
  symmetricKey: SymmetricKey | undefined;
}

/** A key that only its provider can use: what it is, and the way to it. */
export type HeldKey =
  /** RSA or EC. */
  | { readonly publicKey: KeyObject; readonly engineKey: EngineKey }
  /** oct. */
  | { readonly sizeBits: number; readonly symmetricKey: SymmetricKey };

const NOTHING = {
  secret: undefined,
  publicKey: undefined,
  engineKey: undefined,
  symmetricKey: undefined,
} as const satisfies Opened;

const CURVES = {
  prime256v1: { crv: 'P-256', sizeBits: 256 },
  secp384r1: { crv: 'P-384', sizeBits: 384 },
  secp521r1: { crv: 'P-521', sizeBits: 521 },
  secp256k1: { crv: 'P-256K', sizeBits: 256 },
} as const;

/** OpenSSL's names, and the length of the public key (FIPS 203 and 204). */
const POST_QUANTUM = {
  'ml-dsa-44': { alg: 'ML-DSA-44', sizeBits: 1312 * 8 },
  'ml-dsa-65': { alg: 'ML-DSA-65', sizeBits: 1952 * 8 },
  'ml-dsa-87': { alg: 'ML-DSA-87', sizeBits: 2592 * 8 },
  'ml-kem-768': { alg: 'ML-KEM-768', sizeBits: 1184 * 8 },
  'ml-kem-1024': { alg: 'ML-KEM-1024', sizeBits: 1568 * 8 },
} as const;

const RSA_SIZES_BITS: readonly number[] = [2048, 3072, 4096];
/** AES's three, and the two that HS384 and HS512 ask for (RFC 7518 §3.2). */
const OCT_SIZES_BITS: readonly number[] = [128, 192, 256, 384, 512];

const FORMAT_PKCS8 = 1;
const FORMAT_OCT = 2;

const opened = new WeakMap<KeyMaterial, Opened>();

/** @internal Wraps a private or secret key. KeyError for a kind or size that Key Vault lacks. */
export function fromKeyObject(key: KeyObject): KeyMaterial {
  if (key.type === 'public') throw new KeyError('unsupportedKeyType', 'public');
  const material = Object.freeze(describe(key));
  opened.set(material, { ...NOTHING, secret: key });
  return material;
}

/** A key whose private part stays with a provider. Everything but exporting it works the same. */
export function fromHeldKey(held: HeldKey): KeyMaterial {
  const description: KeyMaterial =
    'publicKey' in held ? describe(held.publicKey) : { kty: 'oct', sizeBits: held.sizeBits };
  const material = Object.freeze(description);
  opened.set(material, { ...NOTHING, ...held });
  return material;
}

/** @internal For this folder only. Error for a key that a provider holds: it cannot leave there. */
export function keyObject(material: KeyMaterial): KeyObject {
  const { secret } = open(material);
  if (secret === undefined) throw new Error('this key does not leave its provider');
  return secret;
}

/** @internal The key made ready for signing, verifying and decrypting; kept for the next time. */
export function engineKey(material: KeyMaterial): EngineKey {
  const entry = open(material);
  entry.engineKey ??= engine().openKey(keyObject(material));
  return entry.engineKey;
}

/** @internal A symmetric key made ready for use; kept for the next time. */
export function symmetricKey(material: KeyMaterial): SymmetricKey {
  const entry = open(material);
  entry.symmetricKey ??= new SoftwareSymmetricKey(keyObject(material));
  return entry.symmetricKey;
}

/** @internal The public part of an RSA or EC key; kept for the next time. */
export function publicKeyObject(material: KeyMaterial): KeyObject {
  const entry = open(material);
  entry.publicKey ??= createPublicKey(keyObject(material));
  return entry.publicKey;
}

/**
 * One byte of format and the key: PKCS#8 or the raw octets. Secret; the caller seals and wipes it.
 */
export function serializeKey(material: KeyMaterial): Buffer {
  const key = keyObject(material);
  const format = material.kty === 'oct' ? FORMAT_OCT : FORMAT_PKCS8;
  const body = material.kty === 'oct' ? key.export() : key.export({ format: 'der', type: 'pkcs8' });
  const bytes = Buffer.concat([Buffer.of(format), body]);
  body.fill(0);
  return bytes;
}

/** The inverse. For bytes that our own seal has authenticated; Error for anything else. */
export function deserializeKey(bytes: Uint8Array): KeyMaterial {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + 1, Math.max(bytes.byteLength - 1, 0));
  if (bytes[0] === FORMAT_OCT) return fromKeyObject(createSecretKey(body));
  if (bytes[0] !== FORMAT_PKCS8) throw new Error('not a serialized key');
  return openPkcs8(body);
}

/** DER PKCS#8 that we made and sealed ourselves: nothing of the key is checked. */
export function openPkcs8(der: Buffer): KeyMaterial {
  return fromKeyObject(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** The public part, without `kid` and `key_ops`: those are the caller's. */
export function publicJwk(material: KeyMaterial): PublicJwk {
  if (material.kty === 'oct') return { kty: 'oct' };
  if (material.kty === 'AKP') return postQuantumJwk(material.alg, publicKeyObject(material));
  const { n = '', e = '', x = '', y = '' } = publicKeyObject(material).export({ format: 'jwk' });
  if (material.kty === 'RSA') return { kty: 'RSA', n, e };
  return { kty: 'EC', crv: material.crv, x, y };
}

function postQuantumJwk(alg: PostQuantumName, key: KeyObject): PublicJwk {
  const members = new Map<string, unknown>(Object.entries(key.export({ format: 'jwk' })));
  return { kty: 'AKP', alg, pub: String(members.get('pub')) };
}

/**
 * DER SubjectPublicKeyInfo, for certificates. KeyError `unsupportedKeyType` for a symmetric key.
 */
export function exportSpki(material: KeyMaterial): Buffer {
  if (material.kty === 'oct') throw new KeyError('unsupportedKeyType', 'oct');
  return publicKeyObject(material).export({ format: 'der', type: 'spki' });
}

/** DER PKCS#8, unencrypted, for an exportable certificate's secret. The caller wipes it. */
export function exportPkcs8(material: KeyMaterial): Buffer {
  if (material.kty === 'oct') throw new KeyError('unsupportedKeyType', 'oct');
  return keyObject(material).export({ format: 'der', type: 'pkcs8' });
}

function open(material: KeyMaterial): Opened {
  const entry = opened.get(material);
  if (entry === undefined) throw new Error('not a key of this program');
  return entry;
}

function describe(key: KeyObject): KeyMaterial {
  if (key.type === 'secret') {
    const sizeBits = (key.symmetricKeySize ?? 0) * 8;
    if (!OCT_SIZES_BITS.includes(sizeBits)) throw new KeyError('unsupportedKeySize', 'k');
    return { kty: 'oct', sizeBits };
  }
  const { modulusLength: sizeBits = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (!RSA_SIZES_BITS.includes(sizeBits)) throw new KeyError('unsupportedKeySize', 'n');
    return { kty: 'RSA', sizeBits };
  }
  const postQuantum = Object.entries(POST_QUANTUM).find(([name]) => name === key.asymmetricKeyType);
  if (postQuantum !== undefined) return { kty: 'AKP', ...postQuantum[1] };
  if (key.asymmetricKeyType !== 'ec') {
    throw new KeyError('unsupportedKeyType', key.asymmetricKeyType ?? '');
  }
  const curve = Object.entries(CURVES).find(([name]) => name === namedCurve)?.[1];
  if (curve === undefined) throw new KeyError('unsupportedCurve', namedCurve);
  return { kty: 'EC', ...curve };
}
