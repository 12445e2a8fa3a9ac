// Chooses between the native addon and node:crypto, once, for the whole process.
import { AES_GCM_KEY_BYTES, type AesGcm } from './aes-gcm.ts';
import type { Engine } from './engine.ts';
import { loadNativeAddon } from './native-addon.ts';
import { createNativeEngine } from './native-engine.ts';
import { createPortableEngine } from './portable-engine.ts';

export type Implementation = 'native' | 'fallback' | 'auto';

let wanted: Implementation = 'auto';
let chosen: Engine | undefined;

/**
 * Settles the choice; to be called before anything is sealed, opened, signed or generated, and
 * Error if it comes later. `native` throws Error where the addon is missing; `auto`, which is what
 * happens without a call, then falls back.
 */
export function selectImplementation(implementation: Implementation): void {
  if (chosen !== undefined && implementation !== wanted) {
    throw new Error('cryptography is already in use');
  }
  wanted = implementation;
  engine();
}

/** Whether the native addon is in use. Settles the choice if nothing has yet. */
export function usingNative(): boolean {
  return engine().name === 'native';
}

/** The engine in use. Only for this folder. */
export function engine(): Engine {
  chosen ??= choose(wanted);
  return chosen;
}

/** Takes a copy of `key` (32 bytes, else RangeError): the caller may wipe its own. */
export function createAesGcm(key: Uint8Array): AesGcm {
  if (key.byteLength !== AES_GCM_KEY_BYTES) throw new RangeError('AES-256-GCM needs a 32-byte key');
  return engine().createAesGcm(key);
}

function choose(implementation: Implementation): Engine {
  const addon = implementation === 'fallback' ? undefined : loadNativeAddon();
  if (addon !== undefined) return createNativeEngine(addon);
  if (implementation === 'native') {
    throw new Error('the native addon is not built: run tools/build-native.mjs');
  }
  return createPortableEngine();
}
