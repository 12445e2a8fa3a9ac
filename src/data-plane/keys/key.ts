// What a key is, and the rules that need neither storage nor cryptography.
import type { CurveName, PublicJwk } from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError } from '#kernel';
import { invalidProperties } from '../object/invalid-property.ts';
import type { ObjectKind } from '../object/kind.ts';
import type { Found } from '../object/object-store.ts';

/** `AKP`: post-quantum keys, an extension for vaults that opt in. */
export type KeyType = 'RSA' | 'EC' | 'RSA-HSM' | 'EC-HSM' | 'oct-HSM' | 'AKP';

export interface KeyListed {
  readonly kty: KeyType;
  readonly sizeBits: number;
  readonly exportable: boolean;
  /** Where the key is held, as Azure numbers it; absent: software. */
  readonly hsmPlatform?: string;
}

export interface ReleasePolicy {
  readonly contentType: string;
  /** base64url of the policy's JSON. */
  readonly data: string;
  readonly immutable: boolean;
}

export interface KeyContent {
  readonly publicJwk: PublicJwk;
  /** Members of an imported EC key that were written otherwise: without leading zeros, say. */
  readonly written?: { readonly crv?: string; readonly x?: string; readonly y?: string };
  readonly keyOps: readonly string[];
  /** base64 of what the provider saved, secret: it never leaves but in sealed records. */
  readonly material: string;
  /** Name of the provider that holds the key; absent: software. */
  readonly provider?: string;
  readonly releasePolicy?: ReleasePolicy;
}

export type FoundKey = Found<KeyListed, KeyContent>;

export const keyKind: ObjectKind = { collection: 'keys', errors: keyErrors };

export const KEY_OPERATIONS: readonly string[] = [
  ...['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey', 'import', 'export'],
  ...['secureWrapKey', 'secureUnwrapKey'],
];

/** For trusted environments only: such a key has a release policy without being exportable. */
export function isSecureWrapping(keyOps: readonly string[]): boolean {
  return keyOps.includes('secureWrapKey') || keyOps.includes('secureUnwrapKey');
}

/** Uses that a key has alone and for good: with another beside it, it would protect nothing. */
const EXCLUSIVE: readonly (readonly string[])[] = [
  // With `unwrapKey` as well nobody would have to prove what he is.
  ['secureWrapKey', 'secureUnwrapKey'],
  // With `decrypt` as well a key that was brought wrapped could be read.
  ['import'],
];

/** Throws BadParameter where an exclusive use meets another, or the key had another before. */
export function requireOneUse(keyOps: readonly string[], before = keyOps): void {
  for (const uses of EXCLUSIVE) {
    const isIt = keyOps.some((operation) => uses.includes(operation));
    const isMixed = isIt && keyOps.some((operation) => !uses.includes(operation));
    const was = before.some((operation) => uses.includes(operation));
    if (isMixed || isIt !== was) throw invalidProperties(['key_ops']);
  }
}

/** A key that only unwraps imported keys lives two days (recorded: exp − created = 172,800 s). */
export const IMPORT_KEY_SECONDS = 172_800;

type OperationSet = 'RSA' | 'EC' | 'oct' | 'ML-DSA' | 'ML-KEM';

// Recorded defaults (`azure/semantics.md` §4), and our own for the keys that Azure lacks.
const DEFAULT_OPERATIONS: Readonly<Record<OperationSet, readonly string[]>> = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
  oct: ['wrapKey', 'unwrapKey', 'decrypt', 'encrypt'],
  'ML-DSA': ['sign', 'verify'],
  'ML-KEM': ['wrapKey', 'unwrapKey'],
};

/** `alg` is that of a post-quantum key. */
export function defaultKeyOps(kty: KeyType, alg?: string | null): readonly string[] {
  if (kty === 'AKP') return DEFAULT_OPERATIONS[alg?.startsWith('ML-KEM') ? 'ML-KEM' : 'ML-DSA'];
  return DEFAULT_OPERATIONS[baseType(kty)];
}

export function baseType(kty: Exclude<KeyType, 'AKP'>): 'RSA' | 'EC' | 'oct' {
  return kty.startsWith('RSA') ? 'RSA' : kty.startsWith('EC') ? 'EC' : 'oct';
}

export const CURVES: readonly CurveName[] = ['P-256', 'P-384', 'P-521', 'P-256K'];

export function isHardware(kty: KeyType): boolean {
  return kty.endsWith('-HSM');
}

// Still allowed outside nbf and exp (DOC includes/key-attributes.md): what was made can be used up.
const TIMELESS: ReadonlySet<string> = new Set([
  ...['decrypt', 'unwrapKey', 'verify', 'secureUnwrapKey'],
]);

/**
 * Throws KeyDisabled, KeyOperationForbidden, or Forbidden outside the key's validity. A disabled
 * key does nothing at all: one report says that Azure still verifies with it, the documents not.
 */
export function requireUsable(found: FoundKey, operation: string, nowSeconds: number): void {
  const { header, content } = found.version;
  const { enabled, nbf, exp } = header.attributes;
  if (!enabled) throw new ApiError(keyErrors.disabled, { operation });
  if (!content.keyOps.includes(operation)) {
    throw new ApiError(keyErrors.operationForbidden, { operation });
  }
  if (TIMELESS.has(operation)) return;
  if (nbf !== undefined && nowSeconds < nbf)
    throw new ApiError(keyErrors.notYetValid, { operation });
  if (exp !== undefined && nowSeconds >= exp) throw new ApiError(keyErrors.expired, { operation });
}

export interface ReleasePolicyChange {
  readonly exportable: boolean;
  readonly keyOps: readonly string[];
  readonly before: ReleasePolicy | undefined;
  readonly given: ReleasePolicy | undefined;
}

/** The policy that holds from now on. Throws AKV.SKR.1004, 1005 or 1020. */
export function decideReleasePolicy(change: ReleasePolicyChange): ReleasePolicy | undefined {
  const { exportable, keyOps, before, given } = change;
  if (given !== undefined && before?.immutable) {
    throw new ApiError(keyErrors.releasePolicyImmutable);
  }
  if (given !== undefined && !exportable && !isSecureWrapping(keyOps)) {
    throw new ApiError(keyErrors.policyWithoutExportable);
  }
  const after = given ?? before;
  if (after === undefined && exportable) throw new ApiError(keyErrors.exportableWithoutPolicy);
  return after;
}
