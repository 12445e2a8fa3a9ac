// The provider of keys that a PKCS#11 token makes and uses. What it saves is the blob that the
// token wrapped and the public part beside it; so checking signatures and encrypting to a public
// key need no token.
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { DecryptionScheme, DigestName, EngineKey, SigningMethod } from '../engine/engine.ts';
import { engine } from '../engine/implementation.ts';
import type { KeySpec } from '../generate-key.ts';
import { importJwk, type PrivateJwk } from '../import-key.ts';
import { KeyError } from '../key-error.ts';
import { fromHeldKey, type KeyMaterial, keyObject } from '../key-material.ts';
import type { KeyProvider } from '../key-provider.ts';
import type { AesCipher, SymmetricKey } from '../symmetric-key.ts';
import { TokenError } from './token-error.ts';
import { TokenPool, type TokenPoolOptions } from './token-pool.ts';
import type { ClearKey, WrappedKey } from './token-task.ts';

const PUBLIC_EXPONENT = 65_537;

/** The public part, or the size of a key that has none. */
type Described =
  | { readonly kty: 'RSA' | 'EC'; readonly spki: Uint8Array }
  | { readonly kty: 'oct'; readonly sizeBits: number };

/** Rejects with TokenError `unavailable` or `pinRefused`, in words for the operator. */
export async function openTokenProvider(options: TokenPoolOptions): Promise<TokenProvider> {
  return new TokenProvider(await TokenPool.open(options));
}

export class TokenProvider implements KeyProvider {
  readonly name = 'pkcs11';
  /** Some HSM: which level it is certified for, PKCS#11 does not tell. */
  readonly hsmPlatform = '1';
  readonly #pool: TokenPool;
  readonly #saved = new WeakMap<KeyMaterial, Buffer>();

  constructor(pool: TokenPool) {
    this.#pool = pool;
  }

