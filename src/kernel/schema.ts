// Schemas are zod's. This file is the one place where an unknown value becomes a typed one.
import { z } from 'zod';

export { z };
export type Schema<T> = z.ZodType<T>;

export interface SchemaIssue {
  /** Where in the value, for example `['attributes', 'exp']`; first element names the part. */
  readonly path: readonly PropertyKey[];
  readonly code: string;
  readonly message: string;
}

/** A request part did not fit its schema. Each plane renders it in its own dialect. */
export class SchemaError extends Error {
  readonly part: RequestPart;
  readonly issues: readonly SchemaIssue[];

  constructor(part: RequestPart, issues: readonly SchemaIssue[]) {
    super(`invalid ${part}: ${issues.map((issue) => issue.path.join('.')).join(', ')}`);
    this.name = 'SchemaError';
    this.part = part;
    this.issues = issues;
  }
}

export type RequestPart = 'params' | 'query' | 'headers' | 'body';

export function parse<T>(schema: Schema<T>, value: unknown, part: RequestPart): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new SchemaError(part, result.error.issues);
}

/**
 * Turns JSON text into `T` without checking it. Only for records that our own seal has just
 * authenticated and that this program wrote: checking them again would buy nothing.
 */
export function parseSealed<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** Parses JSON text of unknown origin; throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return value;
}

/** Lets any value through as `T`: for the parts of a request that an operation does not look at. */
export function unchecked<T>(value: unknown): T {
  return value as T;
}
