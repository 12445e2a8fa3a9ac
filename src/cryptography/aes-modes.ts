// The AES modes that symmetric Key Vault keys offer: GCM, CBC with and without padding, and the two
// key wraps. The rules for lengths and parameters stand here; the ciphers are the key's own, which
// may be in a token (`symmetric-key.ts`).
import { randomBytes } from 'node:crypto';
import { AES_GCM_IV_BYTES, AES_GCM_TAG_BYTES } from './engine/aes-gcm.ts';
import { KeyError } from './key-error.ts';
import type { AesMode, SymmetricKey } from './symmetric-key.ts';

interface ModeAndKey {
  readonly mode: AesMode;
  readonly key: SymmetricKey;
  readonly iv: Uint8Array | undefined;
  readonly aad: Uint8Array | undefined;
}

export interface SealInput extends ModeAndKey {
  readonly plaintext: Uint8Array;
}

export interface UnsealInput extends ModeAndKey {
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array | undefined;
}

/** What encryption made; `iv` and `tag` where the mode has them. */
export interface Sealed {
  readonly ciphertext: Buffer;
  readonly iv?: Buffer;
  readonly tag?: Buffer;
}

const BLOCK_BYTES = 16;
const WRAP_BLOCK_BYTES = 8;

/** KeyError `plaintextLength`, `parameterLength`, `parameterNotAllowed`. */
export async function seal(input: SealInput): Promise<Sealed> {
  const { mode, key, plaintext, iv, aad } = input;
  if (mode !== 'gcm') assertAbsent('aad', aad);
  switch (mode) {
    case 'gcm':
      return sealGcm(input);
    case 'cbc':
    case 'cbcpad': {
      if (
        mode === 'cbc' &&
        (plaintext.byteLength === 0 || plaintext.byteLength % BLOCK_BYTES > 0)
      ) {
        throw new KeyError('plaintextLength', 'value');
      }
      const used = Buffer.from(given('iv', iv, BLOCK_BYTES) ?? randomBytes(BLOCK_BYTES));
      return { ciphertext: await key.encipher({ mode, iv: used }, plaintext), iv: used };
    }
    case 'kw':
    case 'kwp':
      assertAbsent('iv', iv);
      assertWrappable(mode, plaintext);
      return { ciphertext: await key.encipher({ mode }, plaintext) };
  }
}

/** KeyError `parameterMissing`, `parameterLength`, `parameterNotAllowed`, `undecryptable`. */
export async function unseal(input: UnsealInput): Promise<Buffer> {
  const plaintext = await open(input);
  if (plaintext === undefined) throw new KeyError('undecryptable', 'value');
  return plaintext;
}

function open(input: UnsealInput): Promise<Buffer | undefined> {
  const { mode, key, ciphertext, iv, tag, aad } = input;
  if (mode !== 'gcm') {
    assertAbsent('aad', aad);
    assertAbsent('tag', tag);
  }
  switch (mode) {
    case 'gcm': {
      const used = needed('iv', iv, AES_GCM_IV_BYTES);
      const sealed = Buffer.concat([ciphertext, needed('tag', tag, AES_GCM_TAG_BYTES)]);
      return key.decipher({ mode, iv: used, aad }, sealed);
    }
    case 'cbc':
    case 'cbcpad': {
      const used = needed('iv', iv, BLOCK_BYTES);
      if (ciphertext.byteLength === 0) throw new KeyError('undecryptable', 'value');
      return key.decipher({ mode, iv: used }, ciphertext);
    }
    case 'kw':
    case 'kwp':
      assertAbsent('iv', iv);
      assertWrapped(mode, ciphertext);
      return key.decipher({ mode }, ciphertext);
  }
}

/**
 * The IV is always made here. Who may only encrypt but could choose the IV would get the key stream
 * of another's message, and so could decrypt.
 */
async function sealGcm({ mode, key, plaintext, iv, aad }: SealInput): Promise<Sealed> {
  assertAbsent('iv', iv);
  const fresh = randomBytes(AES_GCM_IV_BYTES);
  const sealed = await key.encipher({ mode, iv: fresh, aad }, plaintext);
  const end = sealed.length - AES_GCM_TAG_BYTES;
  return { ciphertext: sealed.subarray(0, end), iv: fresh, tag: sealed.subarray(end) };
}

/** RFC 3394: whole blocks of 8 bytes, at least two. RFC 5649: at least one byte. */
function assertWrappable(mode: 'kw' | 'kwp', plaintext: Uint8Array): void {
  const length = plaintext.byteLength;
  const fits =
    mode === 'kwp' ? length > 0 : length >= 2 * WRAP_BLOCK_BYTES && length % WRAP_BLOCK_BYTES === 0;
  if (!fits) throw new KeyError('plaintextLength', 'value');
}

/** OpenSSL answers some impossible lengths with nothing at all instead of an error. */
function assertWrapped(mode: 'kw' | 'kwp', ciphertext: Uint8Array): void {
  const length = ciphertext.byteLength;
  const lengthMin = (mode === 'kwp' ? 2 : 3) * WRAP_BLOCK_BYTES;
  if (length < lengthMin || length % WRAP_BLOCK_BYTES > 0) {
    throw new KeyError('undecryptable', 'value');
  }
}

/** Empty is as good as absent: some clients send every member. */
export function assertAbsent(name: string, value: Uint8Array | undefined): void {
  if (value !== undefined && value.byteLength > 0) throw new KeyError('parameterNotAllowed', name);
}

function given(
  name: string,
  value: Uint8Array | undefined,
  lengthBytes: number,
): Uint8Array | undefined {
  if (value === undefined || value.byteLength === 0) return undefined;
  if (value.byteLength !== lengthBytes) throw new KeyError('parameterLength', name);
  return value;
}

function needed(name: string, value: Uint8Array | undefined, lengthBytes: number): Uint8Array {
  const present = given(name, value, lengthBytes);
  if (present === undefined) throw new KeyError('parameterMissing', name);
  return present;
}
