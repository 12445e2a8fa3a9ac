// A page of a log: newest first unless asked otherwise, filtered, and continued behind the last
// event looked at. A request looks at a bounded number of events; where few of them match, a page
// may hold less than was asked for and still have a next one, as Graph's own do.
import { graphErrors } from '#errors';
import { ApiError, type RawRequest } from '#kernel';
import { contextOf, shape } from '../graph/odata/entity.ts';
import { parseFilter } from '../graph/odata/filter.ts';
import type { ListQuery } from '../graph/odata/page.ts';
import { FilterSyntax } from '../graph/odata/tokens.ts';
import type { EventStream, LoggedEvent } from './event-stream.ts';

const TOP_MAX = 1000;
const LOOKED_AT_MAX = 50_000;

export interface LogPageInput<T extends LoggedEvent> {
  readonly request: RawRequest;
  readonly query: ListQuery;
  readonly entitySet: string;
  /** Property that holds an event's time: the only one a log is ordered by. */
  readonly timeProperty: string;
  readonly streams: readonly EventStream<T>[];
}

export async function renderLogPage<T extends LoggedEvent>(
  input: LogPageInput<T>,
): Promise<Readonly<Record<string, unknown>>> {
  const { request, query, entitySet, streams } = input;
  const { matches, isAscending } = understand(input);
  const top = Math.min(Number(query.$top ?? TOP_MAX), TOP_MAX);
  const start = query.$skiptoken;
  if (start !== undefined && !/^[0-9a-f-]{36}$/.test(start)) {
    throw new ApiError(graphErrors.badRequest, { detail: 'Invalid $skiptoken.' });
  }
  const sources = streams.map((stream) =>
    isAscending ? stream.oldest(start) : stream.newest(start),
  );
  const value: T[] = [];
  let lookedAt = 0;
  let last: string | undefined;
  let isMore = false;
  for await (const event of merge(sources, isAscending)) {
    if (value.length >= top || lookedAt >= LOOKED_AT_MAX) {
      isMore = true;
      break;
    }
    lookedAt += 1;
    last = event.id;
    if (matches(event)) value.push(event);
  }
  return {
    '@odata.context': contextOf(request, entitySet),
    ...(isMore && last !== undefined ? { '@odata.nextLink': nextLink(request, last) } : {}),
    value: value.map((event) => shape(event, query, undefined)),
  };
}

function understand<T extends LoggedEvent>({ query, timeProperty }: LogPageInput<T>) {
  const [property = '', direction = 'asc'] = (query.$orderby ?? `${timeProperty} desc`)
    .trim()
    .split(/\s+/);
  if (property !== timeProperty || !['asc', 'desc'].includes(direction)) {
    throw new ApiError(graphErrors.unsupportedQuery, {
      detail: `Logs are ordered by ${timeProperty} only.`,
    });
  }
  if (query.$search !== undefined || query.$count === 'true') {
    throw new ApiError(graphErrors.unsupportedQuery, { detail: 'Unsupported Query.' });
  }
  try {
    const filter = query.$filter === undefined ? undefined : parseFilter(query.$filter);
    return { matches: filter?.matches ?? (() => true), isAscending: direction === 'asc' };
  } catch (cause) {
    if (!(cause instanceof FilterSyntax)) throw cause;
    throw new ApiError(graphErrors.invalidFilter, { detail: cause.message }, { cause });
  }
}

/** Ids sort as their events came. */
async function* merge<T extends LoggedEvent>(
  sources: readonly AsyncGenerator<T>[],
  isAscending: boolean,
): AsyncGenerator<T> {
  const heads = await Promise.all(sources.map((source) => source.next()));
  for (;;) {
    let first: number | undefined;
    for (const [at, head] of heads.entries()) {
      const best = first === undefined ? undefined : heads[first]?.value?.id;
      if (head.done) continue;
      if (best === undefined || head.value.id < best === isAscending) first = at;
    }
    const head = first === undefined ? undefined : heads[first];
    if (first === undefined || head === undefined || head.done) return;
    yield head.value;
    const next = await sources[first]?.next();
    if (next !== undefined) heads[first] = next;
  }
}

function nextLink(request: RawRequest, last: string): string {
  const parameters = new URLSearchParams(request.query);
  parameters.set('$skiptoken', last);
  return `${request.origin}${request.path}?${parameters}`;
}
