// One thread's session with a PKCS#11 token. Keys are made, used and wrapped inside the token; what
// leaves it is wrapped by an AES key of the token's own that can neither be read nor wrapped. So a
// key is as durable as the record that holds its blob, is backed up with it, and leaves nothing
// behind when the record goes. Blocks while the token works: only `token-thread.ts` calls it.
import { createHash, createHmac } from 'node:crypto';
import pkcs11, { type Attribute, type Handle, type Mechanism, type PKCS11 } from 'pkcs11js';
import type { DecryptionScheme, DigestName, SigningMethod } from '../engine/engine.ts';
import { HandleCache } from './handle-cache.ts';
import { TokenError } from './token-error.ts';
import {
  cipherMechanism,
  decryptionMechanism,
  hmacMechanism,
  signingMechanism,
  wrapMechanism,
} from './token-mechanisms.ts';
import { openSession } from './token-session.ts';
import type {
  ClearKey,
  MadeKey,
  TokenAccess,
  TokenCipher,
  TokenKeySpec,
  WrappedKey,
} from './token-task.ts';
import {
  dataTemplate,
  importTemplate,
  privateTemplate,
  publicTemplate,
  secretTemplate,
} from './token-templates.ts';
import { ID_BYTES, WrappingKeys } from './wrapping-keys.ts';

/** No result of one operation is longer: an RSA-4096 blob has some 2,400 bytes. */
const RESULT_BYTES_MAX = 8192;

const KEY_TYPES = { RSA: pkcs11.CKK_RSA, EC: pkcs11.CKK_EC, oct: pkcs11.CKK_AES } as const;

export class Token {
  readonly #library: PKCS11;
  readonly #session: Handle;
  readonly #wrapping: WrappingKeys;
  readonly #handles: HandleCache;

  constructor(library: PKCS11, access: TokenAccess) {
    const session = openSession(library, access);
    this.#library = library;
    this.#session = session;
    this.#wrapping = new WrappingKeys(library, session);
    this.#handles = new HandleCache((handle) => library.C_DestroyObject(session, handle));
  }

  /** Whether it answers, with its wrapping keys in it. */
  isThere(): boolean {
    return this.#wrapping.areThere();
  }

  generate(spec: TokenKeySpec): MadeKey {
    if (spec.kty === 'oct') {
      const handle = this.#library.C_GenerateKey(
        this.#session,
        { mechanism: pkcs11.CKM_AES_KEY_GEN },
        [
          ...secretTemplate(pkcs11.CKK_AES, true),
          { type: pkcs11.CKA_VALUE_LEN, value: spec.sizeBits / 8 },
        ],
      );
      return { blob: this.#wrapAway(handle), publicMembers: {} };
    }
    const mechanism =
      spec.kty === 'RSA' ? pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN : pkcs11.CKM_EC_KEY_PAIR_GEN;
    const { publicKey, privateKey } = this.#library.C_GenerateKeyPair(
      this.#session,
      { mechanism },
      publicTemplate(spec),
      privateTemplate(KEY_TYPES[spec.kty], true),
    );
    const publicMembers = spec.kty === 'RSA' ? this.#rsa(publicKey) : this.#point(publicKey);
    this.#library.C_DestroyObject(this.#session, publicKey);
    return { blob: this.#wrapAway(privateKey), publicMembers };
  }

  /** → the wrapped key. Tokens may be set to refuse keys from outside. */
  import(key: ClearKey): Uint8Array {
    const template =
      key.kty === 'oct'
        ? [
            ...secretTemplate(pkcs11.CKK_AES, true),
            { type: pkcs11.CKA_VALUE, value: Buffer.from(key.bytes) },
          ]
        : importTemplate(key);
    return this.#wrapAway(this.#library.C_CreateObject(this.#session, template));
  }

  sign(key: WrappedKey, method: SigningMethod, digest: Uint8Array): Buffer {
    const { mechanism, data } = signingMechanism(method, digest);
    return this.#sign(this.#open(key), mechanism, data);
  }

