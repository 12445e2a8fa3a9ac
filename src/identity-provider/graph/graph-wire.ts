// Errors in Microsoft Graph's shape.
import type { ApiError, RawRequest, Result } from '#kernel';
import { correlationId } from '../oauth-wire.ts';

export function renderGraphError(
  error: ApiError,
  { request, nowMs }: { readonly request: RawRequest; readonly nowMs: number },
): Result {
  return {
    status: error.status,
    body: {
      error: {
        code: error.definition.code,
        message: error.message,
        innerError: {
          date: new Date(nowMs).toISOString().slice(0, 19),
          'request-id': request.id,
          'client-request-id': correlationId(request),
        },
      },
    },
  };
}
