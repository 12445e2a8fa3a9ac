// What the main thread and a token's threads say to each other: plain data only.
import type { DecryptionScheme, SigningMethod } from '../engine/engine.ts';
import type { CurveName } from '../key-material.ts';

/** Where the module is and how to sign in to its token. */
export interface TokenAccess {
  /** Path of the PKCS#11 module, a shared library. */
  readonly module: string;
  /** Label of the token, as `C_GetTokenInfo` names it. */
  readonly label: string;
  readonly pin: string;
}

export type TokenKeySpec =
  | { readonly kty: 'RSA'; readonly sizeBits: number; readonly publicExponent: number }
  | { readonly kty: 'EC'; readonly crv: CurveName }
  | { readonly kty: 'oct'; readonly sizeBits: number };

/** A key of the token outside the token: wrapped by a key that never leaves it. */
export interface WrappedKey {
  readonly kty: 'RSA' | 'EC' | 'oct';
  /** CKA_ID of the wrapping key and, behind it, what `C_WrapKey` gave. */
  readonly blob: Uint8Array;
}

export interface ClearPrivateKey {
  readonly kty: 'RSA' | 'EC';
  /** Members of its JWK, the private ones too. */
  readonly members: Readonly<Record<string, string | undefined>>;
}

export type ClearKey = ClearPrivateKey | { readonly kty: 'oct'; readonly bytes: Uint8Array };

export type TokenAesMode = 'gcm' | 'cbc' | 'cbcpad' | 'kw' | 'kwp';

/** Parameters as PKCS#11 wants them; lengths have been checked. */
export interface TokenCipher {
  readonly mode: TokenAesMode;
  readonly iv?: Uint8Array | undefined;
  readonly aad?: Uint8Array | undefined;
}

/** A task, and the connection that it is for. */
export interface SentTask {
  readonly epoch: number;
  readonly task: TokenTask;
}

/** What a thread starts with. `epoch` is shared: a task of an earlier one is not begun. */
export interface ThreadStart {
  readonly access: TokenAccess;
  readonly epoch: Int32Array;
}

export type TokenTask =
  /** Nothing but signing in. */
  | { readonly kind: 'open' }
  /** Ends the module for the whole process and starts it again. No other task may be running. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'generate'; readonly spec: TokenKeySpec }
  | { readonly kind: 'import'; readonly key: ClearKey }
  | {
      readonly kind: 'sign';
      readonly key: WrappedKey;
      readonly method: SigningMethod;
      readonly digest: Uint8Array;
    }
  | {
      readonly kind: 'decrypt';
      readonly key: WrappedKey;
      readonly scheme: DecryptionScheme;
      readonly ciphertext: Uint8Array;
    }
  | {
      readonly kind: 'hmac';
      readonly key: WrappedKey;
      readonly hash: 'sha256' | 'sha384' | 'sha512';
      readonly message: Uint8Array;
    }
  | {
      readonly kind: 'encipher' | 'decipher';
      readonly key: WrappedKey;
      readonly cipher: TokenCipher;
      readonly text: Uint8Array;
    };

/** A new key: wrapped, and its public part as a JWK's members (none of a symmetric key). */
export interface MadeKey {
  readonly blob: Uint8Array;
  readonly publicMembers: Readonly<Record<string, string>>;
}

export type TokenResult = MadeKey | Uint8Array | undefined;