  hmac(key: WrappedKey, hash: DigestName, message: Uint8Array): Buffer {
    const handle = this.#open(key, pkcs11.CKK_GENERIC_SECRET);
    return this.#sign(handle, hmacMechanism(hash), Buffer.from(message));
  }

  /**
   * `undefined`: does not open. RSA1_5 with bad padding gives a message that depends on nothing but
   * key and ciphertext, so that nothing tells good padding from bad (implicit rejection).
   */
  decrypt(key: WrappedKey, scheme: DecryptionScheme, ciphertext: Uint8Array): Buffer | undefined {
    const plaintext = this.#decrypt(this.#open(key), decryptionMechanism(scheme), ciphertext);
    if (scheme !== 'RSA1_5') return plaintext;
    const substitute = substituteMessage(key, ciphertext);
    return plaintext ?? substitute;
  }

  /** For GCM the tag stands behind the ciphertext. */
  encipher(key: WrappedKey, cipher: TokenCipher, plaintext: Uint8Array): Buffer {
    const handle = this.#open(key);
    const { mode } = cipher;
    if (mode !== 'kw' && mode !== 'kwp') {
      this.#library.C_EncryptInit(this.#session, cipherMechanism(cipher), handle);
      const room = Buffer.alloc(plaintext.byteLength + 64);
      return copyOf(this.#library.C_Encrypt(this.#session, Buffer.from(plaintext), room));
    }
    const object = this.#library.C_CreateObject(this.#session, dataTemplate(plaintext));
    try {
      return this.#wrap(wrapMechanism(mode), handle, object);
    } finally {
      this.#library.C_DestroyObject(this.#session, object);
    }
  }

  decipher(key: WrappedKey, cipher: TokenCipher, ciphertext: Uint8Array): Buffer | undefined {
    const handle = this.#open(key);
    const { mode } = cipher;
    if (mode !== 'kw' && mode !== 'kwp') {
      return this.#decrypt(handle, cipherMechanism(cipher), ciphertext);
    }
    return opened(() => {
      const object = this.#library.C_UnwrapKey(
        this.#session,
        wrapMechanism(mode),
        handle,
        Buffer.from(ciphertext),
        dataTemplate(),
      );
      try {
        return this.#read(object, pkcs11.CKA_VALUE);
      } finally {
        this.#library.C_DestroyObject(this.#session, object);
      }
    });
  }

  #sign(handle: Handle, mechanism: Mechanism, data: Buffer): Buffer {
    this.#library.C_SignInit(this.#session, mechanism, handle);
    const room = Buffer.alloc(RESULT_BYTES_MAX);
    return copyOf(this.#library.C_Sign(this.#session, data, room));
  }

  #decrypt(handle: Handle, mechanism: Mechanism, ciphertext: Uint8Array): Buffer | undefined {
    this.#library.C_DecryptInit(this.#session, mechanism, handle);
    const room = Buffer.alloc(ciphertext.byteLength + 64);
    return opened(() => {
      const input = Buffer.from(ciphertext);
      const plaintext = copyOf(this.#library.C_Decrypt(this.#session, input, room));
      room.fill(0);
      return plaintext;
    });
  }

