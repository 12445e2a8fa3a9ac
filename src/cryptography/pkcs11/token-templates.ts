// Attributes of objects in the token. Every key of Strongroom's is a session object (it lives as
// blob in a record, see `token.ts`), private and sensitive; what was unwrapped for use cannot be
// wrapped again.
import pkcs11, { type Attribute } from 'pkcs11js';
import { TokenError } from './token-error.ts';
import type { ClearPrivateKey, TokenKeySpec } from './token-task.ts';

/** DER OBJECT IDENTIFIER, as CKA_EC_PARAMS wants it (RFC 5480 §2.1.1.1, SEC 2). */
const CURVE_OIDS: Readonly<Record<string, string>> = {
  'P-256': '06082a8648ce3d030107',
  'P-384': '06052b81040022',
  'P-521': '06052b81040023',
  'P-256K': '06052b8104000a',
  // As node:crypto's JWKs call it.
  secp256k1: '06052b8104000a',
};

/** For a key that is made or brought in: `extractable` once, so that it can be wrapped. */
type Extractable = boolean;

export function privateTemplate(keyType: number, extractable: Extractable): Attribute[] {
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_PRIVATE_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: keyType },
    ...hidden(extractable),
    { type: pkcs11.CKA_SIGN, value: true },
    ...(keyType === pkcs11.CKK_RSA ? [{ type: pkcs11.CKA_DECRYPT, value: true }] : []),
  ];
}

export function publicTemplate(spec: Exclude<TokenKeySpec, { kty: 'oct' }>): Attribute[] {
  const value =
    spec.kty === 'RSA'
      ? exponentBytes(spec.publicExponent)
      : Buffer.from(CURVE_OIDS[spec.crv] ?? '', 'hex');
  return [
    { type: pkcs11.CKA_TOKEN, value: false },
    { type: pkcs11.CKA_VERIFY, value: true },
    ...(spec.kty === 'RSA'
      ? [
          { type: pkcs11.CKA_MODULUS_BITS, value: spec.sizeBits },
          { type: pkcs11.CKA_PUBLIC_EXPONENT, value },
        ]
      : [{ type: pkcs11.CKA_EC_PARAMS, value }]),
  ];
}

/** An AES key for ciphers, a generic secret for HMAC: the same octets are unwrapped as either. */
export function secretTemplate(keyType: number, extractable: Extractable): Attribute[] {
  const uses =
    keyType === pkcs11.CKK_AES
      ? [pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP]
      : [pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY];
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: keyType },
    ...hidden(extractable),
    ...uses.map((type) => ({ type, value: true })),
  ];
}

/** Bytes that are no key of ours, made an object only because key wraps take nothing else. */
export function dataTemplate(value?: Uint8Array): Attribute[] {
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_GENERIC_SECRET },
    { type: pkcs11.CKA_TOKEN, value: false },
    { type: pkcs11.CKA_SENSITIVE, value: false },
    { type: pkcs11.CKA_EXTRACTABLE, value: true },
    ...(value === undefined ? [] : [{ type: pkcs11.CKA_VALUE, value: Buffer.from(value) }]),
  ];
}

/** A private key that comes from outside, by the members of its JWK. */
export function importTemplate({ kty, members }: ClearPrivateKey): Attribute[] {
  const part = (type: number, name: string) => ({
    type,
    value: Buffer.from(members[name] ?? '', 'base64url'),
  });
  if (kty === 'EC') {
    const curve = CURVE_OIDS[members.crv ?? ''];
    if (curve === undefined) throw new TokenError('unsupported', 'a curve that is not known');
    return [
      ...privateTemplate(pkcs11.CKK_EC, true),
      { type: pkcs11.CKA_EC_PARAMS, value: Buffer.from(curve, 'hex') },
      part(pkcs11.CKA_VALUE, 'd'),
    ];
  }
  return [
    ...privateTemplate(pkcs11.CKK_RSA, true),
    part(pkcs11.CKA_MODULUS, 'n'),
    part(pkcs11.CKA_PUBLIC_EXPONENT, 'e'),
    part(pkcs11.CKA_PRIVATE_EXPONENT, 'd'),
    part(pkcs11.CKA_PRIME_1, 'p'),
    part(pkcs11.CKA_PRIME_2, 'q'),
    part(pkcs11.CKA_EXPONENT_1, 'dp'),
    part(pkcs11.CKA_EXPONENT_2, 'dq'),
    part(pkcs11.CKA_COEFFICIENT, 'qi'),
  ];
}

/** The one object that stays in the token: it wraps all the others and never leaves. */
export function wrappingKeyTemplate(label: string, id: Buffer, lengthBytes: number): Attribute[] {
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_AES },
    { type: pkcs11.CKA_TOKEN, value: true },
    { type: pkcs11.CKA_PRIVATE, value: true },
    { type: pkcs11.CKA_SENSITIVE, value: true },
    { type: pkcs11.CKA_EXTRACTABLE, value: false },
    { type: pkcs11.CKA_MODIFIABLE, value: false },
    { type: pkcs11.CKA_LABEL, value: label },
    { type: pkcs11.CKA_ID, value: id },
    { type: pkcs11.CKA_VALUE_LEN, value: lengthBytes },
    { type: pkcs11.CKA_WRAP, value: true },
    { type: pkcs11.CKA_UNWRAP, value: true },
    { type: pkcs11.CKA_ENCRYPT, value: false },
    { type: pkcs11.CKA_DECRYPT, value: false },
  ];
}

function exponentBytes(exponent: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(exponent);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

function hidden(extractable: Extractable): Attribute[] {
  return [
    { type: pkcs11.CKA_TOKEN, value: false },
    { type: pkcs11.CKA_PRIVATE, value: true },
    { type: pkcs11.CKA_SENSITIVE, value: true },
    { type: pkcs11.CKA_EXTRACTABLE, value: extractable },
  ];
}
