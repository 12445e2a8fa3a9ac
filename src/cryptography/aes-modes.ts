// The AES modes that symmetric Key Vault keys offer, over node:crypto: GCM, CBC with and without
// padding, and the two key wraps.
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { AES_GCM_IV_BYTES, AES_GCM_TAG_BYTES } from './aes-gcm.ts';
import { KeyError } from './key-error.ts';

export type AesMode = 'gcm' | 'cbc' | 'cbcpad' | 'kw' | 'kwp';

interface ModeAndKey {
  readonly mode: AesMode;
  readonly key: KeyObject;
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
/** RFC 3394 §2.2.3.1 and RFC 5649 §3. */
const WRAP_IV = { kw: Buffer.from('a6a6a6a6a6a6a6a6', 'hex'), kwp: Buffer.from('a65959a6', 'hex') };

/** KeyError `plaintextLength`, `parameterLength`, `parameterNotAllowed`. */
export function seal(input: SealInput): Sealed {
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
      const cipher = createCipheriv(`aes-${bits(key)}-cbc`, key, used);
      cipher.setAutoPadding(mode === 'cbcpad');
      return { ciphertext: Buffer.concat([cipher.update(plaintext), cipher.final()]), iv: used };
    }
    case 'kw':
    case 'kwp': {
      assertAbsent('iv', iv);
      assertWrappable(mode, plaintext);
      const cipher = createCipheriv(wrapName(mode, key), key, WRAP_IV[mode]);
      return { ciphertext: Buffer.concat([cipher.update(plaintext), cipher.final()]) };
    }
  }
}

/** KeyError `parameterMissing`, `parameterLength`, `parameterNotAllowed`, `undecryptable`. */
export function unseal(input: UnsealInput): Buffer {
  const { mode, key, ciphertext, iv, tag, aad } = input;
  if (mode !== 'gcm') {
    assertAbsent('aad', aad);
    assertAbsent('tag', tag);
  }
  switch (mode) {
    case 'gcm':
      return unsealGcm(input);
    case 'cbc':
    case 'cbcpad': {
      const cipher = createDecipheriv(`aes-${bits(key)}-cbc`, key, needed('iv', iv, BLOCK_BYTES));
      cipher.setAutoPadding(mode === 'cbcpad');
      if (ciphertext.byteLength === 0) throw new KeyError('undecryptable', 'value');
      return finish(() => [cipher.update(ciphertext), cipher.final()]);
    }
    case 'kw':
    case 'kwp': {
      assertAbsent('iv', iv);
      assertWrapped(mode, ciphertext);
      const cipher = createDecipheriv(wrapName(mode, key), key, WRAP_IV[mode]);
      return finish(() => [cipher.update(ciphertext), cipher.final()]);
    }
  }
}

/**
 * The IV is always made here. Who may only encrypt but could choose the IV would get the key stream
 * of another's message, and so could decrypt.
 */
function sealGcm({ key, plaintext, iv, aad }: SealInput): Sealed {
  assertAbsent('iv', iv);
  const fresh = randomBytes(AES_GCM_IV_BYTES);
  const cipher = createCipheriv(gcmName(key), key, fresh);
  if (aad !== undefined) cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ciphertext, iv: fresh, tag: cipher.getAuthTag() };
}

function unsealGcm({ key, ciphertext, iv, tag, aad }: UnsealInput): Buffer {
  const used = needed('iv', iv, AES_GCM_IV_BYTES);
  const authTagLength = AES_GCM_TAG_BYTES;
  const cipher = createDecipheriv(gcmName(key), key, used, { authTagLength });
  cipher.setAuthTag(needed('tag', tag, AES_GCM_TAG_BYTES));
  if (aad !== undefined) cipher.setAAD(aad);
  return finish(() => [cipher.update(ciphertext), cipher.final()]);
}

function finish(work: () => readonly Buffer[]): Buffer {
  try {
    return Buffer.concat(work());
  } catch {
    throw new KeyError('undecryptable', 'value');
  }
}

function bits(key: KeyObject): number {
  return (key.symmetricKeySize ?? 0) * 8;
}

function gcmName(key: KeyObject): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  const size = bits(key);
  if (size === 128) return 'aes-128-gcm';
  return size === 192 ? 'aes-192-gcm' : 'aes-256-gcm';
}

function wrapName(mode: 'kw' | 'kwp', key: KeyObject): string {
  return `id-aes${bits(key)}-wrap${mode === 'kwp' ? '-pad' : ''}`;
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
