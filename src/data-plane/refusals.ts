// Errors that the pipeline raises, in Key Vault's words, and the one place where what a schema found
// wrong becomes a BadParameter.

import { keyVaultErrors } from '#errors';
import { ApiError, type Refusals, type RequestPart, type Result, type SchemaError } from '#kernel';
import { LATEST_VERSION } from './api-version.ts';

export const vaultRefusals: Refusals = {
  unknownPath: () => new ApiError(keyVaultErrors.pathNotFound),
  methodNotAllowed: ({ method }) => new ApiError(keyVaultErrors.methodNotAllowed, { method }),
  apiVersion: (given) =>
    given === undefined
      ? new ApiError(keyVaultErrors.apiVersionMissing)
      : new ApiError(keyVaultErrors.apiVersionUnknown, { version: given, latest: LATEST_VERSION }),
  malformedJson: (cause) => new ApiError(keyVaultErrors.bodyMalformed, {}, { cause }),
  schema: (error) => badParameter(error),
  bodyTooLarge: () => new ApiError(keyVaultErrors.bodyTooLarge),
  internal: (cause) => new ApiError(keyVaultErrors.internal, {}, { cause }),
  throttled: () => new ApiError(keyVaultErrors.throttled),
};

/**
 * One line per property, as in recorded answers (`Property policy.x509_props has invalid value`).
 * Recorded answers to keys and secrets leave the name out; we say it.
 */
function badParameter(error: SchemaError): ApiError {
  const names = new Set(error.issues.map((issue) => issue.path.join('.')));
  if (names.has('') && isWhole(error.part)) return new ApiError(keyVaultErrors.bodyMissing);
  const lines = [...names].map((name) => `Property ${name} has invalid value\r\n`).join('');
  return new ApiError(keyVaultErrors.propertyInvalid, { lines }, { cause: error });
}

function isWhole(part: RequestPart): boolean {
  return part === 'body';
}

export function renderVaultError(error: ApiError): Result {
  const { code, inner } = error.definition;
  const innererror = inner === undefined ? undefined : { innererror: { code: inner } };
  return { status: error.status, body: { error: { code, message: error.message, ...innererror } } };
}
