// A collection as Microsoft Graph lists it: filtered, searched, ordered, counted, cut into pages
// and reduced to the selected properties. The next page starts behind the last object shown, not at
// a number, so objects that come and go between pages shift nothing.

import { graphErrors } from '#errors';
import { ApiError, decodeBase64Url, encodeBase64Url, parseJson, type RawRequest, z } from '#kernel';
import { type Predicate, parseFilter } from './filter.ts';
import { parseSearch } from './search.ts';
import { FilterSyntax } from './tokens.ts';

const TOP_MAX = 999;
const TOP_DEFAULT = 100;
const TEXT_MAX = 8192;
const text = z.string().max(TEXT_MAX).optional();

export const listQuery = z.object({
  $filter: text,
  $search: text,
  $select: text,
  $orderby: text,
  $top: z
    .string()
    .regex(/^\d{1,4}$/)
    .optional(),
  $count: z.enum(['true', 'false']).optional(),
  $skiptoken: text,
});

export type ListQuery = z.infer<typeof listQuery>;

export const selectQuery = z.object({ $select: text });

export type WireObject = Readonly<Record<string, unknown>> & { readonly id: string };

export interface ListInput {
  readonly request: RawRequest;
  readonly query: ListQuery;
  /** Entity set, for example `applications`; part of `@odata.context`. */
  readonly entitySet: string;
  readonly objects: readonly WireObject[];
}

/** Throws `BadRequest` for a query it does not understand. */
export function renderList(input: ListInput): Readonly<Record<string, unknown>> {
  const { query, request } = input;
  const { matches, compare } = understand(query);
  const found = input.objects.filter(matches).sort(compare);
  const after = query.$skiptoken === undefined ? undefined : readSkipToken(query.$skiptoken);
  const rest = after === undefined ? found : found.filter((object) => compare(object, after) > 0);
  const size = Math.min(Math.max(Number(query.$top ?? TOP_DEFAULT), 1), TOP_MAX);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  const more = last !== undefined && rest.length > shown.length;
  return {
    '@odata.context': context(request, input.entitySet),
    ...(query.$count === 'true' ? { '@odata.count': found.length } : {}),
    ...(more ? { '@odata.nextLink': nextLink(request, last, orderOf(query).property) } : {}),
    value: shown.map((object) => select(object, query.$select)),
  };
}

export interface EntityInput {
  readonly request: RawRequest;
  readonly entitySet: string;
  readonly object: Readonly<Record<string, unknown>>;
  readonly selected?: string | undefined;
}

export function renderEntity(input: EntityInput): Readonly<Record<string, unknown>> {
  return {
    '@odata.context': `${context(input.request, input.entitySet)}/$entity`,
    ...select(input.object, input.selected),
  };
}

function context(request: RawRequest, entitySet: string): string {
  return `${request.origin}/v1.0/$metadata#${entitySet}`;
}

type Compare = (a: WireObject, b: WireObject) => number;

function understand(query: ListQuery): { readonly matches: Predicate; readonly compare: Compare } {
  try {
    const tests = [
      ...(query.$filter === undefined ? [] : [parseFilter(query.$filter)]),
      ...(query.$search === undefined ? [] : [parseSearch(query.$search)]),
    ];
    const { property, sign } = orderOf(query);
    return {
      matches: (object) => tests.every((test) => test(object)),
      compare: (a, b) =>
        sign * order(String(a[property] ?? ''), String(b[property] ?? '')) || order(a.id, b.id),
    };
  } catch (cause) {
    if (!(cause instanceof FilterSyntax)) throw cause;
    throw new ApiError(graphErrors.invalidFilter, { detail: cause.message }, { cause });
  }
}

function orderOf(query: ListQuery): { readonly property: string; readonly sign: 1 | -1 } {
  const [, property = 'id', direction] =
    /^\s*([A-Za-z]+)(?:\s+(asc|desc))?\s*$/.exec(query.$orderby ?? 'id') ?? [];
  return { property, sign: direction === 'desc' ? -1 : 1 };
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const skipTokenSchema = z.tuple([z.string(), z.string(), z.string()]);

function nextLink(request: RawRequest, last: WireObject, property: string): string {
  const position = JSON.stringify([property, String(last[property] ?? ''), last.id]);
  const parameters = new URLSearchParams(request.query);
  parameters.set('$skiptoken', encodeBase64Url(Buffer.from(position, 'utf8')));
  return `${request.origin}${request.path}?${parameters}`;
}

function readSkipToken(token: string): WireObject {
  try {
    const bytes = decodeBase64Url(token);
    const [property, value, id] = skipTokenSchema.parse(parseJson(bytes?.toString('utf8') ?? ''));
    return { [property]: value, id };
  } catch (cause) {
    throw new ApiError(graphErrors.badRequest, { detail: 'Invalid $skiptoken.' }, { cause });
  }
}

function select(
  object: Readonly<Record<string, unknown>>,
  selected: string | undefined,
): Readonly<Record<string, unknown>> {
  if (selected === undefined || selected.trim() === '' || selected.trim() === '*') return object;
  const names = new Set(selected.split(',').map((name) => name.trim()));
  const kept = Object.entries(object).filter(([name]) => names.has(name) || name.startsWith('@'));
  return Object.fromEntries(kept);
}
