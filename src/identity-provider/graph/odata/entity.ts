// One object as Microsoft Graph shows it: `@odata.context`, the selected properties, and the linked
// objects that `$expand` asks for.
import { graphErrors } from '#errors';
import { ApiError, type RawRequest, z } from '#kernel';

/** Graph shows this many linked objects of one object. */
const EXPANDED_MAX = 20;
export const QUERY_TEXT_MAX = 8192;

export const queryText = z.string().max(QUERY_TEXT_MAX).optional();

export const entityQuery = z.object({ $select: queryText, $expand: queryText });

export type WireObject = Readonly<Record<string, unknown>> & { readonly id: string };

/** `undefined` for a link that this kind of object does not have. */
export type Expand = (object: WireObject, link: string) => readonly WireObject[] | undefined;

export interface Shape {
  readonly $select?: string | undefined;
  readonly $expand?: string | undefined;
}

export interface EntityInput {
  readonly request: RawRequest;
  readonly entitySet: string;
  readonly object: WireObject;
  readonly query?: Shape;
  readonly expand?: Expand | undefined;
}

/** Throws `Request_UnsupportedQuery` for a link that cannot be expanded. */
export function renderEntity(input: EntityInput): Readonly<Record<string, unknown>> {
  const { request, entitySet, object, query = {}, expand } = input;
  return {
    '@odata.context': `${contextOf(request, entitySet)}/$entity`,
    ...shape(object, query, expand),
  };
}

export function contextOf({ origin }: Pick<RawRequest, 'origin'>, entitySet: string): string {
  return `${origin}/v1.0/$metadata#${entitySet}`;
}

/** The object with what the query wants of it. */
export function shape(
  object: WireObject,
  query: Shape,
  expand: Expand | undefined,
): Readonly<Record<string, unknown>> {
  const links = parseExpand(query.$expand).map((link) => {
    const linked = expand?.(object, link.name);
    if (linked === undefined) {
      const detail = `Property '${link.name}' cannot be expanded.`;
      throw new ApiError(graphErrors.unsupportedQuery, { detail });
    }
    const shown = linked.slice(0, EXPANDED_MAX).map((one) => select(one, link.select));
    return [link.name, shown] as const;
  });
  return { ...select(object, query.$select), ...Object.fromEntries(links) };
}

function parseExpand(text: string | undefined) {
  if (text === undefined || text.trim() === '') return [];
  const match = /^\s*([A-Za-z]{1,64})(?:\(\$select=([\w,]+)\))?\s*$/.exec(text);
  if (match === null) {
    // Graph itself expands only one link at a time.
    throw new ApiError(graphErrors.unsupportedQuery, { detail: 'Invalid $expand.' });
  }
  return [{ name: match[1] ?? '', select: match[2] }];
}

function select(
  object: Readonly<Record<string, unknown>>,
  selected: string | undefined,
): Readonly<Record<string, unknown>> {
  if (selected === undefined || selected.trim() === '' || selected.trim() === '*') return object;
  const names = new Set(selected.split(',').map((name) => name.trim().toLowerCase()));
  const kept = Object.entries(object).filter(
    ([name]) => names.has(name.toLowerCase()) || name.startsWith('@'),
  );
  return Object.fromEntries(kept);
}
