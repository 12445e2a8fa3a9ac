// One row per operation: everything the product knows about one call stands in its row. The
// pipeline reads the row to route, gate the api-version, authenticate, authorize, parse, audit and
// answer; a handler runs only when all of that has passed.
import type { ErrorDefinition } from './api-error.ts';
import type { Grant } from './grant.ts';
import type { Principal } from './principal.ts';
import type { RawRequest } from './request.ts';
import { parse, type Schema, unchecked } from './schema.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a caller must be allowed to do before the row's handler runs. */
export type Access =
  /** No token is looked at. */
  | { readonly kind: 'anonymous' }
  /** Any valid token; the handler shows only what the caller may see. */
  | { readonly kind: 'authenticated' }
  /** A control-plane action at the scope that the path names. */
  | { readonly kind: 'action'; readonly action: string }
  /** A data action, or an access-policy permission, at the vault or at one object in it. */
  | {
      readonly kind: 'data';
      readonly action: string;
      /** Data actions that are enough on their own as well. */
      readonly alternatives?: readonly string[];
      /** Access-policy permissions, any of which is enough, for example `secrets/get`. */
      readonly policy: readonly string[];
      readonly at: 'vault' | 'object';
    }
  /** A Microsoft Graph permission, held through a directory role. */
  | { readonly kind: 'directory'; readonly permission: string };

/** Which api-versions a row answers. */
export interface ApiVersions {
  /** `false` where the plane has no api-version parameter at all. */
  readonly required: boolean;
  accepts(version: string): boolean;
}

export interface Result {
  /** Overrides the row's success status, for example 201 for a PUT that created. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Rendered as JSON. Absent: an empty body. */
  readonly body?: unknown;
  /** A body that is not JSON, for example a page. */
  readonly text?: { readonly contentType: string; readonly content: string };
  /** A body that is not text, for example a certificate. */
  readonly bytes?: { readonly contentType: string; readonly content: Uint8Array };
  /** Properties this operation adds to its audit event. */
  readonly audit?: Readonly<Record<string, unknown>>;
}

export interface CallContext<Target> {
  readonly request: RawRequest;
  readonly apiVersion: string;
  /** What the host or path named, for example the vault. */
  readonly target: Target;
  readonly principal: Principal | undefined;
  readonly grant: Grant;
}

export interface Call<Target, P, Q, B> extends CallContext<Target> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

interface RowBase {
  /** The specification's operationId, for example `GetSecret`; unique in its plane. */
  readonly id: string;
  readonly method: Method;
  /** Path template as the specification has it. `{scope}` matches any number of segments. */
  readonly path: string;
  readonly versions: ApiVersions;
  readonly access: Access;
  /** Name in the audit log, for example `SecretGet`. */
  readonly audit: string;
  readonly success: number;
  /** Errors of its own that the row can answer, beyond those every row has. */
  readonly errors: readonly ErrorDefinition[];
  /** `bytes`: the body as it came, an Uint8Array. Absent: JSON. */
  readonly bodyFormat?: 'json' | 'form' | 'bytes';
}

export interface OperationRow<Target, P, Q, B> extends RowBase {
  readonly params?: Schema<P>;
  readonly query?: Schema<Q>;
  /** Absent: the body is not read. */
  readonly body?: Schema<B>;
  readonly handle: (call: Call<Target, P, Q, B>) => Promise<Result> | Result;
}

export interface RawCall<Target> extends CallContext<Target> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A row with its schema types closed over: `prepare` parses, what it returns handles. */
export interface Operation<Target = unknown> extends RowBase {
  readonly takesBody: boolean;
  /** JSON Schemas for reference pages. */
  readonly schemas: {
    readonly params?: Schema<unknown>;
    readonly query?: Schema<unknown>;
    readonly body?: Schema<unknown>;
  };
  /** Throws SchemaError if a part does not fit. */
  readonly prepare: (raw: RawCall<Target>) => () => Promise<Result> | Result;
}

/** Makes a row. The types of params, query and body follow from its schemas. */
export function operation<Target, P = unknown, Q = unknown, B = unknown>(
  row: OperationRow<Target, P, Q, B>,
): Operation<Target> {
  const { params, query, body, handle, ...base } = row;
  const schemas = {
    ...(params && { params }),
    ...(query && { query }),
    ...(body && { body }),
  };
  return {
    ...base,
    takesBody: body !== undefined,
    schemas,
    prepare(raw) {
      const call = {
        ...raw,
        params: params ? parse(params, raw.params, 'params') : unchecked<P>(raw.params),
        query: query ? parse(query, raw.query, 'query') : unchecked<Q>(raw.query),
        body: body ? parse(body, raw.body, 'body') : unchecked<B>(raw.body),
      };
      return () => handle(call);
    },
  };
}
