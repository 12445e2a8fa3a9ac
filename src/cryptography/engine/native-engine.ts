// The engine over the native addon: OpenSSL's own EVP calls on a digest, on threads of the addon's
// where they are slow (`native/lanes.h`).
import type { KeyObject } from 'node:crypto';
import type { AesGcm } from './aes-gcm.ts';
import type { DecryptionScheme, Engine, EngineKey, SigningMethod } from './engine.ts';
import { keySizeBytes } from './key-size.ts';
import type { NativeAddon, NativeHandle } from './native-addon.ts';

// The numbers of native/operation.h.
const SCHEME = { pkcs1: 1, pss: 2, ecdsa: 3 } as const;
const HASH_BITS = { sha256: 256, sha384: 384, sha512: 512 } as const;
const DECRYPTION = {
  RSA1_5: { scheme: 4, hash: 0 },
  'RSA-OAEP': { scheme: 5, hash: 1 },
  'RSA-OAEP-256': { scheme: 5, hash: 256 },
} as const;

export function createNativeEngine(addon: NativeAddon): Engine {
  return {
    name: 'native',
    createAesGcm: (key) => new NativeAesGcm(addon, addon.gcmKey(key)),
    openKey: (key) => new NativeKey(addon, key),
  };
}

class NativeAesGcm implements AesGcm {
  readonly #addon: NativeAddon;
  readonly #key: NativeHandle;

  constructor(addon: NativeAddon, key: NativeHandle) {
    this.#addon = addon;
    this.#key = key;
  }

  seal(plaintext: Uint8Array, aad: Uint8Array): Buffer {
    return this.#addon.gcmSeal(this.#key, plaintext, aad);
  }

  open(sealed: Uint8Array, aad: Uint8Array): Buffer | undefined {
    return this.#addon.gcmOpen(this.#key, sealed, aad);
  }

  openText(sealed: Uint8Array, aad: Uint8Array): string | undefined {
    return this.#addon.gcmOpenText(this.#key, sealed, aad);
  }
}

class NativeKey implements EngineKey {
  readonly #addon: NativeAddon;
  readonly #handle: NativeHandle;
  // RSA verification takes 25–80 µs, P-256 30 (sign) and 90 (verify): a trip to a thread and
  // back would cost more than it frees. The other curves take 0.4–4 ms.
  readonly #signsAtOnce: boolean;
  readonly #verifiesAtOnce: boolean;
  readonly #keyBytes: number;
  readonly #signatureBytes: number;

  constructor(addon: NativeAddon, key: KeyObject) {
    this.#addon = addon;
    this.#handle = importKey(addon, key);
    const isRsa = key.asymmetricKeyType === 'rsa';
    this.#keyBytes = keySizeBytes(key);
    this.#signatureBytes = this.#keyBytes * (isRsa ? 1 : 2);
    const isP256 = key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    this.#signsAtOnce = isP256;
    this.#verifiesAtOnce = isP256 || isRsa;
  }

  async sign(method: SigningMethod, digest: Uint8Array): Promise<Buffer> {
    const [scheme, hash] = numbers(method);
    return this.#signsAtOnce
      ? this.#addon.signSync(this.#handle, scheme, hash, digest)
      : await this.#addon.sign(this.#handle, scheme, hash, digest);
  }

  async verify(method: SigningMethod, digest: Uint8Array, signature: Uint8Array): Promise<boolean> {
    if (signature.byteLength !== this.#signatureBytes) return false;
    const [scheme, hash] = numbers(method);
    return this.#verifiesAtOnce
      ? this.#addon.verifySync(this.#handle, scheme, hash, digest, signature)
      : await this.#addon.verify(this.#handle, scheme, hash, digest, signature);
  }

  async decrypt(name: DecryptionScheme, ciphertext: Uint8Array): Promise<Buffer | undefined> {
    // No ciphertext of this key is of another length; the addon has a limit of its own.
    if (ciphertext.byteLength !== this.#keyBytes) return undefined;
    const { scheme, hash } = DECRYPTION[name];
    return await this.#addon.decrypt(this.#handle, scheme, hash, ciphertext);
  }
}

function numbers(method: SigningMethod): readonly [scheme: number, hash: number] {
  return [SCHEME[method.scheme], method.digest === undefined ? 0 : HASH_BITS[method.digest]];
}

function importKey(addon: NativeAddon, key: KeyObject): NativeHandle {
  if (key.type === 'public') {
    return addon.importPublicKey(key.export({ format: 'der', type: 'spki' }));
  }
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  try {
    return addon.importPrivateKey(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}
