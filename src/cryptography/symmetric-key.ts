// What a symmetric key does, wherever it is held, and the one that this process holds, over
// node:crypto. Lengths and parameters have been checked before (`aes-modes.ts`).
import { createCipheriv, createDecipheriv, createHmac, type KeyObject } from 'node:crypto';
import { AES_GCM_TAG_BYTES } from './engine/aes-gcm.ts';
import type { DigestName } from './engine/engine.ts';

export type AesMode = 'gcm' | 'cbc' | 'cbcpad' | 'kw' | 'kwp';

export interface AesCipher {
  readonly mode: AesMode;
  /** GCM: 12 bytes; CBC: 16; none for key wraps. */
  readonly iv?: Uint8Array | undefined;
  /** GCM only. */
  readonly aad?: Uint8Array | undefined;
}

export interface SymmetricKey {
  /** → ciphertext; for GCM with the tag behind it. */
  encipher(cipher: AesCipher, plaintext: Uint8Array): Promise<Buffer>;
  /** The inverse; `undefined`: does not open. */
  decipher(cipher: AesCipher, ciphertext: Uint8Array): Promise<Buffer | undefined>;
  hmac(hash: DigestName, message: Uint8Array): Promise<Buffer>;
}

/** RFC 3394 §2.2.3.1 and RFC 5649 §3. */
const WRAP_IV = { kw: Buffer.from('a6a6a6a6a6a6a6a6', 'hex'), kwp: Buffer.from('a65959a6', 'hex') };

export class SoftwareSymmetricKey implements SymmetricKey {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  async encipher({ mode, iv, aad }: AesCipher, plaintext: Uint8Array): Promise<Buffer> {
    if (mode === 'gcm') {
      const cipher = createCipheriv(gcmName(this.#key), this.#key, iv ?? Buffer.alloc(0));
      if (aad !== undefined) cipher.setAAD(aad);
      return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    }
    if (mode === 'kw' || mode === 'kwp') {
      const cipher = createCipheriv(wrapName(mode, this.#key), this.#key, WRAP_IV[mode]);
      return Buffer.concat([cipher.update(plaintext), cipher.final()]);
    }
    const cipher = createCipheriv(`aes-${bits(this.#key)}-cbc`, this.#key, iv ?? null);
    cipher.setAutoPadding(mode === 'cbcpad');
    return Buffer.concat([cipher.update(plaintext), cipher.final()]);
  }

  async decipher(cipher: AesCipher, ciphertext: Uint8Array): Promise<Buffer | undefined> {
    const start = this.#decipherer(cipher, ciphertext);
    try {
      return Buffer.concat(start());
    } catch {
      return undefined;
    }
  }

  async hmac(hash: DigestName, message: Uint8Array): Promise<Buffer> {
    return createHmac(hash, this.#key).update(message).digest();
  }

  /** Everything that only a defect can make fail happens before the function it gives. */
  #decipherer({ mode, iv, aad }: AesCipher, ciphertext: Uint8Array): () => Buffer[] {
    if (mode === 'gcm') {
      const end = ciphertext.byteLength - AES_GCM_TAG_BYTES;
      const authTagLength = AES_GCM_TAG_BYTES;
      const vector = iv ?? Buffer.alloc(0);
      const cipher = createDecipheriv(gcmName(this.#key), this.#key, vector, { authTagLength });
      cipher.setAuthTag(ciphertext.subarray(end));
      if (aad !== undefined) cipher.setAAD(aad);
      return () => [cipher.update(ciphertext.subarray(0, end)), cipher.final()];
    }
    if (mode === 'kw' || mode === 'kwp') {
      const cipher = createDecipheriv(wrapName(mode, this.#key), this.#key, WRAP_IV[mode]);
      return () => [cipher.update(ciphertext), cipher.final()];
    }
    const cipher = createDecipheriv(`aes-${bits(this.#key)}-cbc`, this.#key, iv ?? null);
    cipher.setAutoPadding(mode === 'cbcpad');
    return () => [cipher.update(ciphertext), cipher.final()];
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
