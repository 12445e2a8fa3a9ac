// What the two implementations have in common: `native-engine.ts` over the addon,
// `portable-engine.ts` over node:crypto alone. Both take exactly what is named here and are held to
// the same vectors.
import type { KeyObject } from 'node:crypto';
import type { AesGcm } from './aes-gcm.ts';

export type DigestName = 'sha256' | 'sha384' | 'sha512';

/** How a given digest is signed. Callers have checked that it is as long as `digest` says. */
export type SigningMethod =
  /** RSASSA-PKCS1-v1_5; without `digest` the bytes are padded as they are (RSNULL). */
  | { readonly scheme: 'pkcs1'; readonly digest: DigestName | undefined }
  /** RSASSA-PSS, MGF1 with the same hash, salt as long as the digest (RFC 7518 §3.5). */
  | { readonly scheme: 'pss'; readonly digest: DigestName }
  /** ECDSA, signature r ‖ s, each as long as the curve's order (RFC 7518 §3.4). */
  | { readonly scheme: 'ecdsa'; readonly digest: DigestName };

export type DecryptionScheme = 'RSA1_5' | 'RSA-OAEP' | 'RSA-OAEP-256';

/**
 * A key made ready for use. What takes longer than about 0.1 ms runs off the main thread. A method
 * and a key that do not belong together, or a private operation on a public key, reject with an
 * Error: that is a bug in the caller, not an answer.
 */
export interface EngineKey {
  sign(method: SigningMethod, digest: Uint8Array): Promise<Buffer>;
  verify(method: SigningMethod, digest: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /**
   * `undefined`: not decryptable with this key. RSA1_5 with bad padding gives a random-looking
   * message instead, so that nothing tells good padding from bad (implicit rejection).
   */
  decrypt(scheme: DecryptionScheme, ciphertext: Uint8Array): Promise<Buffer | undefined>;
}

export interface Engine {
  readonly name: 'native' | 'portable';
  /** Copies `key` (32 bytes). */
  createAesGcm(key: Uint8Array): AesGcm;
  /**
   * A private or public key: RSA of 2048–4096 bits, or EC on P-256, P-384, P-521 or secp256k1.
   * Throws Error for any other.
   */
  openKey(key: KeyObject): EngineKey;
}

export const DIGEST_BYTES: Readonly<Record<DigestName, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
};
