// The part of OData's `$filter` that Resource Manager's clients send: `name eq 'value'` clauses and
// functions without or with one text argument, joined by `and`. Anything else is refused, never
// ignored: a filter that is not understood must not turn into a list of everything.
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';

export type FilterClause =
  | { readonly kind: 'equals'; readonly name: string; readonly value: string }
  | { readonly kind: 'call'; readonly name: string; readonly argument: string | undefined };

const FILTER_CHARACTERS_MAX = 1024;
const CLAUSE =
  /\s*(?:\(\s*)?([A-Za-z][A-Za-z0-9_./]*)\s*(?:\(\s*(?:'((?:[^']|'')*)')?\s*\)|\s+eq\s+'((?:[^']|'')*)')\s*(?:\)\s*)?(?:and\s+(?=\S)|$)/iy;

/** Names in lower case, values as sent. Throws InvalidFilterInQueryString. */
export function parseFilter(filter: string | undefined): readonly FilterClause[] {
  if (filter === undefined || filter.trim() === '') return [];
  if (filter.length > FILTER_CHARACTERS_MAX) throw invalidFilter(filter.slice(0, 80));
  const clauses: FilterClause[] = [];
  const expression = new RegExp(CLAUSE);
  while (expression.lastIndex < filter.length) {
    const match = expression.exec(filter);
    if (match === null) throw invalidFilter(filter);
    clauses.push(toClause(match));
  }
  return clauses;
}

export function invalidFilter(filter: string): ApiError {
  return new ApiError(resourceManagerErrors.invalidFilter, { filter });
}

function toClause(match: RegExpExecArray): FilterClause {
  const name = (match[1] ?? '').toLowerCase();
  const equals = match[3];
  if (equals !== undefined) return { kind: 'equals', name, value: equals.replaceAll("''", "'") };
  return { kind: 'call', name, argument: match[2]?.replaceAll("''", "'") };
}
