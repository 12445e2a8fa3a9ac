// An error that the caller is meant to see. Its definition comes from one of the catalogues in
// `errors/`; the cause is for the log only and never reaches the wire.

/** One entry of an error catalogue. `message` holds `{placeholders}` that `args` fill. */
export interface ErrorDefinition {
  readonly status: number;
  readonly code: string;
  /** Key Vault's `innererror.code`, where it has one. */
  readonly inner?: string;
  readonly message: string;
}

export interface ApiErrorOptions {
  readonly cause?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Machine-readable reason for the audit log; never sent to the caller. */
  readonly reason?: unknown;
}

const PLACEHOLDER = /\{(\w+)\}/g;

/**
 * Fills `{name}` placeholders; a missing argument becomes the empty string, never the placeholder.
 */
export function fillMessage(template: string, args: Readonly<Record<string, string>>): string {
  return template.replace(PLACEHOLDER, (_whole, name: string) => args[name] ?? '');
}

export class ApiError extends Error {
  readonly definition: ErrorDefinition;
  readonly args: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: unknown;

  constructor(
    definition: ErrorDefinition,
    args: Readonly<Record<string, string>> = {},
    options: ApiErrorOptions = {},
  ) {
    super(fillMessage(definition.message, args), { cause: options.cause });
    this.name = 'ApiError';
    this.definition = definition;
    this.args = args;
    this.headers = options.headers ?? {};
    this.reason = options.reason;
  }

  /** The same refusal with more for the audit log. */
  withReason(reason: unknown): ApiError {
    const { definition, args, headers, cause } = this;
    return new ApiError(definition, args, { cause, headers, reason });
  }

  get status(): number {
    return this.definition.status;
  }
}
