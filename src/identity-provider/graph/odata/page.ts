// A collection as Microsoft Graph lists it: filtered, searched, ordered, counted, cut into pages
// and reduced to the selected properties. The next page starts behind the last object shown, not at
// a number, so objects that come and go between pages shift nothing.
//
// Directory objects know plain and advanced queries, and Graph answers an advanced one only if it
// is asked for (`ConsistencyLevel: eventual` and `$count=true`). So do we: what works here must
// not fail there. https://learn.microsoft.com/graph/aad-advanced-queries

import { graphErrors } from '#errors';
import {
  ApiError,
  decodeBase64Url,
  encodeBase64Url,
  parseJson,
  type RawRequest,
  type Result,
  z,
} from '#kernel';
import { contextOf, type Expand, queryText, shape, type WireObject } from './entity.ts';
import { type Predicate, parseFilter } from './filter.ts';
import { parseOrder } from './order.ts';
import { parseSearch } from './search.ts';
import { FilterSyntax } from './tokens.ts';

const TOP_MAX = 999;
const TOP_DEFAULT = 100;

export const listQuery = z.object({
  $filter: queryText,
  $search: queryText,
  $select: queryText,
  $expand: queryText,
  $orderby: queryText,
  $top: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .optional(),
  $count: z.enum(['true', 'false']).optional(),
  $skiptoken: queryText,
});

export type ListQuery = z.infer<typeof listQuery>;

/** What a list with this query can answer. */
export const listErrors = [graphErrors.invalidFilter, graphErrors.unsupportedQuery];

export interface ListInput {
  readonly request: RawRequest;
  readonly query: ListQuery;
  /** Entity set, for example `applications`; part of `@odata.context`. */
  readonly entitySet: string;
  readonly objects: readonly WireObject[];
  /** Set for collections where Graph wants advanced queries to be asked for. */
  readonly isAdvanced?: boolean;
  readonly expand?: Expand;
}

/** Throws `BadRequest` or `Request_UnsupportedQuery` for a query it does not answer. */
export function renderList(input: ListInput): Readonly<Record<string, unknown>> {
  const { query, request } = input;
  const { matches, compare, properties } = understand(input);
  const matching = input.objects.filter(matches).sort(compare);
  const after = query.$skiptoken === undefined ? undefined : readSkipToken(query.$skiptoken);
  const rest =
    after === undefined ? matching : matching.filter((object) => compare(object, after) > 0);
  const shown = rest.slice(0, Math.min(Number(query.$top ?? TOP_DEFAULT), TOP_MAX));
  const last = shown.at(-1);
  const more = last !== undefined && rest.length > shown.length;
  const isCounted = query.$count === 'true' && (!input.isAdvanced || isEventual(request));
  return {
    '@odata.context': contextOf(request, input.entitySet),
    ...(isCounted ? { '@odata.count': matching.length } : {}),
    ...(more ? { '@odata.nextLink': nextLink(request, last, properties) } : {}),
    value: shown.map((object) => shape(object, query, input.expand)),
  };
}

/** `/$count`: the number alone, as text. Graph gives it only to those who ask for it. */
export function countObjects(input: Pick<ListInput, 'request' | 'query' | 'objects'>): Result {
  if (!isEventual(input.request)) {
    throw new ApiError(graphErrors.unsupportedQuery, {
      detail: '$count is not currently supported.',
    });
  }
  const { matches } = understand(input);
  const content = String(input.objects.filter(matches).length);
  return { text: { contentType: 'text/plain', content } };
}

function isEventual({ headers }: RawRequest): boolean {
  return headers.consistencylevel?.toLowerCase() === 'eventual';
}

function understand({
  query,
  request,
  isAdvanced,
}: Pick<ListInput, 'query' | 'request' | 'isAdvanced'>) {
  try {
    const filter = query.$filter === undefined ? undefined : parseFilter(query.$filter);
    const search = query.$search === undefined ? undefined : parseSearch(query.$search);
    const order = parseOrder(query.$orderby);
    if (isAdvanced) {
      const asked = isEventual(request);
      if (search && !asked) throw unsupported(SEARCH_UNASKED);
      if (filter?.isAdvanced && !(asked && query.$count === 'true')) {
        throw unsupported('Unsupported Query.');
      }
      if (filter && query.$orderby !== undefined && !(asked && query.$count === 'true')) {
        throw unsupported('Sorting not supported for current query.');
      }
    }
    const tests: readonly Predicate[] = [filter?.matches, search].filter(
      (one) => one !== undefined,
    );
    return { ...order, matches: (object: WireObject) => tests.every((test) => test(object)) };
  } catch (cause) {
    if (!(cause instanceof FilterSyntax)) throw cause;
    throw new ApiError(graphErrors.invalidFilter, { detail: cause.message }, { cause });
  }
}

const SEARCH_UNASKED =
  "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'";

function unsupported(detail: string): ApiError {
  return new ApiError(graphErrors.unsupportedQuery, { detail });
}

const skipTokenSchema = z.tuple([z.record(z.string(), z.string()), z.string()]);

function nextLink(request: RawRequest, last: WireObject, properties: readonly string[]): string {
  const position = Object.fromEntries(
    properties.map((property) => [property, String(last[property] ?? '')]),
  );
  const token = Buffer.from(JSON.stringify([position, last.id]), 'utf8');
  const parameters = new URLSearchParams(request.query);
  parameters.set('$skiptoken', encodeBase64Url(token));
  return `${request.origin}${request.path}?${parameters}`;
}

function readSkipToken(token: string): WireObject {
  try {
    const bytes = decodeBase64Url(token);
    const [position, id] = skipTokenSchema.parse(parseJson(bytes?.toString('utf8') ?? ''));
    return { ...position, id };
  } catch (cause) {
    throw new ApiError(graphErrors.badRequest, { detail: 'Invalid $skiptoken.' }, { cause });
  }
}
