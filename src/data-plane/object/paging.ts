// Pages of lists: `maxresults` (1–25) and `$skiptoken`, and the link to the next page. The token
// says after which name or version the page begins; a forged one only starts the caller's own list
// elsewhere, so it is checked for form and not signed.

import { keyVaultErrors } from '#errors';
import { ApiError, decodeBase64Url, encodeBase64Url, parseJson, type RawRequest } from '#kernel';
import { isName } from './name.ts';
import type { Slice } from './object-store.ts';

const PAGE_MAX = 25;
const MAX_RESULTS = /^[1-9][0-9]?$/;

export interface Page<Item> {
  readonly value: readonly Item[];
  readonly nextLink: string | null;
}

type Query = Readonly<Record<string, string>>;

/** Asks for one item more than the page holds, to know whether another page follows. */
export function parseSlice(query: Query): Slice {
  return { after: parseSkipToken(query.$skiptoken), limit: pageSize(query) + 1 };
}

export interface PageInput<Source, Item> {
  readonly request: RawRequest;
  /** What a scan with `parseSlice` gave. */
  readonly found: readonly Source[];
  readonly render: (source: Source) => Item;
  /** Name or version by which the list is ordered. */
  readonly marker: (source: Source) => string;
}

export function renderPage<Source, Item>(input: PageInput<Source, Item>): Page<Item> {
  const { request, found } = input;
  const size = pageSize(request.query);
  const shown = found.length > size ? found.slice(0, size) : found;
  const last = shown[shown.length - 1];
  const more = found.length > size && last !== undefined;
  return {
    value: shown.map(input.render),
    nextLink: more ? renderNextLink(request, input.marker(last)) : null,
  };
}

function pageSize(query: Query): number {
  const given = query.maxresults;
  if (given === undefined) return PAGE_MAX;
  const size = MAX_RESULTS.test(given) ? Number(given) : 0;
  if (size < 1 || size > PAGE_MAX) refuse('maxresults');
  return size;
}

/** Azure's link spells out the port even where it is 443 (`azure/semantics.md` §10). */
function renderNextLink(request: RawRequest, marker: string): string {
  const { origin, path, query } = request;
  const port = /:\d+$/.test(origin) ? '' : ':443';
  const token = encodeBase64Url(
    Buffer.from(JSON.stringify({ NextMarker: marker, TargetLocation: 0 })),
  );
  const size = query.maxresults === undefined ? '' : `&maxresults=${query.maxresults}`;
  // Without it what is pending would be on the first page only.
  const { includePending } = query;
  const pending =
    includePending === undefined ? '' : `&includePending=${encodeURIComponent(includePending)}`;
  const version = encodeURIComponent(query['api-version'] ?? '');
  const place = path.replace(/^\/+/, '/');
  return `${origin}${port}${place}?api-version=${version}&$skiptoken=${token}${size}${pending}`;
}

function parseSkipToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const bytes = token.length <= 512 ? decodeBase64Url(token) : undefined;
  const marker = bytes && readMarker(bytes.toString('utf8'));
  return marker ?? refuse('$skiptoken');
}

function readMarker(text: string): string | undefined {
  try {
    const value = parseJson(text);
    if (typeof value !== 'object' || value === null || !('NextMarker' in value)) return undefined;
    const marker = value.NextMarker;
    // Every version is also a well-formed name.
    return typeof marker === 'string' && isName(marker) ? marker.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

function refuse(parameter: string): never {
  throw new ApiError(keyVaultErrors.parameterInvalid, { parameter });
}