  async make(spec: KeySpec): Promise<KeyMaterial> {
    if (spec.kty === 'AKP') throw new KeyError('unsupportedKeyType', 'kty');
    if (spec.kty === 'oct') {
      const { blob } = await supported(this.#pool.generate(spec), 'key_size');
      return this.#hold({ kty: 'oct', sizeBits: spec.sizeBits }, blob);
    }
    const publicExponent = spec.kty === 'RSA' ? (spec.publicExponent ?? PUBLIC_EXPONENT) : 0;
    const wanted = spec.kty === 'RSA' ? { ...spec, publicExponent } : spec;
    const { blob, publicMembers } = await supported(this.#pool.generate(wanted), 'kty');
    const jwk = { kty: spec.kty, ...publicMembers, ...(spec.kty === 'EC' && curve(spec.crv)) };
    const spki = createPublicKey({ key: jwk, format: 'jwk' });
    return this.#hold({ kty: spec.kty, spki: der(spki) }, blob);
  }

  /** The key has been outside the token: it is checked here, brought in, and forgotten here. */
  async import(jwk: PrivateJwk): Promise<KeyMaterial> {
    const outside = await importJwk(jwk);
    if (outside.kty === 'AKP') throw new KeyError('unsupportedKeyType', 'kty');
    const key = keyObject(outside);
    const clear: ClearKey =
      outside.kty === 'oct'
        ? { kty: 'oct', bytes: key.export() }
        : { kty: outside.kty, members: stringMembers(key.export({ format: 'jwk' })) };
    const blob = await supported(this.#pool.import(clear), 'key');
    const described: Described =
      outside.kty === 'oct'
        ? { kty: 'oct', sizeBits: outside.sizeBits }
        : { kty: outside.kty, spki: der(createPublicKey(key)) };
    return this.#hold(described, blob);
  }

  save(material: KeyMaterial): Buffer {
    const saved = this.#saved.get(material);
    if (saved === undefined) throw new Error('not a key of this token');
    return Buffer.from(saved);
  }

  async open(saved: Uint8Array): Promise<KeyMaterial> {
    const { described, blob } = decode(Buffer.from(saved));
    return this.#hold(described, blob);
  }

  /** The record was all there was of it. */
  async destroy(): Promise<void> {}

  close(): Promise<void> {
    return this.#pool.close();
  }

  #hold(described: Described, blob: Uint8Array): KeyMaterial {
    const key = { kty: described.kty, blob };
    const material = fromHeldKey(
      described.kty === 'oct'
        ? {
            sizeBits: described.sizeBits,
            symmetricKey: new TokenSymmetricKey(this.#pool, key),
          }
        : heldPair(this.#pool, key, described.spki),
    );
    this.#saved.set(material, encode(described, blob));
    return material;
  }
}

function heldPair(pool: TokenPool, key: WrappedKey, spki: Uint8Array) {
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return { publicKey, engineKey: new TokenEngineKey(pool, key, publicKey) };
}

class TokenEngineKey implements EngineKey {
  readonly #pool: TokenPool;
  readonly #key: WrappedKey;
  readonly #publicKey: KeyObject;
  #verifier: EngineKey | undefined;

  constructor(pool: TokenPool, key: WrappedKey, publicKey: KeyObject) {
    this.#pool = pool;
    this.#key = key;
    this.#publicKey = publicKey;
  }

  sign(method: SigningMethod, digest: Uint8Array): Promise<Buffer> {
    return supported(this.#pool.sign(this.#key, method, digest), 'alg');
  }

  verify(method: SigningMethod, digest: Uint8Array, signature: Uint8Array): Promise<boolean> {
    this.#verifier ??= engine().openKey(this.#publicKey);
    return this.#verifier.verify(method, digest, signature);
  }

  decrypt(scheme: DecryptionScheme, ciphertext: Uint8Array): Promise<Buffer | undefined> {
    return supported(this.#pool.decrypt(this.#key, scheme, ciphertext), 'alg');
  }
}

class TokenSymmetricKey implements SymmetricKey {
  readonly #pool: TokenPool;
  readonly #key: WrappedKey;

  constructor(pool: TokenPool, key: WrappedKey) {
    this.#pool = pool;
    this.#key = key;
  }

  encipher(cipher: AesCipher, plaintext: Uint8Array): Promise<Buffer> {
    return supported(this.#pool.encipher(this.#key, cipher, plaintext), 'alg');
  }

  decipher(cipher: AesCipher, ciphertext: Uint8Array): Promise<Buffer | undefined> {
    return supported(this.#pool.decipher(this.#key, cipher, ciphertext), 'alg');
  }

  hmac(hash: DigestName, message: Uint8Array): Promise<Buffer> {
    return supported(this.#pool.hmac(this.#key, hash, message), 'alg');
  }
}

/** What a token cannot do is the caller's to hear; that a token failed is not. */
async function supported<T>(work: Promise<T>, subject: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof TokenError) || cause.code !== 'unsupported') throw cause;
    throw new KeyError('algorithmNotForKey', subject);
  }
}

// What is saved: a byte of format, a byte of type, the length of what describes the key (2 bytes),
// that (SubjectPublicKeyInfo, or the size in bits as 2 bytes), and the blob.
const FORMAT = 3;
const TYPES = ['RSA', 'EC', 'oct'] as const;
const HEADER_BYTES = 4;

function encode(described: Described, blob: Uint8Array): Buffer {
  const size = Buffer.alloc(2);
  if (described.kty === 'oct') size.writeUInt16BE(described.sizeBits);
  const description = described.kty === 'oct' ? size : described.spki;
  const header = Buffer.of(FORMAT, TYPES.indexOf(described.kty), 0, 0);
  header.writeUInt16BE(description.byteLength, 2);
  return Buffer.concat([header, description, blob]);
}

function decode(saved: Buffer): { readonly described: Described; readonly blob: Buffer } {
  const kty = TYPES[saved[1] ?? TYPES.length];
  if (saved[0] !== FORMAT || kty === undefined) throw new Error('not a key of a token');
  const end = HEADER_BYTES + saved.readUInt16BE(2);
  const description = saved.subarray(HEADER_BYTES, end);
  const described: Described =
    kty === 'oct' ? { kty, sizeBits: description.readUInt16BE(0) } : { kty, spki: description };
  return { described, blob: saved.subarray(end) };
}

function curve(crv: string): { readonly crv: string } {
  return { crv: crv === 'P-256K' ? 'secp256k1' : crv };
}

function der(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

function stringMembers(jwk: object): Readonly<Record<string, string>> {
  const members: Record<string, string> = {};
  for (const [name, value] of Object.entries(jwk)) {
    if (typeof value === 'string') members[name] = value;
  }
  return members;
}
