// PEM files: a private key in any of its usual forms and certificates, in the order of the file;
// and the same written, the way Key Vault hands them out.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { openEncryptedKey } from './decrypt.ts';
import { Pkcs12Error } from './pkcs12-error.ts';
import type { Pkcs12Content } from './read-pkcs12.ts';

const FILE_CHARACTERS_MAX = 400_000;
const BLOCKS_MAX = 100;
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s:,.-]*?)-----END \1-----/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const LINE_CHARACTERS = 64;
/** Parameters of a curve stand in front of the key, which repeats them. */
const PASSED_OVER: ReadonlySet<string> = new Set(['EC PARAMETERS']);

export function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

/** Pkcs12Error as `readPkcs12`. */
export async function readPem(text: string, password: string | undefined): Promise<Pkcs12Content> {
  if (text.length > FILE_CHARACTERS_MAX) throw new Pkcs12Error('tooMuch', 'file');
  // Counted first: the search for an end goes through the rest of the text at each beginning.
  const begun = text.split('-----BEGIN ').length - 1;
  if (begun > BLOCKS_MAX) throw new Pkcs12Error('tooMuch', 'blocks');
  const blocks = [...text.matchAll(BLOCK)];
  if (blocks.length === 0 || blocks.length !== begun) throw new Pkcs12Error('malformed', 'pem');
  const privateKeys: Buffer[] = [];
  const certificates: Buffer[] = [];
  for (const [whole, label = '', body = ''] of blocks) {
    if (PASSED_OVER.has(label)) continue;
    if (label.endsWith('CERTIFICATE')) certificates.push(decodeBody(body));
    else privateKeys.push(await readKey({ whole, label, body }, password));
  }
  return { privateKeys, certificates };
}

interface Block {
  readonly whole: string;
  readonly label: string;
  readonly body: string;
}

async function readKey(block: Block, password: string | undefined): Promise<Buffer> {
  const { label, whole, body } = block;
  switch (label) {
    case 'PRIVATE KEY':
      return decodeBody(body);
    case 'ENCRYPTED PRIVATE KEY':
      return await openEncryptedKey(decodeBody(body), password);
    case 'RSA PRIVATE KEY':
    case 'EC PRIVATE KEY':
      return toPkcs8(whole, password);
    default:
      throw new Pkcs12Error('unsupported', 'block');
  }
}

/** PKCS#1 and SEC1, also in the encryption of their time, which derives its key in no time. */
function toPkcs8(pem: string, password: string | undefined): Buffer {
  const isEncrypted = pem.includes('ENCRYPTED');
  if (isEncrypted && (password ?? '') === '') throw new Pkcs12Error('password', 'key');
  let key: KeyObject;
  try {
    key = createPrivateKey({
      key: pem,
      format: 'pem',
      ...(isEncrypted && { passphrase: password }),
    });
  } catch (cause) {
    throw new Pkcs12Error(isEncrypted ? 'password' : 'malformed', 'key', { cause });
  }
  return key.export({ format: 'der', type: 'pkcs8' });
}

function decodeBody(body: string): Buffer {
  const text = body.replace(/\s+/g, '');
  if (!BASE64.test(text) || text.length % 4 !== 0) throw new Pkcs12Error('malformed', 'pem');
  return Buffer.from(text, 'base64');
}

/** Key first, then the certificates from the leaf on. */
export function writePem({
  privateKey,
  certificates,
}: {
  readonly privateKey?: Uint8Array;
  readonly certificates: readonly Uint8Array[];
}): string {
  const blocks = certificates.map((der) => encodeBlock('CERTIFICATE', der));
  if (privateKey !== undefined) blocks.unshift(encodeBlock('PRIVATE KEY', privateKey));
  return blocks.join('');
}

function encodeBlock(label: string, der: Uint8Array): string {
  const text = Buffer.from(der).toString('base64');
  const lines = text.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
