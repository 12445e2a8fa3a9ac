// The comparison operators of conditions: which types they compare and what makes them true. One
// table from names to tests; quantifiers say how the values of both sides are paired.
import type { Literal } from './syntax.ts';

export type LiteralType = 'string' | 'number' | 'dateTime' | 'boolean' | 'guid';

export interface Comparison {
  readonly name: string;
  readonly type: LiteralType;
  readonly test: (left: Literal, right: Literal) => boolean;
  /** The same without regard to case; for names that Azure compares without case. */
  readonly testFolded: (left: Literal, right: Literal) => boolean;
}

/** How many pairs of (left, right) values must satisfy the comparison. */
export interface Quantifier {
  readonly everyLeft: boolean;
  readonly everyRight: boolean;
}

export const quantifiers: ReadonlyMap<string, Quantifier> = new Map([
  ['foranyofanyvalues', { everyLeft: false, everyRight: false }],
  ['forallofanyvalues', { everyLeft: true, everyRight: false }],
  ['foranyofallvalues', { everyLeft: false, everyRight: true }],
  ['forallofallvalues', { everyLeft: true, everyRight: true }],
]);

type Test = (left: Literal, right: Literal) => boolean;

const equal: Test = (left, right) => left === right;
const not =
  (test: Test): Test =>
  (left, right) =>
    !test(left, right);

const stringTests: Readonly<Record<string, Test>> = {
  Equals: equal,
  StartsWith: (left, right) => String(left).startsWith(String(right)),
  Like: (left, right) => isLike(String(left), String(right)),
};

const orderTests: Readonly<Record<string, Test>> = {
  Equals: equal,
  NotEquals: not(equal),
  GreaterThan: (left, right) => left > right,
  GreaterThanEquals: (left, right) => left >= right,
  LessThan: (left, right) => left < right,
  LessThanEquals: (left, right) => left <= right,
};

/** By lower-case name. */
export const comparisons: ReadonlyMap<string, Comparison> = new Map(
  [
    ...Object.entries(stringTests).flatMap(([name, test]) => stringComparisons(name, test)),
    ...Object.entries(orderTests).flatMap(([name, test]) => [
      comparison(`Numeric${name}`, 'number', test),
      comparison(`DateTime${name}`, 'dateTime', test),
    ]),
    comparison('BoolEquals', 'boolean', equal),
    comparison('BoolNotEquals', 'boolean', not(equal)),
    comparison('GuidEquals', 'guid', equal),
    comparison('GuidNotEquals', 'guid', not(equal)),
  ].map((entry) => [entry.name.toLowerCase(), entry]),
);

function comparison(name: string, type: LiteralType, test: Test): Comparison {
  return { name, type, test, testFolded: test };
}

function stringComparisons(name: string, test: Test): readonly Comparison[] {
  const folded: Test = (left, right) => test(fold(left), fold(right));
  return [
    { name: `String${name}`, type: 'string', test, testFolded: folded },
    { name: `StringNot${name}`, type: 'string', test: not(test), testFolded: not(folded) },
    comparison(`String${name}IgnoreCase`, 'string', folded),
    comparison(`StringNot${name}IgnoreCase`, 'string', not(folded)),
  ];
}

function fold(value: Literal): string {
  return String(value).toLowerCase();
}

/**
 * `*` any characters, `?` exactly one, `\` takes the next character as it is. Two pointers and the
 * last star only, so a hostile pattern costs pattern × text at most.
 */
export function isLike(text: string, pattern: string): boolean {
  const wanted = likeParts(pattern);
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const part = wanted[next];
    if (part === 'any') {
      star = next;
      starAt = at;
      next += 1;
    } else if (part !== undefined && (part === 'one' || part.character === text[at])) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      next = star + 1;
    } else {
      return false;
    }
  }
  return wanted.slice(next).every((part) => part === 'any');
}

type LikePart = 'any' | 'one' | { readonly character: string };

function likeParts(pattern: string): readonly LikePart[] {
  const parts: LikePart[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    if (character === '*') parts.push('any');
    else if (character === '?') parts.push('one');
    else if (character !== '\\') parts.push({ character });
    else {
      index += 1;
      parts.push({ character: pattern[index] ?? '\\' });
    }
  }
  return parts;
}
