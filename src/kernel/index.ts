export { ApiError, type ApiErrorOptions, type ErrorDefinition, fillMessage } from './api-error.ts';
export { type Clock, ManualClock, systemClock, unixSeconds } from './clock.ts';
export { decodeBase64Url, encodeBase64Url } from './encoding.ts';
export { assertIssued, Grant, type GrantDetails, issueGrant } from './grant.ts';
export { isGuid, newGuid, newVersion } from './ids.ts';
export {
  type Access,
  type ApiVersions,
  type Call,
  type CallContext,
  type Method,
  type Operation,
  type OperationRow,
  operation,
  type RawCall,
  type Result,
} from './operation.ts';
export type { Admission, Authorization, Description, Plane, Refusals } from './plane.ts';
export { describeCaller, type Principal, type PrincipalType } from './principal.ts';
export { BodyTooLarge, type RawRequest } from './request.ts';
export {
  parse,
  parseJson,
  parseSealed,
  type RequestPart,
  type Schema,
  SchemaError,
  type SchemaIssue,
  z,
} from './schema.ts';
export { isSameSecret } from './secret-equality.ts';
