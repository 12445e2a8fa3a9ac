// One audit event in Azure's AuditEvent schema, made from what the pipeline knows of one request.
// It holds no secret, no token and no body: only who asked for what, from where, and what came of
// it.
import { type GrantDetails, newGuid, type Principal, type RawRequest } from '#kernel';

/**
 * A record of Azure's `AuditEvent` category. Names, nesting and the text form of `durationMs` are
 * Azure's, so that what reads Key Vault's logs reads these (learn.microsoft.com, "Azure Key Vault
 * logging", and events captured from vaults in 2024).
 */
export interface AuditEvent {
  /** UTC, ISO 8601. */
  readonly time: string;
  readonly category: 'AuditEvent';
  readonly operationName: string;
  /**
   * `Success` for every request that was answered, a refusal too: that is how Azure logs a 403 or a
   * 404. The verdict stands in `resultSignature`. `Failure` only where the service itself failed.
   */
  readonly resultType: 'Success' | 'Failure';
  /** Reason phrase of the HTTP status, for example `Forbidden`. */
  readonly resultSignature: string;
  /** The message that the caller got, or empty. */
  readonly resultDescription: string;
  /** `x-ms-client-request-id` where the caller sent one, otherwise our own request id. */
  readonly correlationId: string;
  readonly callerIpAddress: string;
  readonly identity: { readonly claim: Readonly<Record<string, string>> };
  readonly properties: Readonly<Record<string, unknown>>;
  /** ARM id in upper case; empty for the planes that are no ARM resource. */
  readonly resourceId: string;
  /** The api-version asked for. */
  readonly operationVersion: string;
  /** Whole milliseconds, as text. */
  readonly durationMs: string;
}

/** What the pipeline hands over when a request has been dealt with. */
export interface AuditedRequest {
  readonly request: RawRequest;
  readonly plane: string;
  readonly operation: { readonly name: string; readonly apiVersion: string };
  readonly principal: Principal | undefined;
  readonly grant: GrantDetails | undefined;
  readonly resourceId: string;
  readonly objectId: string;
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly message: string | undefined;
  /** Why access was refused, machine-readable. Only here, never on the wire. */
  readonly reason: unknown;
  /** Properties that the operation adds. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
}

/** A caller chooses some of these texts; none may make a line as long as it likes. */
const TEXT_LENGTH_MAX = 1024;
const URI_LENGTH_MAX = 8192;

const REASON_PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function renderAuditEvent(audited: AuditedRequest): AuditEvent {
  const { request, status } = audited;
  return {
    time: new Date(request.receivedAtMs).toISOString(),
    category: 'AuditEvent',
    operationName: audited.operation.name,
    resultType: status < 500 ? 'Success' : 'Failure',
    resultSignature: REASON_PHRASES[status] ?? String(status),
    resultDescription: limit(audited.message ?? '', TEXT_LENGTH_MAX),
    correlationId: limit(request.headers['x-ms-client-request-id'] || request.id, TEXT_LENGTH_MAX),
    callerIpAddress: request.clientAddress,
    identity: { claim: claims(audited.principal) },
    properties: properties(audited),
    resourceId: audited.resourceId.toUpperCase(),
    operationVersion: limit(audited.operation.apiVersion, TEXT_LENGTH_MAX),
    durationMs: String(Math.round(audited.durationMs)),
  };
}

/** Work that time started, not a request: Azure logs scheduled rotations and expiry notices. */
export interface SystemWork {
  /** Name in the audit log, for example `KeyRotateIfDue`. */
  readonly operation: string;
  readonly resourceId: string;
  readonly objectId: string;
}

export function renderSystemEvent(work: SystemWork, at: { readonly timeMs: number }): AuditEvent {
  return {
    time: new Date(at.timeMs).toISOString(),
    category: 'AuditEvent',
    operationName: work.operation,
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    correlationId: newGuid(),
    callerIpAddress: '',
    identity: { claim: {} },
    properties: { id: limit(work.objectId, URI_LENGTH_MAX), httpStatusCode: 200 },
    resourceId: work.resourceId.toUpperCase(),
    operationVersion: '',
    durationMs: '0',
  };
}

function claims(principal: Principal | undefined): Readonly<Record<string, string>> {
  if (principal === undefined) return {};
  return { ...principal.claims, oid: principal.objectId, appid: principal.applicationId };
}

function properties(audited: AuditedRequest): Readonly<Record<string, unknown>> {
  const { request, reason } = audited;
  return {
    id: limit(audited.objectId, URI_LENGTH_MAX),
    clientInfo: limit(request.headers['user-agent'] ?? '', TEXT_LENGTH_MAX),
    requestUri: limit(requestUri(audited), URI_LENGTH_MAX),
    httpStatusCode: audited.status,
    ...verdict(audited),
    tlsVersion: request.tlsVersion,
    ...audited.details,
    // Ours, not Azure's: Azure keeps to itself why it refused.
    ...(reason !== undefined && { denialReason: reason }),
  };
}

/** Nothing secret belongs in a URL, but sign-in requests carry hints of who signs in: left out. */
function requestUri({ plane, request }: AuditedRequest): string {
  const query = plane === 'login' || request.queryText === '' ? '' : `?${request.queryText}`;
  return `${request.origin}${request.path}${query}`;
}

/** By which model access was given or refused. Each property appears only where it was decided. */
function verdict({ grant, errorCode }: AuditedRequest): Readonly<Record<string, unknown>> {
  switch (grant?.by) {
    case 'rbac':
      return {
        isRbacAuthorized: true,
        ...(grant.assignmentId && { appliedAssignmentId: hexId(grant.assignmentId) }),
        isAddressAuthorized: true,
      };
    case 'policy':
      return { isAccessPolicyMatch: true, isAddressAuthorized: true };
  }
  switch (errorCode) {
    case 'ForbiddenByRbac':
      return { isRbacAuthorized: false, isAddressAuthorized: true };
    case 'ForbiddenByPolicy':
    case 'AccessDenied':
      return { isAccessPolicyMatch: false, isAddressAuthorized: true };
    case 'ForbiddenByFirewall':
    case 'ForbiddenByConnection':
      return { isAddressAuthorized: false };
  }
  return {};
}

/** The assignment's GUID as Azure logs it: 32 hex digits without hyphens. */
function hexId(assignmentId: string): string {
  return assignmentId.slice(assignmentId.lastIndexOf('/') + 1).replaceAll('-', '');
}

function limit(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
