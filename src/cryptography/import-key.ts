// Keys from outside. Nothing is believed: every field is read strictly, and the private part must
// belong to the public one, so that what was imported can be used and nothing else was smuggled in.
import {
  checkPrime,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';
import { decodeBase64Url } from '#kernel';
import { type CURVE_NAMES, isPublicExponent } from './generate-key.ts';
import { KeyError } from './key-error.ts';
import { fromKeyObject, type KeyMaterial, keyObject } from './key-material.ts';

/** A private or symmetric JSON Web Key as a caller sent it; other members are not looked at. */
export interface PrivateJwk {
  /** `RSA`, `EC`, `oct`, or the same with `-HSM`. */
  readonly kty?: string | undefined;
  readonly crv?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly d?: string | undefined;
  readonly p?: string | undefined;
  readonly q?: string | undefined;
  readonly dp?: string | undefined;
  readonly dq?: string | undefined;
  readonly qi?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly k?: string | undefined;
  /** More than two primes: refused. */
  readonly oth?: unknown;
}

type Field = Exclude<keyof PrivateJwk, 'kty' | 'crv' | 'oth'>;

const RSA_BITS_MAX = 4096;
/** 512 bytes take 683. */
const FIELD_CHARS_MAX = 1024;
const RSA_FIELDS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;
const PKCS8_BYTES_MAX = 8192;
/** OpenSSL's own name and length of a coordinate. */
const CURVES = {
  'P-256': { jwk: 'P-256', bytes: 32 },
  'P-384': { jwk: 'P-384', bytes: 48 },
  'P-521': { jwk: 'P-521', bytes: 66 },
  'P-256K': { jwk: 'secp256k1', bytes: 32 },
} as const satisfies Record<keyof typeof CURVE_NAMES, unknown>;

/**
 * Throws KeyError `unsupportedKeyType`, `unsupportedCurve`, `unsupportedKeySize`, `missingField`,
 * `malformedField`, `unsupportedPublicExponent`, `pointNotOnCurve` or `keyPairMismatch`.
 */
export async function importJwk(jwk: PrivateJwk): Promise<KeyMaterial> {
  switch (jwk.kty?.replace(/-HSM$/, '')) {
    case 'RSA':
      return await importRsa(jwk);
    case 'EC':
      return importEc(jwk);
    case 'oct':
      return fromKeyObject(createSecretKey(octets(jwk, 'k')));
    default:
      throw new KeyError('unsupportedKeyType', 'kty');
  }
}

/**
 * DER PKCS#8, unencrypted (from a PFX or PEM file). KeyError `malformedField` if it is not that,
 * otherwise as `importJwk`, through which it goes.
 */
export async function importPkcs8(der: Uint8Array): Promise<KeyMaterial> {
  if (der.byteLength > PKCS8_BYTES_MAX) throw new KeyError('malformedField', 'pkcs8');
  const jwk = attempt(() => {
    const key = Buffer.from(der);
    const material = fromKeyObject(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
    const crv = material.kty === 'EC' ? { crv: material.crv } : {};
    return { ...keyObject(material).export({ format: 'jwk' }), ...crv };
  }, new KeyError('malformedField', 'pkcs8'));
  return await importJwk(jwk);
}

async function importRsa(jwk: PrivateJwk): Promise<KeyMaterial> {
  if (jwk.oth !== undefined) throw new KeyError('unsupportedKeyType', 'oth');
  const n = integer(jwk, 'n');
  const bits = n.toString(2).length;
  if (bits > RSA_BITS_MAX || bits % 1024 !== 0 || bits < 2048) {
    throw new KeyError('unsupportedKeySize', 'n');
  }
  const e = integer(jwk, 'e');
  if (!isPublicExponent(e)) throw new KeyError('unsupportedPublicExponent', 'e');
  const [d, p, q] = [integer(jwk, 'd'), integer(jwk, 'p'), integer(jwk, 'q')];
  const crt = { dp: integer(jwk, 'dp'), dq: integer(jwk, 'dq'), qi: integer(jwk, 'qi') };

  // RFC 8017 §3.2. The order matters: nothing is divided by p − 1 before p is known to exceed 1.
  assertPair(p > 1n && q > 1n && p !== q && p * q === n, 'p');
  assertPair(d > 1n && d < n && (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n, 'd');
  assertPair(crt.dp === d % (p - 1n), 'dp');
  assertPair(crt.dq === d % (q - 1n), 'dq');
  assertPair(crt.qi < p && (crt.qi * q) % p === 1n, 'qi');
  assertPair(await isPrime(p), 'p');
  assertPair(await isPrime(q), 'q');

  // Written again from the numbers: what OpenSSL reads has no leading zeros.
  const clean: webcrypto.JsonWebKey = { kty: 'RSA' };
  for (const field of RSA_FIELDS) clean[field] = encodeInteger(integer(jwk, field));
  return fromKeyObject(attempt(() => privateKey(clean), new KeyError('keyPairMismatch', 'n')));
}

/** Up to 2 ms for P-521, at once: OpenSSL multiplies the generator by d and compares. */
function importEc(jwk: PrivateJwk): KeyMaterial {
  // Recorded: Azure CLI calls it so, and is not refused.
  const crv = jwk.crv === 'SECP256K1' ? 'P-256K' : jwk.crv;
  const curve = Object.entries(CURVES).find(([name]) => name === crv)?.[1];
  if (curve === undefined) throw new KeyError('unsupportedCurve', 'crv');
  const point = {
    kty: 'EC',
    crv: curve.jwk,
    x: coordinate(jwk, 'x', curve.bytes),
    y: coordinate(jwk, 'y', curve.bytes),
  };
  const d = coordinate(jwk, 'd', curve.bytes);
  attempt(
    () => createPublicKey({ key: point, format: 'jwk' }),
    new KeyError('pointNotOnCurve', 'x'),
  );
  return fromKeyObject(
    attempt(() => privateKey({ ...point, d }), new KeyError('keyPairMismatch', 'd')),
  );
}

function privateKey(key: webcrypto.JsonWebKey): KeyObject {
  return createPrivateKey({ key, format: 'jwk' });
}

function octets(jwk: PrivateJwk, field: Field): Buffer {
  const text = jwk[field];
  if (text === undefined || text === '') throw new KeyError('missingField', field);
  const bytes = text.length > FIELD_CHARS_MAX ? undefined : decodeBase64Url(text);
  if (bytes === undefined) throw new KeyError('malformedField', field);
  return bytes;
}

/** Leading zero bytes are allowed: some clients send the sign byte of their big integers. */
function integer(jwk: PrivateJwk, field: Field): bigint {
  return BigInt(`0x${octets(jwk, field).toString('hex')}`);
}

function encodeInteger(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

/**
 * RFC 7518 §6.2.1.2 wants the full length; clients that go through a big integer (Java's) send
 * fewer bytes one time in 256, or one more. The number is the same, so it is brought to length
 * here.
 */
function coordinate(jwk: PrivateJwk, field: Field, lengthBytes: number): string {
  const hex = integer(jwk, field).toString(16);
  if (hex.length > lengthBytes * 2) throw new KeyError('malformedField', field);
  return Buffer.from(hex.padStart(lengthBytes * 2, '0'), 'hex').toString('base64url');
}

function assertPair(holds: boolean, field: Field): void {
  if (!holds) throw new KeyError('keyPairMismatch', field);
}

function isPrime(candidate: bigint): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  checkPrime(candidate, (error, prime) => (error ? reject(error) : resolve(prime)));
  return promise;
}

/** OpenSSL's own words may quote the input; they are not passed on. KeyErrors are. */
function attempt<T>(work: () => T, refusal: KeyError): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof KeyError ? error : refusal;
  }
}
