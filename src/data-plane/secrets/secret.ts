// What a secret is, and the rules that need no storage.

import { secretErrors } from '#errors';
import { ApiError } from '#kernel';
import type { ObjectKind } from '../object/kind.ts';
import type { Found } from '../object/object-store.ts';

export const VALUE_BYTES_MAX = 25_600;
export const CONTENT_TYPE_CHARACTERS_MAX = 255;

export interface SecretListed {
  readonly contentType?: string;
}

export interface SecretContent {
  readonly value: string;
  /** Key of the certificate that this secret belongs to: `<name>/<version>`. */
  readonly certificateKey?: string;
}

export type FoundSecret = Found<SecretListed, SecretContent>;

export const secretKind: ObjectKind = { collection: 'secrets', errors: secretErrors };

/** Throws `SecretDisabled` if the version found is disabled. Expiry only informs, as in Azure. */
export function requireEnabled(found: FoundSecret, operation: string): void {
  if (!found.version.header.attributes.enabled) {
    throw new ApiError(secretErrors.disabled, { operation });
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  'application/x-pkcs12': 'PFX',
  'application/x-pem-file': 'PEM',
};

/** `PFX`, `PEM` or `Unsupported`, in the words of Azure's refusal. */
export function formatName(contentType: string | undefined): string {
  return (contentType !== undefined && FORMATS[contentType]) || 'Unsupported';
}
