// One request, one direction: resolve → authenticate → api-version → network → authorize → parse →
// handle → audit → respond. Each stage may refuse; none can be skipped, because each needs what the
// one before it made. What a stage means on a given host is the plane's affair (`kernel/plane.ts`).
import type { AuditedRequest } from '#audit';
import {
  ApiError,
  BodyTooLarge,
  type Clock,
  type Grant,
  type Operation,
  type Plane,
  type Principal,
  parseJson,
  type RawRequest,
  type Result,
  SchemaError,
} from '#kernel';
import { parseForm } from './query.ts';
import { type Match, type PathParams, Router } from './router.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Sent instead of `body`. */
  readonly bytes?: Uint8Array;
}

export interface PipelineOptions {
  readonly clock: Clock;
  /** Resolves once the event is written; a rejection turns the answer into a 500. */
  readonly audit: (outcome: AuditedRequest) => Promise<void>;
  /** For what nobody expected; gets the request id, never a body. */
  readonly logError: (requestId: string, cause: unknown) => void;
}

/**
 * A plane behind the pipeline: gives a host's requests their answers, or `undefined` for other
 * hosts.
 */
export type HostHandler = (request: RawRequest) => Promise<Answer> | undefined;

export function servePlane<Target>(plane: Plane<Target>, options: PipelineOptions): HostHandler {
  const router = new Router(plane.operations, plane.mergesSlashes);
  return (request) => {
    const target = plane.accept(request.hostname);
    if (target === undefined) return undefined;
    return new Run(plane, options, { request, target, router }).answer();
  };
}

interface RunInput<Target> {
  readonly request: RawRequest;
  readonly target: Target;
  readonly router: Router<Target>;
}

/** The state of one request on its way through the stages. */
class Run<Target> {
  readonly #plane: Plane<Target>;
  readonly #options: PipelineOptions;
  readonly #request: RawRequest;
  readonly #target: Target;
  readonly #match: Match<Target>;
  #apiVersion = '';
  #principal: Principal | undefined;
  #grant: Grant | undefined;
  #details: Readonly<Record<string, unknown>> = {};

  constructor(plane: Plane<Target>, options: PipelineOptions, input: RunInput<Target>) {
    this.#plane = plane;
    this.#options = options;
    this.#request = input.request;
    this.#target = input.target;
    this.#match = input.router.match(effectiveMethod(plane, input.request), input.request.path);
  }

  async answer(): Promise<Answer> {
    let result: Result;
    let error: ApiError | undefined;
    let success = 200;
    try {
      const operation = await this.#identify();
      success = operation.success;
      result = await this.#perform(operation);
    } catch (thrown) {
      error = this.#asApiError(thrown);
      result = this.#plane.renderError(error, this.#request, this.#target);
    }
    const status = result.status ?? error?.status ?? success;
    this.#details = result.audit ?? {};
    try {
      await this.#options.audit(this.#outcome(status, error));
    } catch (cause) {
      return this.#unaudited(cause);
    }
    return this.#respond(status, result, error);
  }

  /**
   * resolve, authenticate, api-version: which row, who calls. 401 comes before 404, 405 and 400.
   */
  async #identify(): Promise<Operation<Target>> {
    const match = this.#match;
    const anonymous = match.kind === 'found' && match.operation.access.kind === 'anonymous';
    if (!anonymous) {
      this.#principal = await this.#plane.authenticate(this.#request, this.#target);
    }
    const refusals = this.#plane.refusals;
    if (match.kind === 'unknown') throw refusals.unknownPath(this.#request);
    if (match.kind === 'wrong-method') throw refusals.methodNotAllowed(this.#request);
    if (!anonymous && this.#principal === undefined) throw refusals.unknownPath(this.#request);
    const { versions } = match.operation;
    const given = this.#request.query['api-version'];
    if (versions.required && (given === undefined || !versions.accepts(given))) {
      throw refusals.apiVersion(given, this.#request);
    }
    this.#apiVersion = given ?? '';
    return match.operation;
  }

  /** network, authorize, parse, handle. */
  async #perform(operation: Operation<Target>): Promise<Result> {
    const params = this.#params();
    const admission = {
      request: this.#request,
      target: this.#target,
      principal: this.#principal,
      operation,
    };
    this.#plane.admit(admission);
    const grant = this.#plane.authorize({ ...admission, params });
    this.#grant = grant;
    const handle = operation.prepare({
      request: this.#request,
      apiVersion: this.#apiVersion,
      target: this.#target,
      principal: this.#principal,
      grant,
      params,
      query: this.#request.query,
      body: operation.takesBody ? await this.#readBody(operation) : undefined,
    });
    return handle();
  }

  async #readBody(operation: Operation<Target>): Promise<unknown> {
    const bytes = await this.#request.body();
    if (operation.bodyFormat === 'bytes') return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    if (operation.bodyFormat === 'form') return this.#readForm(text);
    if (text === '') return undefined;
    try {
      return parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text);
    } catch {
      throw this.#plane.refusals.malformedJson(this.#request);
    }
  }

