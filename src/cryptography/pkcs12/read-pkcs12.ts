// PFX files (RFC 7292) of any origin → the private keys and certificates in them. Checks the
// file's own integrity where it has any; which key belongs to which certificate is for the caller
// to find out, from the keys themselves.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Ber, BerReader } from './ber.ts';
import { attemptPassword, decryptBy, derivePbkdf2Key, type Opening } from './decrypt.ts';
import { derivePkcs12, type HashName, hashBytes, IterationBudget, PURPOSE } from './derive.ts';
import { passwordForms } from './password.ts';
import { Pkcs12Error } from './pkcs12-error.ts';

export interface Pkcs12Content {
  /** PKCS#8, DER. The caller wipes them. */
  readonly privateKeys: readonly Buffer[];
  /** DER, in the order of the file. */
  readonly certificates: readonly Buffer[];
}

const FILE_BYTES_MAX = 262_144;
const BAGS_MAX = 100;
const NESTING_MAX = 4;

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const BAG = '1.2.840.113549.1.12.10.1.';
const KEY_BAG = `${BAG}1`;
const SHROUDED_KEY_BAG = `${BAG}2`;
const CERTIFICATE_BAG = `${BAG}3`;
const NESTED_BAG = `${BAG}6`;
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const PBMAC1 = '1.2.840.113549.1.5.14';

const HASHES: Readonly<Record<string, HashName>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const HMACS: Readonly<Record<string, HashName>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

interface Found {
  readonly privateKeys: Buffer[];
  readonly certificates: Buffer[];
}

/** Pkcs12Error; `password` for a wrong one and for a changed file, which look alike. */
export async function readPkcs12(
  file: Uint8Array,
  password: string | undefined,
): Promise<Pkcs12Content> {
  if (file.length > FILE_BYTES_MAX) throw new Pkcs12Error('tooMuch', 'file');
  const reader = await BerReader.load();
  const [version, safe, mac] = reader.items(reader.parse(file));
  if (reader.number(version) !== 3) throw new Pkcs12Error('unsupported', 'version');
  const authenticated = dataOf(reader, safe);
  const budget = new IterationBudget();
  for (const form of passwordForms(password)) {
    const opening: Opening = { reader, password: form, budget };
    if (mac !== undefined && !(await isIntact(mac, authenticated, opening))) continue;
    const found = await attemptPassword(() => openSafes(authenticated, opening));
    if (found !== undefined) return found;
  }
  throw new Pkcs12Error('password', 'file');
}

/** The octets of a ContentInfo of type data. Signed and enveloped ones are not read. */
function dataOf(reader: BerReader, contentInfo: Ber | undefined): Buffer {
  const [type, content] = reader.items(contentInfo);
  if (reader.oid(type) !== DATA) throw new Pkcs12Error('unsupported', 'content');
  return reader.octets(reader.explicit(content));
}

async function isIntact(mac: Ber, content: Buffer, opening: Opening): Promise<boolean> {
  const { reader, budget, password } = opening;
  const [digestInfo, salt, iterations] = reader.items(mac);
  const [algorithm, digest] = reader.items(digestInfo);
  const [id, parameters] = reader.items(algorithm);
  const oid = reader.oid(id);
  const expected = reader.octets(digest);
  if (oid === PBMAC1) return await isIntactByPbmac1(parameters, { content, expected }, opening);
  const hash = HASHES[oid];
  if (hash === undefined) throw new Pkcs12Error('unsupported', 'mac');
  const derivation = {
    hash,
    password: password.utf16,
    salt: reader.octets(salt),
    iterations: iterations === undefined ? 1 : reader.number(iterations),
    lengthBytes: expected.length,
    budget,
  };
  if (expected.length !== hashBytes(hash)) throw new Pkcs12Error('malformed', 'mac');
  const key = await derivePkcs12(derivation, PURPOSE.mac);
  return isMac(createHmac(hash, key).update(content).digest(), expected);
}

/** RFC 9579, which newer OpenSSL versions write on request. */
async function isIntactByPbmac1(
  parameters: Ber | undefined,
  { content, expected }: { readonly content: Buffer; readonly expected: Buffer },
  opening: Opening,
): Promise<boolean> {
  const { reader } = opening;
  const [derivation, scheme] = reader.items(parameters);
  const hash = HMACS[reader.oid(reader.items(scheme)[0])];
  if (hash === undefined) throw new Pkcs12Error('unsupported', 'mac');
  // Before anything is derived: each length of a hash costs all of the iterations once more.
  if (expected.length !== hashBytes(hash)) return false;
  const key = await derivePbkdf2Key(derivation, opening, expected.length);
  return isMac(createHmac(hash, key).update(content).digest(), expected);
}

function isMac(actual: Buffer, expected: Buffer): boolean {
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

async function openSafes(authenticated: Buffer, opening: Opening): Promise<Pkcs12Content> {
  const { reader } = opening;
  const found: Found = { privateKeys: [], certificates: [] };
  for (const contentInfo of reader.items(reader.parse(authenticated))) {
    const [type] = reader.items(contentInfo);
    const bytes =
      reader.oid(type) === ENCRYPTED_DATA
        ? await decryptSafe(contentInfo, opening)
        : dataOf(reader, contentInfo);
    await collect(parseDecrypted(reader, bytes), { found, opening, depth: 0 });
  }
  return found;
}

async function decryptSafe(contentInfo: Ber, opening: Opening): Promise<Buffer> {
  const { reader } = opening;
  const [, content] = reader.items(contentInfo);
  const [, encrypted] = reader.items(reader.explicit(content));
  const [type, algorithm, data] = reader.items(encrypted);
  if (reader.oid(type) !== DATA) throw new Pkcs12Error('unsupported', 'content');
  return await decryptBy(algorithm, reader.octets(data), opening);
}

/** What a wrong password makes of a file without a MAC does not parse. */
function parseDecrypted(reader: BerReader, bytes: Buffer): Ber {
  try {
    return reader.parse(bytes);
  } catch (cause) {
    throw new Pkcs12Error('password', 'content', { cause });
  }
}

interface Collecting {
  readonly found: Found;
  readonly opening: Opening;
  readonly depth: number;
}

async function collect(safeContents: Ber, collecting: Collecting): Promise<void> {
  const { found, opening, depth } = collecting;
  const { reader } = opening;
  if (depth > NESTING_MAX) throw new Pkcs12Error('tooMuch', 'nesting');
  for (const bag of reader.items(safeContents)) {
    const [type, content] = reader.items(bag);
    const value = reader.explicit(content);
    switch (reader.oid(type)) {
      case KEY_BAG:
        found.privateKeys.push(Buffer.from(value.toBER()));
        break;
      case SHROUDED_KEY_BAG: {
        const [algorithm, data] = reader.items(value);
        found.privateKeys.push(await decryptBy(algorithm, reader.octets(data), opening));
        break;
      }
      case CERTIFICATE_BAG: {
        const [kind, certificate] = reader.items(value);
        if (reader.oid(kind) !== X509_CERTIFICATE) break;
        found.certificates.push(reader.octets(reader.explicit(certificate)));
        break;
      }
      case NESTED_BAG:
        await collect(value, { ...collecting, depth: depth + 1 });
        break;
      // Revocation lists and secrets may be there; they are not part of a certificate.
    }
    if (found.privateKeys.length + found.certificates.length > BAGS_MAX) {
      throw new Pkcs12Error('tooMuch', 'bags');
    }
  }
}
