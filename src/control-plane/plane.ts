// The management plane (`management.D`): Azure Resource Manager's dialect around the rows of the
// folders beside this file. It decides nothing about access itself; it says what to ask and how to
// refuse.
import { resourceAudiences, TokenRefused } from '#authentication';
import { anonymousGrant, authenticatedGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import {
  ApiError,
  type Authorization,
  type Grant,
  isGuid,
  type Plane,
  type RawRequest,
  type Result,
} from '#kernel';
import { tenantPartition } from '#storage';
import type { ArmRow } from './arm-row.ts';
import { checkContainers, checkVisibleContainers } from './containers.ts';
import { refuseLocked } from './locks/lock.ts';
import {
  callerOf,
  MANAGEMENT_TARGET,
  Management,
  type ManagementOptions,
  type ManagementTarget,
} from './management.ts';
import { armRefusals } from './refusals.ts';
import { managementRows } from './rows.ts';

export function managementPlane(options: ManagementOptions): Plane<ManagementTarget> {
  const management = new Management(options);
  const rows = managementRows(management);
  const byOperation = new Map(rows.map((row) => [row.operation, row]));
  const hostname = new URL(options.endpoints.management).hostname;
  const audiences = resourceAudiences(options.endpoints).management;
  return {
    name: 'management',
    operations: rows.map((row) => row.operation),
    accept: (host) => (host === hostname ? MANAGEMENT_TARGET : undefined),
    authenticate: async (request) => {
      try {
        return options.authenticator.authenticate(request.headers.authorization, audiences);
      } catch (error) {
        throw error instanceof TokenRefused ? unauthorized(management, error) : error;
      }
    },
    // Resource Manager has no firewall: network rules guard the data plane only.
    admit: () => undefined,
    authorize: (input) => {
      const row = byOperation.get(input.operation);
      if (row === undefined) throw new Error(`${input.operation.id} is not a row of this plane`);
      return authorize(management, row, input);
    },
    refusals: armRefusals,
    renderError,
    headers: (request) => answerHeaders(request),
    describe: ({ request }) => ({
      resourceId: request.path,
      objectId: request.origin + request.path,
    }),
  };
}

function authorize(
  management: Management,
  row: ArmRow,
  { operation, principal, request, params }: Authorization<ManagementTarget>,
): Grant {
  const { access } = operation;
  const partition = tenantPartition(management.tenantId);
  if (access.kind === 'anonymous') return anonymousGrant(NO_RECORDS, operation.id);
  const context = { principal, request };
  const caller = callerOf(context);
  const scope = row.scope(params);
  if (access.kind === 'authenticated') {
    checkVisibleContainers(management, context, scope);
    return authenticatedGrant(caller, partition, operation.id);
  }
  if (access.kind !== 'action') throw new Error(`${operation.id} has no control-plane action`);
  if (row.decidedBy === 'handler') {
    checkVisibleContainers(management, context, scope);
    return authenticatedGrant(caller, NO_RECORDS, operation.id);
  }
  const attributes = row.attributes(params);
  const grant = management.require(context, {
    action: access.action,
    scope,
    ...(attributes && { attributes }),
  });
  // Behind the decision: who may not do it learns neither what there is nor what is locked.
  checkContainers(management, scope);
  refuseLocked(management, { operation, scope });
  return grant;
}

/** A partition in which nothing is ever stored. */
const NO_RECORDS = 'none/';

function unauthorized(
  management: Management,
  { refusal, claimsChallenge }: TokenRefused,
): ApiError {
  const authority = `${management.endpoints.login}/${management.tenantId}`;
  const missing = refusal.code === 'missing';
  const definition = missing
    ? resourceManagerErrors.tokenMissing
    : refusal.code === 'expired'
      ? resourceManagerErrors.tokenExpired
      : refusal.code === 'audience'
        ? resourceManagerErrors.tokenAudience
        : resourceManagerErrors.tokenInvalid;
  const description = missing
    ? "The authentication failed because of missing 'Authorization' header."
    : 'Could not validate the access token.';
  const challenge =
    claimsChallenge === undefined
      ? `error="invalid_token", error_description="${description}"`
      : `error="insufficient_claims", claims="${claimsChallenge}"`;
  return new ApiError(
    definition,
    {},
    {
      headers: { 'WWW-Authenticate': `Bearer authorization_uri="${authority}", ${challenge}` },
      reason: refusal,
    },
  );
}

function renderError(error: ApiError, request: RawRequest): Result {
  const result = { status: error.status };
  // An answer to HEAD has no body.
  if (request.method === 'HEAD') return result;
  return { ...result, body: { error: { code: error.definition.code, message: error.message } } };
}

/** What ARM lets a subscription do in an hour; we do not count down, so the figures do not move. */
const REMAINING = { reads: '11999', writes: '1199', deletes: '14999' } as const;

function answerHeaders(request: RawRequest): Record<string, string> {
  const correlation = request.headers['x-ms-correlation-request-id'];
  const correlationId = correlation !== undefined && isGuid(correlation) ? correlation : request.id;
  const time = new Date(request.receivedAtMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const clientId = request.headers['x-ms-client-request-id'];
  const returned = request.headers['x-ms-return-client-request-id']?.toLowerCase() === 'true';
  return {
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    Expires: '-1',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Accept-Encoding',
    'x-ms-request-id': request.id,
    'x-ms-correlation-request-id': correlationId,
    'x-ms-routing-request-id': `LOCAL:${time}:${request.id}`,
    ...remaining(request.method),
    ...(returned && clientId !== undefined && isGuid(clientId)
      ? { 'x-ms-client-request-id': clientId }
      : {}),
  };
}

function remaining(method: string): Record<string, string> {
  const kind =
    method === 'GET' || method === 'HEAD' ? 'reads' : method === 'DELETE' ? 'deletes' : 'writes';
  return { [`x-ms-ratelimit-remaining-subscription-${kind}`]: REMAINING[kind] };
}
