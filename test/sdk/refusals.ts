// What Azure's clients throw when the service refuses, read from the answer they keep.
import assert from 'node:assert/strict';
import { z } from '#kernel';

// The client's own spelling of the wire's `innererror`.
const INNER = z.object({
  error: z.object({ innerError: z.object({ code: z.string() }).nullish() }),
});

const REST_ERROR = z.object({
  statusCode: z.number(),
  code: z.string(),
  details: z.unknown(),
});

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly inner: string | undefined;
  readonly message: string;
}

/** The refusal that the call met; fails if it was answered, or failed in any other way. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof Error, 'the call was expected to be refused, but it was answered');
  const rest = REST_ERROR.safeParse(thrown);
  if (!rest.success) throw thrown;
  const { statusCode, code, details } = rest.data;
  const inner = INNER.safeParse(details).data?.error.innerError?.code;
  return { status: statusCode, code, inner, message: thrown.message };
}

export interface Expected {
  readonly status: number;
  readonly code: string;
  readonly inner?: string;
}

/** The call is refused with exactly this. */
export async function assertRefused(call: Promise<unknown>, expected: Expected): Promise<Refusal> {
  const met = await refusal(call);
  assert.deepEqual(
    { status: met.status, code: met.code, inner: met.inner },
    { status: expected.status, code: expected.code, inner: expected.inner },
    met.message,
  );
  return met;
}

export const SECRET_NOT_FOUND = { status: 404, code: 'SecretNotFound' } as const;
export const BY_POLICY = { status: 403, code: 'Forbidden', inner: 'ForbiddenByPolicy' } as const;
export const BY_RBAC = { status: 403, code: 'Forbidden', inner: 'ForbiddenByRbac' } as const;
export const BY_FIREWALL = {
  status: 403,
  code: 'Forbidden',
  inner: 'ForbiddenByFirewall',
} as const;
export const ACTION_DENIED = { status: 403, code: 'AuthorizationFailed' } as const;
