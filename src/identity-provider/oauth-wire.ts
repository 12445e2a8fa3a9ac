// Errors in Entra's OAuth shape. MSAL reads `error`, `error_codes`, `suberror` and the text.
import { type ApiError, isGuid, type RawRequest, type Result } from '#kernel';

export function renderOAuthError(
  error: ApiError,
  request: RawRequest,
  input: { readonly login: string; readonly nowMs: number },
): Result {
  const { code, inner = '' } = error.definition;
  const number = Number(inner.slice('AADSTS'.length));
  const { description, timestamp } = describeError(error, request, input.nowMs);
  return {
    status: error.status,
    body: {
      error: code,
      error_description: description,
      error_codes: inner === '' ? [] : [number],
      timestamp,
      trace_id: request.id,
      correlation_id: correlationId(request),
      ...(inner === '' ? {} : { error_uri: `${input.login}/error?code=${number}` }),
    },
    headers: { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' },
  };
}

/** Entra's `error_description`: number, text, and where to find the request in the logs. */
export function describeError(
  error: ApiError,
  request: RawRequest,
  nowMs: number,
): { readonly description: string; readonly timestamp: string } {
  const { inner = '' } = error.definition;
  const timestamp = `${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const description = [
    inner === '' ? error.message : `${inner}: ${error.message}`,
    `Trace ID: ${request.id}`,
    `Correlation ID: ${correlationId(request)}`,
    `Timestamp: ${timestamp}`,
  ].join('\r\n');
  return { description, timestamp };
}

/**
 * The client's own id for the request if it sent one, so that both sides can find it in their logs.
 */
export function correlationId(request: RawRequest): string {
  const given = request.headers['client-request-id'] ?? request.query['client-request-id'] ?? '';
  return isGuid(given) ? given : request.id;
}