  /** RFC 6749 §3.2: a parameter may stand once. What is no form holds no parameters. */
  #readForm(text: string): Readonly<Record<string, string>> {
    const [type = ''] = (this.#request.headers['content-type'] ?? '').split(';');
    if (type.trim().toLowerCase() !== FORM_TYPE) return {};
    const form = parseForm(text);
    if (form === undefined) throw this.#plane.refusals.malformedJson(this.#request);
    return form;
  }

  #params(): PathParams {
    return this.#match.kind === 'found' ? this.#match.params : {};
  }

  #asApiError(thrown: unknown): ApiError {
    const refusals = this.#plane.refusals;
    if (thrown instanceof ApiError) {
      if (thrown.status >= 500) this.#options.logError(this.#request.id, thrown);
      return thrown;
    }
    if (thrown instanceof SchemaError) return refusals.schema(thrown, this.#request);
    if (thrown instanceof BodyTooLarge) return refusals.bodyTooLarge();
    this.#options.logError(this.#request.id, thrown);
    return refusals.internal(thrown);
  }

  #outcome(status: number, error: ApiError | undefined): AuditedRequest {
    const request = this.#request;
    const target = this.#target;
    const params = this.#params();
    const { resourceId, objectId } = this.#plane.describe({ request, target, params });
    const name =
      this.#match.kind === 'found' && (status !== 401 || this.#principal !== undefined)
        ? this.#match.operation.audit
        : 'Authentication';
    return {
      request,
      plane: this.#plane.name,
      operation: { name, apiVersion: this.#apiVersion || (request.query['api-version'] ?? '') },
      principal: this.#principal,
      grant: this.#grant,
      resourceId,
      objectId,
      status,
      errorCode: error && (error.definition.inner ?? error.definition.code),
      message: error?.message,
      reason: error?.reason,
      details: this.#details,
      durationMs: Math.max(0, this.#options.clock.now() - request.receivedAtMs),
    };
  }

  /** No audit, no answer: whatever was done, the caller learns only that the request failed. */
  #unaudited(cause: unknown): Answer {
    this.#options.logError(this.#request.id, cause);
    const error = this.#plane.refusals.internal(cause);
    const result = this.#plane.renderError(error, this.#request, this.#target);
    return this.#respond(result.status ?? error.status, result, error);
  }

  #respond(status: number, result: Result, error: ApiError | undefined): Answer {
    const headers: Record<string, string> = {
      ...this.#plane.headers(this.#request, this.#target, this.#grant),
      ...error?.headers,
      ...result.headers,
    };
    if (result.text !== undefined) {
      headers['Content-Type'] = result.text.contentType;
      return { status, headers, body: result.text.content };
    }
    if (result.bytes !== undefined) {
      headers['Content-Type'] = result.bytes.contentType;
      return { status, headers, body: '', bytes: result.bytes.content };
    }
    if (result.body === undefined) return { status, headers, body: '' };
    headers['Content-Type'] ??= 'application/json; charset=utf-8';
    return { status, headers, body: JSON.stringify(result.body) };
  }
}

function effectiveMethod<Target>(plane: Plane<Target>, request: RawRequest): string {
  const override = plane.methodOverrideHeader;
  if (override === undefined || request.method !== 'POST') return request.method;
  return request.headers[override]?.toUpperCase() ?? request.method;
}
