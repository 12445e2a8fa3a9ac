// Opens what a password encrypts: PBES2 (RFC 8018) and the older schemes of PKCS#12 (RFC 7292
// appendix C). Triple DES and RC2 are read because files of the last twenty years have them;
// nothing is written with them but the key of a PFX without a password, where no cipher protects
// anything.
import { createDecipheriv } from 'node:crypto';
import { type Ber, BerReader } from './ber.ts';
import {
  type DerivationInput,
  derivePbkdf2,
  derivePkcs12,
  type HashName,
  IterationBudget,
  PURPOSE,
} from './derive.ts';
import { type PasswordForm, passwordForms } from './password.ts';
import { Pkcs12Error } from './pkcs12-error.ts';
import { decryptRc2 } from './rc2.ts';

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

const HMACS: Readonly<Record<string, HashName>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

interface Cipher {
  readonly keyBytes: number;
  readonly ivBytes: number;
  decrypt(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer | Promise<Buffer>;
}

const aes = (bits: number) => opensslCipher(`aes-${bits}-cbc`, bits / 8, 16);
const tripleDes = opensslCipher('des-ede3-cbc', 24, 8);
const twoKeyTripleDes: Cipher = {
  ...tripleDes,
  keyBytes: 16,
  decrypt: (data, key, iv) => tripleDes.decrypt(data, Buffer.concat([key, key.subarray(0, 8)]), iv),
};
const rc2 = (bits: number): Cipher => ({
  keyBytes: bits / 8,
  ivBytes: 8,
  decrypt: (data, key, iv) => decryptRc2(data, { key, iv, bits }),
});

const PBES2_CIPHERS: Readonly<Record<string, Cipher>> = {
  '2.16.840.1.101.3.4.1.2': aes(128),
  '2.16.840.1.101.3.4.1.22': aes(192),
  '2.16.840.1.101.3.4.1.42': aes(256),
  '1.2.840.113549.3.7': tripleDes,
};

/** pbeWithSHAAnd…, all with SHA-1. */
const PKCS12_CIPHERS: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.1.12.1.3': tripleDes,
  '1.2.840.113549.1.12.1.4': twoKeyTripleDes,
  '1.2.840.113549.1.12.1.5': rc2(128),
  '1.2.840.113549.1.12.1.6': rc2(40),
};

export interface Opening {
  readonly reader: BerReader;
  readonly password: PasswordForm;
  readonly budget: IterationBudget;
}

/** Pkcs12Error `password` if it does not open, `unsupported`, `tooMuch`, `malformed`. */
export async function decryptBy(
  algorithm: Ber | undefined,
  data: Uint8Array,
  opening: Opening,
): Promise<Buffer> {
  const { reader } = opening;
  const [id, parameters] = reader.items(algorithm);
  const oid = reader.oid(id);
  if (oid === PBES2) return await decryptPbes2(parameters, data, opening);
  const cipher = PKCS12_CIPHERS[oid];
  if (cipher === undefined) throw new Pkcs12Error('unsupported', 'encryption');
  const [salt, iterations] = reader.items(parameters);
  const derivation: DerivationInput = {
    hash: 'sha1',
    password: opening.password.utf16,
    salt: reader.octets(salt),
    iterations: reader.number(iterations),
    lengthBytes: cipher.keyBytes,
    budget: opening.budget,
  };
  const key = await derivePkcs12(derivation, PURPOSE.key);
  const iv = await derivePkcs12({ ...derivation, lengthBytes: cipher.ivBytes }, PURPOSE.iv);
  return await cipher.decrypt(data, key, iv);
}

async function decryptPbes2(
  parameters: Ber | undefined,
  data: Uint8Array,
  opening: Opening,
): Promise<Buffer> {
  const { reader } = opening;
  const [derivation, scheme] = reader.items(parameters);
  const [cipherId, iv] = reader.items(scheme);
  const cipher = PBES2_CIPHERS[reader.oid(cipherId)];
  if (cipher === undefined) throw new Pkcs12Error('unsupported', 'cipher');
  const key = await derivePbkdf2Key(derivation, opening, cipher.keyBytes);
  return await cipher.decrypt(data, key, reader.octets(iv));
}

/** From an AlgorithmIdentifier of PBKDF2. */
export async function derivePbkdf2Key(
  algorithm: Ber | undefined,
  { reader, password, budget }: Opening,
  lengthBytes: number,
): Promise<Buffer> {
  const [id, parameters] = reader.items(algorithm);
  if (reader.oid(id) !== PBKDF2) throw new Pkcs12Error('unsupported', 'derivation');
  const [salt, iterations, ...rest] = reader.items(parameters);
  const pseudoRandom = rest.find((part) => reader.isSequence(part));
  const hash = pseudoRandom && HMACS[reader.oid(reader.items(pseudoRandom)[0])];
  if (pseudoRandom !== undefined && hash === undefined) {
    throw new Pkcs12Error('unsupported', 'hash');
  }
  return await derivePbkdf2({
    hash: hash ?? 'sha1',
    password: password.utf8,
    salt: reader.octets(salt),
    iterations: reader.number(iterations),
    lengthBytes,
    budget,
  });
}

/**
 * EncryptedPrivateKeyInfo (DER) → PKCS#8. A password that is absent is tried in both its forms.
 * Errors as `decryptBy`.
 */
export async function openEncryptedKey(
  der: Uint8Array,
  password: string | undefined,
): Promise<Buffer> {
  const reader = await BerReader.load();
  const [algorithm, data] = reader.items(reader.parse(der));
  const budget = new IterationBudget();
  for (const form of passwordForms(password)) {
    const key = await attemptPassword(() =>
      decryptBy(algorithm, reader.octets(data), { reader, password: form, budget }),
    );
    // A wrong password sometimes leaves well-formed padding: a key begins as a sequence does.
    if (key?.[0] === 0x30) return key;
  }
  throw new Pkcs12Error('password', 'key');
}

/** `undefined` if the password does not open; other errors are passed on. */
export async function attemptPassword<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Pkcs12Error && error.code === 'password') return undefined;
    throw error;
  }
}

function opensslCipher(name: string, keyBytes: number, ivBytes: number): Cipher {
  return {
    keyBytes,
    ivBytes,
    decrypt(data, key, iv) {
      if (iv.length !== ivBytes) throw new Pkcs12Error('malformed', 'iv');
      const decipher = createDecipheriv(name, key, iv);
      try {
        return Buffer.concat([decipher.update(data), decipher.final()]);
      } catch (cause) {
        throw new Pkcs12Error('password', 'padding', { cause });
      }
    },
  };
}
