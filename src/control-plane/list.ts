// Lists of the management plane: `{"value":[…],"nextLink":…}`. Items come in the order of their
// keys; `$skiptoken` is the key of the last item that was given out, so a page is stable while
// others write.
import { resourceManagerErrors } from '#errors';
import { ApiError, decodeBase64Url, encodeBase64Url, type RawRequest, type Result } from '#kernel';

const PAGE_ITEMS_MAX = 1000;

export interface ListInput<T> {
  readonly request: RawRequest;
  readonly items: Iterable<T>;
  /** Unique, and the order of the list. */
  readonly key: (item: T) => string;
  readonly render: (item: T) => unknown;
  /** Asked for one item at a time, until the page is full. */
  readonly visible?: (item: T) => boolean;
}

export function renderList<T>(input: ListInput<T>): Result {
  const { request } = input;
  const top = parseTop(request.query.$top);
  const after = parseSkipToken(request.query.$skiptoken);
  const rest = [...input.items]
    .map((item) => ({ item, key: input.key(item).toLowerCase() }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const page: { item: T; key: string }[] = [];
  let more = false;
  for (const entry of rest) {
    if (input.visible && !input.visible(entry.item)) continue;
    if (page.length === top) {
      more = true;
      break;
    }
    page.push(entry);
  }
  const value = page.map(({ item }) => input.render(item));
  const last = page.at(-1)?.key;
  return {
    body: more && last !== undefined ? { value, nextLink: nextLink(request, last) } : { value },
  };
}

/** Items of a page: `$top`, at most 1,000. */
export function parseTop(text: string | undefined): number {
  if (text === undefined) return PAGE_ITEMS_MAX;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new ApiError(resourceManagerErrors.badRequest, {
      detail: 'The value of $top must be a positive whole number.',
    });
  }
  return Math.min(Number(text), PAGE_ITEMS_MAX);
}

function parseSkipToken(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const key = decodeBase64Url(text)?.toString('utf8');
  if (key === undefined) {
    throw new ApiError(resourceManagerErrors.badRequest, {
      detail: 'The $skiptoken is not valid.',
    });
  }
  return key;
}

function nextLink(request: RawRequest, key: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query)) {
    if (name !== '$skiptoken') query.set(name, value);
  }
  query.set('$skiptoken', encodeBase64Url(Buffer.from(key)));
  return `${request.origin}${request.path}?${query}`;
}
