// Values as the comparisons want them: one function from what stands in a condition, or in a
// request, to a literal of the comparison's type. What does not fit the type is `undefined`, never
// a guess.
import { isGuid } from '#kernel';
import type { LiteralType } from './operators.ts';
import type { AttributeValue, Literal } from './syntax.ts';

const INTEGER = /^-?\d{1,15}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,7}))?Z$/i;
const TICKS_PER_MS = 10_000n;
const TICK_DIGITS = 7;

/** A literal written in a condition. */
export function parseLiteral(
  type: LiteralType,
  text: string,
  quoted: boolean,
): Literal | undefined {
  switch (type) {
    case 'string':
      return quoted ? text : undefined;
    case 'guid':
      return isGuid(text) ? text.toLowerCase() : undefined;
    case 'dateTime':
      return quoted ? parseTicks(text) : undefined;
    case 'number':
      return !quoted && INTEGER.test(text) ? Number(text) : undefined;
    case 'boolean':
      return quoted ? undefined : { true: true, false: false }[text.toLowerCase()];
  }
}

/**
 * Values of an attribute, all of the comparison's type, or `undefined` if one is not or none is.
 */
export function attributeLiterals(
  type: LiteralType,
  value: AttributeValue | undefined,
): readonly Literal[] | undefined {
  if (value === undefined) return undefined;
  const values = typeof value === 'object' ? value : [value];
  const literals: Literal[] = [];
  for (const each of values) {
    const literal = attributeLiteral(type, each);
    if (literal === undefined) return undefined;
    literals.push(literal);
  }
  return literals.length > 0 ? literals : undefined;
}

function attributeLiteral(
  type: LiteralType,
  value: string | number | boolean,
): Literal | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'guid':
      return typeof value === 'string' && isGuid(value) ? value.toLowerCase() : undefined;
    case 'dateTime':
      return typeof value === 'string' ? parseTicks(value) : undefined;
    case 'number':
      return typeof value === 'number' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
  }
}

/** `yyyy-mm-ddThh:mm:ss[.fffffff]Z` in ticks of 100 ns since 1970: more than a double can hold. */
export function parseTicks(text: string): bigint | undefined {
  const [, seconds, fraction = ''] = DATE_TIME.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const upper = seconds.toUpperCase();
  const epochMs = Date.parse(`${upper}Z`);
  // Date.parse rolls 30 February over to March; a date that does not round-trip is refused.
  if (Number.isNaN(epochMs) || !new Date(epochMs).toISOString().startsWith(upper)) return undefined;
  return BigInt(epochMs) * TICKS_PER_MS + BigInt(fraction.padEnd(TICK_DIGITS, '0'));
}
