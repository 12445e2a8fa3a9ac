// Errors of the host that tells everybody about certificates. The words are our own; what OCSP has
// to say stands in OCSP's answers.
import type { ErrorDefinition } from '#kernel';

function define(status: number, code: string, message: string): ErrorDefinition {
  return { status, code, message };
}

export const pkiErrors = {
  notFound: define(404, 'NotFound', 'There is nothing at this address.'),
  methodNotAllowed: define(405, 'MethodNotAllowed', 'This address does not take {method}.'),
  malformed: define(400, 'BadRequest', 'The request cannot be understood.'),
  tooLarge: define(413, 'RequestTooLarge', 'The request is too large.'),
  internal: define(500, 'InternalError', 'Something went wrong. It has been logged.'),
} as const;
