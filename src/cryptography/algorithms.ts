// Key Vault's algorithms and the keys each of them takes. Source: enumerations
// JsonWebKeySignatureAlgorithm and JsonWebKeyEncryptionAlgorithm of the data-plane specification,
// and "About keys" for which key goes with which.
import type { DecryptionScheme, SigningMethod } from './engine/engine.ts';
import { KeyError } from './key-error.ts';
import type { CurveName, KeyMaterial } from './key-material.ts';
import type { KemName } from './post-quantum.ts';

type Hash = 'sha256' | 'sha384' | 'sha512';

export type SignatureAlgorithm =
  | { readonly kty: 'RSA'; readonly method: SigningMethod }
  | { readonly kty: 'EC'; readonly crv: CurveName; readonly method: SigningMethod }
  | { readonly kty: 'oct'; readonly hmac: Hash }
  | { readonly kty: 'AKP' };

export const SIGNATURE_ALGORITHMS = {
  RS256: { kty: 'RSA', method: { scheme: 'pkcs1', digest: 'sha256' } },
  RS384: { kty: 'RSA', method: { scheme: 'pkcs1', digest: 'sha384' } },
  RS512: { kty: 'RSA', method: { scheme: 'pkcs1', digest: 'sha512' } },
  RSNULL: { kty: 'RSA', method: { scheme: 'pkcs1', digest: undefined } },
  PS256: { kty: 'RSA', method: { scheme: 'pss', digest: 'sha256' } },
  PS384: { kty: 'RSA', method: { scheme: 'pss', digest: 'sha384' } },
  PS512: { kty: 'RSA', method: { scheme: 'pss', digest: 'sha512' } },
  ES256: { kty: 'EC', crv: 'P-256', method: { scheme: 'ecdsa', digest: 'sha256' } },
  ES256K: { kty: 'EC', crv: 'P-256K', method: { scheme: 'ecdsa', digest: 'sha256' } },
  ES384: { kty: 'EC', crv: 'P-384', method: { scheme: 'ecdsa', digest: 'sha384' } },
  ES512: { kty: 'EC', crv: 'P-521', method: { scheme: 'ecdsa', digest: 'sha512' } },
  HS256: { kty: 'oct', hmac: 'sha256' },
  HS384: { kty: 'oct', hmac: 'sha384' },
  HS512: { kty: 'oct', hmac: 'sha512' },
  'ML-DSA-44': { kty: 'AKP' },
  'ML-DSA-65': { kty: 'AKP' },
  'ML-DSA-87': { kty: 'AKP' },
} as const satisfies Record<string, SignatureAlgorithm>;

type SizeBits = 128 | 192 | 256;

export type EncryptionAlgorithm =
  | { readonly kty: 'RSA'; readonly scheme: DecryptionScheme }
  | { readonly kty: 'oct'; readonly mode: 'gcm' | 'cbc' | 'cbcpad'; readonly sizeBits: SizeBits }
  /** Without `sizeBits`: whatever size of AES key there is. */
  | { readonly kty: 'oct'; readonly mode: 'kw' | 'kwp'; readonly sizeBits?: SizeBits }
  | { readonly kty: 'AKP'; readonly kem: KemName };

const RSA_ENCRYPTION = {
  'RSA-OAEP': { kty: 'RSA', scheme: 'RSA-OAEP' },
  'RSA-OAEP-256': { kty: 'RSA', scheme: 'RSA-OAEP-256' },
  RSA1_5: { kty: 'RSA', scheme: 'RSA1_5' },
} as const satisfies Record<string, EncryptionAlgorithm>;

/** For encrypt and decrypt. */
export const ENCRYPTION_ALGORITHMS = {
  ...RSA_ENCRYPTION,
  A128GCM: { kty: 'oct', mode: 'gcm', sizeBits: 128 },
  A192GCM: { kty: 'oct', mode: 'gcm', sizeBits: 192 },
  A256GCM: { kty: 'oct', mode: 'gcm', sizeBits: 256 },
  A128CBC: { kty: 'oct', mode: 'cbc', sizeBits: 128 },
  A192CBC: { kty: 'oct', mode: 'cbc', sizeBits: 192 },
  A256CBC: { kty: 'oct', mode: 'cbc', sizeBits: 256 },
  A128CBCPAD: { kty: 'oct', mode: 'cbcpad', sizeBits: 128 },
  A192CBCPAD: { kty: 'oct', mode: 'cbcpad', sizeBits: 192 },
  A256CBCPAD: { kty: 'oct', mode: 'cbcpad', sizeBits: 256 },
} as const satisfies Record<string, EncryptionAlgorithm>;

