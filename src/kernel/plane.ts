// What the pipeline asks of a plane (a host's worth of operations). The pipeline owns the order of
// the stages; a plane supplies what each stage means there. The planes live in `data-plane/`,
// `control-plane/`, `identity-provider/` and `pki/`.
import type { ApiError } from './api-error.ts';
import type { Grant } from './grant.ts';
import type { Operation, Result } from './operation.ts';
import type { Principal } from './principal.ts';
import type { RawRequest } from './request.ts';
import type { SchemaError } from './schema.ts';

export interface Plane<Target> {
  /** `login`, `management`, `graph`, `vault`, `pki`. */
  readonly name: string;
  readonly operations: readonly Operation<Target>[];
  /** Lower-case header by which a POST may stand for another verb (Key Vault: `x-http-method`). */
  readonly methodOverrideHeader?: string;
  /** Whether `/a//b` is `/a/b`. */
  readonly mergesSlashes?: boolean;
  /** The target this host names, or `undefined` if the host is not this plane's. */
  accept(hostname: string): Target | undefined;
  /**
   * Token → principal; throws the plane's 401 (with its challenge). Runs for unknown paths too.
   * `undefined` on a plane that has anonymous rows only: any other row is then as if unknown.
   */
  authenticate(request: RawRequest, target: Target): Promise<Principal | undefined>;
  /** Network rules; throws the plane's 403. */
  admit(input: Admission<Target>): void;
  /** The access decision; throws the plane's 403. */
  authorize(input: Authorization<Target>): Grant;
  /** Errors that the pipeline itself has to raise, in the plane's dialect. */
  readonly refusals: Refusals;
  /** Any error → answer in the plane's dialect. */
  renderError(error: ApiError, request: RawRequest, target: Target | undefined): Result;
  /** Headers that every answer of this plane carries. */
  headers(
    request: RawRequest,
    target: Target | undefined,
    grant: Grant | undefined,
  ): Readonly<Record<string, string>>;
  /** What the audit event says of the target: resource id and object URI. */
  describe(input: Description<Target>): { readonly resourceId: string; readonly objectId: string };
}

export interface Admission<Target> {
  readonly request: RawRequest;
  readonly target: Target;
  readonly principal: Principal | undefined;
  readonly operation: Operation<Target>;
}

export interface Authorization<Target> extends Admission<Target> {
  readonly params: Readonly<Record<string, string>>;
}

export interface Description<Target> {
  readonly request: RawRequest;
  readonly target: Target | undefined;
  readonly params: Readonly<Record<string, string>>;
}

export interface Refusals {
  unknownPath(request: RawRequest): ApiError;
  methodNotAllowed(request: RawRequest): ApiError;
  apiVersion(given: string | undefined, request: RawRequest): ApiError;
  malformedJson(cause: unknown): ApiError;
  schema(error: SchemaError, request: RawRequest): ApiError;
  bodyTooLarge(): ApiError;
  internal(cause: unknown): ApiError;
}
