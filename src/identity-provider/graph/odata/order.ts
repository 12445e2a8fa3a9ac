// `$orderby` → a comparison of objects. The id decides between equals, so that every order is total
// and a page can start behind any object.
import type { WireObject } from './entity.ts';
import { FilterSyntax } from './tokens.ts';

const TERM = /^\s*([A-Za-z]{1,64})(?:\s+(asc|desc))?\s*$/;
const TERMS_MAX = 5;

export interface Order {
  readonly properties: readonly string[];
  readonly compare: (a: WireObject, b: WireObject) => number;
}

/** Throws FilterSyntax. */
export function parseOrder(text: string | undefined): Order {
  const terms = (text === undefined ? [] : text.split(',')).map((term) => {
    const [, property, direction] = TERM.exec(term) ?? [];
    if (property === undefined) throw new FilterSyntax('invalid $orderby');
    return { property, sign: direction === 'desc' ? -1 : 1 };
  });
  if (terms.length > TERMS_MAX) throw new FilterSyntax('too many properties in $orderby');
  return {
    properties: terms.map(({ property }) => property),
    compare: (a, b) => {
      for (const { property, sign } of terms) {
        const order = compareText(textOf(a, property), textOf(b, property));
        if (order !== 0) return sign * order;
      }
      return compareText(a.id, b.id);
    },
  };
}

function textOf(object: WireObject, property: string): string {
  const value = Object.hasOwn(object, property) ? object[property] : undefined;
  return String(value ?? '').toLowerCase();
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
