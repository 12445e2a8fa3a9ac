// `BadParameter` for properties of a body that do not fit.
import { keyVaultErrors } from '#errors';
import { ApiError } from '#kernel';

/**
 * One line per property, as in recorded answers (`Property policy.x509_props has invalid value`).
 * Recorded answers to keys and secrets leave the name out; we say it, and never the value.
 */
export function invalidProperties(names: readonly string[], cause?: unknown): ApiError {
  const lines = names.map((name) => `Property ${name} has invalid value\r\n`).join('');
  return new ApiError(keyVaultErrors.propertyInvalid, { lines }, { cause });
}
