// Key Vault's algorithms as PKCS#11 mechanisms (PKCS #11 2.40 §2; numbers of pkcs11t.h).
import pkcs11, { type IParams, type Mechanism } from 'pkcs11js';
import type { DecryptionScheme, DigestName, SigningMethod } from '../engine/engine.ts';
import { encodeDigestInfo } from '../engine/rsa-encoding.ts';
import { TokenError } from './token-error.ts';
import type { TokenCipher } from './token-task.ts';

const DIGESTS = {
  sha1: { hashAlg: pkcs11.CKM_SHA_1, mgf: pkcs11.CKG_MGF1_SHA1, bytes: 20 },
  sha256: { hashAlg: pkcs11.CKM_SHA256, mgf: pkcs11.CKG_MGF1_SHA256, bytes: 32 },
  sha384: { hashAlg: pkcs11.CKM_SHA384, mgf: pkcs11.CKG_MGF1_SHA384, bytes: 48 },
  sha512: { hashAlg: pkcs11.CKM_SHA512, mgf: pkcs11.CKG_MGF1_SHA512, bytes: 64 },
} as const;

const HMACS: Readonly<Record<DigestName, number>> = {
  sha256: pkcs11.CKM_SHA256_HMAC,
  sha384: pkcs11.CKM_SHA384_HMAC,
  sha512: pkcs11.CKM_SHA512_HMAC,
};

/** CKZ_DATA_SPECIFIED: the OAEP label is given, here an empty one. */
const LABEL_GIVEN = 1;
const GCM_TAG_BITS = 128;

/** The mechanism, and the bytes it takes: padding to the modulus is the token's. */
export function signingMechanism(
  method: SigningMethod,
  digest: Uint8Array,
): { readonly mechanism: Mechanism; readonly data: Buffer } {
  switch (method.scheme) {
    case 'pkcs1':
      return {
        mechanism: { mechanism: pkcs11.CKM_RSA_PKCS },
        data: encodeDigestInfo(method.digest, digest),
      };
    case 'pss': {
      const { hashAlg, mgf, bytes } = DIGESTS[method.digest];
      const parameter = { type: pkcs11.CK_PARAMS_RSA_PSS, hashAlg, mgf, saltLen: bytes };
      return {
        mechanism: { mechanism: pkcs11.CKM_RSA_PKCS_PSS, parameter },
        data: Buffer.from(digest),
      };
    }
    case 'ecdsa':
      return { mechanism: { mechanism: pkcs11.CKM_ECDSA }, data: Buffer.from(digest) };
  }
}

export function hmacMechanism(hash: DigestName): Mechanism {
  return { mechanism: HMACS[hash] };
}

export function decryptionMechanism(scheme: DecryptionScheme): Mechanism {
  if (scheme === 'RSA1_5') return { mechanism: pkcs11.CKM_RSA_PKCS };
  const { hashAlg, mgf } = DIGESTS[scheme === 'RSA-OAEP' ? 'sha1' : 'sha256'];
  const parameter = { type: pkcs11.CK_PARAMS_RSA_OAEP, hashAlg, mgf, source: LABEL_GIVEN };
  return { mechanism: pkcs11.CKM_RSA_PKCS_OAEP, parameter };
}

/** For the modes that encrypt bytes; the key wraps encrypt key objects and are made elsewhere. */
export function cipherMechanism({ mode, iv, aad }: TokenCipher): Mechanism {
  const vector = Buffer.from(iv ?? []);
  switch (mode) {
    case 'gcm': {
      const parameter: IParams & Record<string, unknown> = {
        type: pkcs11.CK_PARAMS_AES_GCM,
        iv: vector,
        ivBits: vector.length * 8,
        tagBits: GCM_TAG_BITS,
        aad: Buffer.from(aad ?? []),
      };
      return { mechanism: pkcs11.CKM_AES_GCM, parameter };
    }
    case 'cbc':
      return { mechanism: pkcs11.CKM_AES_CBC, parameter: vector };
    case 'cbcpad':
      return { mechanism: pkcs11.CKM_AES_CBC_PAD, parameter: vector };
    default:
      throw new TokenError('unsupported', `${mode} encrypts keys only`);
  }
}

export function wrapMechanism(mode: 'kw' | 'kwp'): Mechanism {
  return { mechanism: mode === 'kw' ? pkcs11.CKM_AES_KEY_WRAP : pkcs11.CKM_AES_KEY_WRAP_PAD };
}
