// Loads the native addon if there is one. Only `native-engine.ts` calls it; what it exports is
// described in native/*.h and checked there, in C, argument by argument.
import { createRequire } from 'node:module';

/** The addon's own key objects. JavaScript can hold them and hand them back, nothing else. */
export interface NativeHandle {
  readonly native: 'handle';
}

export interface NativeAddon {
  readonly interfaceVersion: number;
  gcmKey(key: Uint8Array): NativeHandle;
  gcmSeal(key: NativeHandle, plaintext: Uint8Array, aad: Uint8Array): Buffer;
  gcmOpen(key: NativeHandle, sealed: Uint8Array, aad: Uint8Array): Buffer | undefined;
  gcmOpenText(key: NativeHandle, sealed: Uint8Array, aad: Uint8Array): string | undefined;
  importPrivateKey(pkcs8: Uint8Array): NativeHandle;
  importPublicKey(spki: Uint8Array): NativeHandle;
  sign(key: NativeHandle, scheme: number, hash: number, digest: Uint8Array): Promise<Buffer>;
  signSync(key: NativeHandle, scheme: number, hash: number, digest: Uint8Array): Buffer;
  verify(...input: VerifyInput): Promise<boolean>;
  verifySync(...input: VerifyInput): boolean;
  decrypt(
    key: NativeHandle,
    scheme: number,
    hash: number,
    ciphertext: Uint8Array,
  ): Promise<Buffer | undefined>;
}

type VerifyInput = [
  key: NativeHandle,
  scheme: number,
  hash: number,
  digest: Uint8Array,
  signature: Uint8Array,
];

const INTERFACE_VERSION = 1;
const FUNCTIONS = [
  'gcmKey',
  'gcmSeal',
  'gcmOpen',
  'gcmOpenText',
  'importPrivateKey',
  'importPublicKey',
  'sign',
  'signSync',
  'verify',
  'verifySync',
  'decrypt',
] as const;

/** `undefined` if none was built, or it is not for this program or this Node. */
export function loadNativeAddon(): NativeAddon | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)('../../../build/native.cjs');
    return isNativeAddon(loaded) ? loaded : undefined;
  } catch {
    return undefined;
  }
}

function isNativeAddon(value: unknown): value is NativeAddon {
  if (typeof value !== 'object' || value === null) return false;
  if (!('interfaceVersion' in value) || value.interfaceVersion !== INTERFACE_VERSION) return false;
  const members = new Map(Object.entries(value));
  return FUNCTIONS.every((name) => typeof members.get(name) === 'function');
}