/** For wrapKey and unwrapKey. CKM_AES_KEY_WRAP is RFC 3394, CKM_AES_KEY_WRAP_PAD RFC 5649. */
export const WRAP_ALGORITHMS = {
  ...RSA_ENCRYPTION,
  A128KW: { kty: 'oct', mode: 'kw', sizeBits: 128 },
  A192KW: { kty: 'oct', mode: 'kw', sizeBits: 192 },
  A256KW: { kty: 'oct', mode: 'kw', sizeBits: 256 },
  CKM_AES_KEY_WRAP: { kty: 'oct', mode: 'kw' },
  CKM_AES_KEY_WRAP_PAD: { kty: 'oct', mode: 'kwp' },
  'ML-KEM-768': { kty: 'AKP', kem: 'ML-KEM-768' },
  'ML-KEM-1024': { kty: 'AKP', kem: 'ML-KEM-1024' },
} as const satisfies Record<string, EncryptionAlgorithm>;

/** For keys of trusted environments; `A*KWPAD` is RFC 5649 under the name of the key's size. */
export const SECURE_WRAP_ALGORITHMS = {
  'RSA-OAEP-256': RSA_ENCRYPTION['RSA-OAEP-256'],
  A128KW: WRAP_ALGORITHMS.A128KW,
  A192KW: WRAP_ALGORITHMS.A192KW,
  A256KW: WRAP_ALGORITHMS.A256KW,
  A128KWPAD: { kty: 'oct', mode: 'kwp', sizeBits: 128 },
  A192KWPAD: { kty: 'oct', mode: 'kwp', sizeBits: 192 },
  A256KWPAD: { kty: 'oct', mode: 'kwp', sizeBits: 256 },
  CKM_AES_KEY_WRAP: WRAP_ALGORITHMS.CKM_AES_KEY_WRAP,
  CKM_AES_KEY_WRAP_PAD: WRAP_ALGORITHMS.CKM_AES_KEY_WRAP_PAD,
} as const satisfies Record<string, EncryptionAlgorithm>;

const AES_SIZES_BITS: readonly number[] = [128, 192, 256];

/** KeyError `unknownAlgorithm` or `algorithmNotForKey`. */
export function signatureAlgorithm(name: string, key: KeyMaterial): SignatureAlgorithm {
  const algorithm = find<SignatureAlgorithm>(SIGNATURE_ALGORITHMS, name);
  const fits =
    algorithm.kty === key.kty &&
    (algorithm.kty !== 'EC' || (key.kty === 'EC' && algorithm.crv === key.crv)) &&
    (key.kty !== 'AKP' || key.alg === name);
  if (!fits) throw new KeyError('algorithmNotForKey', name);
  return algorithm;
}

/** The same for `encrypt` or `wrapKey`. An algorithm of the other of the two is unknown here. */
export function encryptionAlgorithm(
  table: Readonly<Record<string, EncryptionAlgorithm>>,
  name: string,
  key: KeyMaterial,
): EncryptionAlgorithm {
  const algorithm = find(table, name);
  if (algorithm.kty !== key.kty) throw new KeyError('algorithmNotForKey', name);
  if (algorithm.kty === 'RSA') return algorithm;
  if (algorithm.kty === 'AKP') {
    if (key.kty === 'AKP' && key.alg === algorithm.kem) return algorithm;
    throw new KeyError('algorithmNotForKey', name);
  }
  const wanted = algorithm.sizeBits ?? key.sizeBits;
  if (key.sizeBits !== wanted || !AES_SIZES_BITS.includes(key.sizeBits)) {
    throw new KeyError('algorithmNotForKey', name);
  }
  return algorithm;
}

function find<T>(table: Readonly<Record<string, T>>, name: string): T {
  const algorithm = Object.hasOwn(table, name) ? table[name] : undefined;
  // The name is the caller's: what is not in the table is not repeated.
  if (algorithm === undefined) throw new KeyError('unknownAlgorithm', 'alg');
  return algorithm;
}