  /** The wrapped key as an object for use; `keyType` only where octets serve another purpose. */
  #open(key: WrappedKey, keyType: number = KEY_TYPES[key.kty]): Handle {
    const id = createHash('sha256').update(key.blob).digest('hex') + keyType;
    return this.#handles.get(id, () => {
      const blob = Buffer.from(key.blob);
      const { handle, mechanism } = this.#wrapping.find(blob.subarray(0, ID_BYTES));
      const template: Attribute[] =
        key.kty === 'oct' ? secretTemplate(keyType, false) : privateTemplate(keyType, false);
      const wrapped = blob.subarray(ID_BYTES);
      try {
        return this.#library.C_UnwrapKey(this.#session, mechanism, handle, wrapped, template);
      } catch (cause) {
        const message = `the key does not unwrap: ${messageOf(cause)}`;
        throw new TokenError('foreignKey', message, { cause });
      }
    });
  }

  /** Wraps a new object and forgets it. */
  #wrapAway(object: Handle): Buffer {
    const { id, handle, mechanism } = this.#wrapping.current();
    try {
      return Buffer.concat([id, this.#wrap(mechanism, handle, object)]);
    } finally {
      this.#library.C_DestroyObject(this.#session, object);
    }
  }

  #wrap(mechanism: Mechanism, by: Handle, object: Handle): Buffer {
    const room = Buffer.alloc(RESULT_BYTES_MAX);
    return copyOf(this.#library.C_WrapKey(this.#session, mechanism, by, object, room));
  }

  #rsa(publicKey: Handle): Readonly<Record<string, string>> {
    const n = withoutZeros(this.#read(publicKey, pkcs11.CKA_MODULUS));
    const e = withoutZeros(this.#read(publicKey, pkcs11.CKA_PUBLIC_EXPONENT));
    return { n: n.toString('base64url'), e: e.toString('base64url') };
  }

  /** CKA_EC_POINT is a DER OCTET STRING of 04 ‖ x ‖ y; some tokens leave the DER out. */
  #point(publicKey: Handle): Readonly<Record<string, string>> {
    const value = this.#read(publicKey, pkcs11.CKA_EC_POINT);
    const size = COORDINATE_BYTES.find((bytes) => {
      const rest = value.length - (2 * bytes + 1);
      return rest >= 0 && rest <= 3 && value[rest] === 0x04;
    });
    if (size === undefined) throw new TokenError('failed', 'the token gave no uncompressed point');
    const x = value.subarray(value.length - 2 * size, value.length - size);
    const y = value.subarray(value.length - size);
    return { x: x.toString('base64url'), y: y.toString('base64url') };
  }

  #read(object: Handle, type: number): Buffer {
    const [attribute] = this.#library.C_GetAttributeValue(this.#session, object, [{ type }]);
    if (attribute === undefined) throw new TokenError('failed', 'the token gave no attribute');
    return copyOf(attribute.value);
  }
}

const COORDINATE_BYTES: readonly number[] = [66, 48, 32];

/** Answers of a token to a ciphertext that is none of this key's. */
const REJECTIONS: ReadonlySet<number> = new Set([
  pkcs11.CKR_ENCRYPTED_DATA_INVALID,
  pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE,
  pkcs11.CKR_DATA_INVALID,
  pkcs11.CKR_DATA_LEN_RANGE,
  pkcs11.CKR_WRAPPED_KEY_INVALID,
  pkcs11.CKR_WRAPPED_KEY_LEN_RANGE,
  // What SoftHSM says of a wrong padding or tag, and of an integrity check of a key wrap.
  pkcs11.CKR_GENERAL_ERROR,
]);

function opened(work: () => Buffer): Buffer | undefined {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof pkcs11.Pkcs11Error && REJECTIONS.has(cause.code)) return undefined;
    throw cause;
  }
}

/**
 * HMAC-SHA-256 under the blob, which only the sealed record holds: nobody outside can tell it from
 * a message, and the same ciphertext always gives the same.
 */
function substituteMessage(key: WrappedKey, ciphertext: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * 32 < ciphertext.byteLength + 32; counter += 1) {
    blocks.push(createHmac('sha256', key.blob).update(`${counter}.`).update(ciphertext).digest());
  }
  const [lengths = Buffer.alloc(32), ...stream] = blocks;
  const longest = ciphertext.byteLength - 11;
  return Buffer.concat(stream).subarray(0, lengths.readUInt32BE(0) % (longest + 1));
}

function copyOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}

function withoutZeros(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(Math.max(first, 0));
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown';
}
