// What a key is, and the rules that need neither storage nor cryptography.
import type { CurveName, PublicJwk } from '#cryptography';
import { keyErrors } from '#errors';
import { ApiError } from '#kernel';
import type { ObjectKind } from '../object/kind.ts';
import type { Found } from '../object/object-store.ts';

export type KeyType = 'RSA' | 'EC' | 'RSA-HSM' | 'EC-HSM' | 'oct-HSM';

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

/** A key that only unwraps imported keys lives two days (recorded: exp − created = 172,800 s). */
export const IMPORT_KEY_SECONDS = 172_800;

// Recorded defaults (`azure/semantics.md` §4).
const DEFAULT_OPERATIONS: Readonly<Record<'RSA' | 'EC' | 'oct', readonly string[]>> = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
  oct: ['wrapKey', 'unwrapKey', 'decrypt', 'encrypt'],
};

export function defaultKeyOps(kty: 'RSA' | 'EC' | 'oct'): readonly string[] {
  return DEFAULT_OPERATIONS[kty];
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
