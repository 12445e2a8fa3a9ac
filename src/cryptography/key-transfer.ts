// Keys on their way between two places that do not trust the road: PKCS#11's RSA-AES key wrap. A
// fresh AES-256 key goes under the receiver's RSA key (OAEP), the key itself under that (RFC 5649).
// Key Vault imports keys so (BYOK), and releases them so (secure key release).
import {
  constants,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { seal, unseal } from './aes-modes.ts';
import { isPublicExponent } from './generate-key.ts';
import { importJwk, importPkcs8, type PrivateJwk } from './import-key.ts';
import { KeyError } from './key-error.ts';
import { engineKey, type KeyMaterial, keyObject, publicJwk } from './key-material.ts';
import { SoftwareSymmetricKey } from './symmetric-key.ts';

export type TransferHash = 'sha1' | 'sha256' | 'sha384';

/** An RSA public key as a JSON Web Key; other members are not looked at. */
export interface RecipientJwk {
  readonly n: string;
  readonly e: string;
}

const AES_KEY_BYTES = 32;
const RECIPIENT_BITS_MIN = 2048;
const RECIPIENT_BITS_MAX = 4096;
const OCT_BYTES: readonly number[] = [16, 24, 32];
const NOTHING = { iv: undefined, aad: undefined } as const;

/** KeyError `unsupportedKeySize` or `malformedField` if it is not an RSA key of 2048–4096 bits. */
export function readRecipient({ n, e }: RecipientJwk): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  } catch {
    throw new KeyError('malformedField', 'n');
  }
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const fits = modulusLength >= RECIPIENT_BITS_MIN && modulusLength <= RECIPIENT_BITS_MAX;
  if (!isPublicExponent(publicExponent)) throw new KeyError('unsupportedPublicExponent', 'e');
  if (!fits) throw new KeyError('unsupportedKeySize', 'n');
  return key;
}

/** PKCS#8, or the octets of a symmetric key, for nobody but the recipient. */
export async function wrapForTransfer(
  key: KeyMaterial,
  to: { readonly recipient: KeyObject; readonly hash: TransferHash },
): Promise<Buffer> {
  const secret = keyObject(key);
  const plain =
    key.kty === 'oct' ? secret.export() : secret.export({ format: 'der', type: 'pkcs8' });
  const aesBytes = randomBytes(AES_KEY_BYTES);
  try {
    const aes = new SoftwareSymmetricKey(createSecretKey(aesBytes));
    const { ciphertext } = await seal({ mode: 'kwp', key: aes, plaintext: plain, ...NOTHING });
    return Buffer.concat([encryptTo(to.recipient, to.hash, aesBytes), ciphertext]);
  } finally {
    aesBytes.fill(0);
    plain.fill(0);
  }
}

/** Bytes under RSA-OAEP for nobody but the recipient. */
export function encryptTo(recipient: KeyObject, hash: TransferHash, bytes: Uint8Array): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key: recipient, padding, oaepHash: hash }, bytes);
}

/**
 * The inverse, with the private key of the receiver (its OAEP hash is SHA-1, as the BYOK
 * specification has it). KeyError `undecryptable` for whatever does not open, otherwise what
 * `importJwk` finds wrong with the key inside.
 */
export async function unwrapTransfer(
  receiver: KeyMaterial,
  wrapped: { readonly kty: 'RSA' | 'EC' | 'oct'; readonly ciphertext: Uint8Array },
): Promise<KeyMaterial> {
  const { kty, ciphertext } = wrapped;
  const headBytes = receiver.sizeBits / 8;
  const head = ciphertext.subarray(0, headBytes);
  const aesBytes = await engineKey(receiver).decrypt('RSA-OAEP', head);
  if (aesBytes === undefined || !OCT_BYTES.includes(aesBytes.byteLength)) {
    throw new KeyError('undecryptable', 'key_hsm');
  }
  const key = new SoftwareSymmetricKey(createSecretKey(aesBytes));
  aesBytes.fill(0);
  const rest = ciphertext.subarray(headBytes);
  const plain = await unseal({ mode: 'kwp', key, ciphertext: rest, tag: undefined, ...NOTHING });
  try {
    const material =
      kty === 'oct'
        ? await importJwk({ kty, k: plain.toString('base64url') })
        : await importPkcs8(plain);
    if (material.kty !== kty) throw new KeyError('unsupportedKeyType', 'kty');
    return material;
  } finally {
    plain.fill(0);
  }
}

/** With the private part, to be handed to another provider and nowhere else. */
export function exportJwk(material: KeyMaterial): PrivateJwk {
  const jwk = keyObject(material).export({ format: 'jwk' });
  return { ...jwk, ...publicJwk(material) };
}
