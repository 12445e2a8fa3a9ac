// Errors that the pipeline raises, in Key Vault's words, and the one place where what a schema
// found wrong becomes a BadParameter.

import { TokenError } from '#cryptography';
import { keyVaultErrors } from '#errors';
import { ApiError, type Refusals, type Result, type SchemaError } from '#kernel';
import { LATEST_VERSION } from './api-version.ts';
import { invalidProperties } from './object/invalid-property.ts';

export const vaultRefusals: Refusals = {
  unknownPath: () => new ApiError(keyVaultErrors.pathNotFound),
  // Recorded: a POST to a key itself lacks an operation; to anything else it is not allowed.
  methodNotAllowed: ({ method, path }) =>
    method === 'POST' && /^\/+keys\/+[^/]+\/*$/i.test(path)
      ? new ApiError(keyVaultErrors.operationNotSpecified)
      : new ApiError(keyVaultErrors.methodNotAllowed, { method }),
  apiVersion: (given) =>
    given === undefined
      ? new ApiError(keyVaultErrors.apiVersionMissing)
      : new ApiError(keyVaultErrors.apiVersionUnknown, { version: given, latest: LATEST_VERSION }),
  malformedJson: (cause) => new ApiError(keyVaultErrors.bodyMalformed, {}, { cause }),
  schema: (error) => badParameter(error),
  bodyTooLarge: () => new ApiError(keyVaultErrors.bodyTooLarge),
  internal: (cause) =>
    cause instanceof TokenError && cause.code === 'unavailable'
      ? new ApiError(keyVaultErrors.hsmUnavailable, {}, { cause, headers: { 'Retry-After': '1' } })
      : new ApiError(keyVaultErrors.internal, {}, { cause }),
};

function badParameter(error: SchemaError): ApiError {
  const names = new Set(error.issues.map((issue) => issue.path.join('.')));
  return error.part === 'body' && names.has('')
    ? new ApiError(keyVaultErrors.bodyMissing)
    : invalidProperties([...names], error);
}

export function renderVaultError(error: ApiError): Result {
  const { code, inner } = error.definition;
  const innererror = inner === undefined ? undefined : { innererror: { code: inner } };
  return { status: error.status, body: { error: { code, message: error.message, ...innererror } } };
}
