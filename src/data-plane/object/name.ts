// Names and versions of vault objects. Nothing that fails here ever becomes part of a storage path
// or of a scope, so a name cannot climb out of its place.

import { keyVaultErrors } from '#errors';
import { ApiError } from '#kernel';

// openapi: secret-name, key-name, certificate-name; length from `azure/facts/limits.json`.
const NAME = /^[0-9a-zA-Z-]{1,127}$/;
const VERSION = /^[0-9a-f]{32}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Returns the name as given. Throws `nameInvalid`. */
export function parseName(text: string): string {
  if (isName(text)) return text;
  throw new ApiError(keyVaultErrors.nameInvalid, { name: text });
}

/** Names compare without case (`azure/semantics.md` §4), so records are kept under this form. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/**
 * The version in its stored form; '' for the latest; `undefined` if no version can look like that.
 */
export function parseVersion(text: string): string | undefined {
  if (text === '') return '';
  const version = text.toLowerCase();
  return VERSION.test(version) ? version : undefined;
}
