// AES-256-GCM for sealing what leaves memory: one call, a fresh random IV each time, one flat
// result. It refuses other key lengths, caller-chosen IVs and shortened tags, and it never says why
// a sealed value does not open.
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

export const AES_GCM_KEY_BYTES = 32;
export const AES_GCM_IV_BYTES = 12;
export const AES_GCM_TAG_BYTES = 16;

/** Bytes that sealing adds. */
export const AES_GCM_OVERHEAD_BYTES = AES_GCM_IV_BYTES + AES_GCM_TAG_BYTES;

/**
 * One AES-256-GCM key. IVs are random, so a key may seal at most 2^32 values (NIST SP 800-38D
 * §8.3); whoever owns the key counts or rotates.
 */
export interface AesGcm {
  /** iv (12 bytes) | ciphertext | tag (16 bytes). */
  seal(plaintext: Uint8Array, aad: Uint8Array): Buffer;
  /** The plaintext; `undefined` if anything at all does not fit. */
  open(sealed: Uint8Array, aad: Uint8Array): Buffer | undefined;
  /** The same for UTF-8 text: quicker than decoding a Buffer, and leaves no bytes behind. */
  openText(sealed: Uint8Array, aad: Uint8Array): string | undefined;
}

/** AES-256-GCM over node:crypto. Use `createAesGcm`, which picks the quickest there is. */
export function createPortableAesGcm(key: Uint8Array): AesGcm {
  return new PortableAesGcm(createSecretKey(key));
}

class PortableAesGcm implements AesGcm {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  seal(plaintext: Uint8Array, aad: Uint8Array): Buffer {
    const iv = randomFillSync(Buffer.allocUnsafe(AES_GCM_IV_BYTES));
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    cipher.setAAD(aad);
    const ciphertext = cipher.update(plaintext);
    // GCM is a stream mode: `final` yields no bytes, it only computes the tag.
    cipher.final();
    return Buffer.concat([iv, ciphertext, cipher.getAuthTag()]);
  }

  open(sealed: Uint8Array, aad: Uint8Array): Buffer | undefined {
    const tagAt = sealed.byteLength - AES_GCM_TAG_BYTES;
    if (tagAt < AES_GCM_IV_BYTES) return undefined;
    const iv = sealed.subarray(0, AES_GCM_IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, {
      authTagLength: AES_GCM_TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(tagAt));
    decipher.setAAD(aad);
    const plaintext = decipher.update(sealed.subarray(AES_GCM_IV_BYTES, tagAt));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      return undefined;
    }
    return plaintext;
  }

  openText(sealed: Uint8Array, aad: Uint8Array): string | undefined {
    const plaintext = this.open(sealed, aad);
    const text = plaintext?.toString();
    plaintext?.fill(0);
    return text;
  }
}
