// `$search="property:words"`: every word must begin a word of the property. Terms are joined by
// AND.
import type { Predicate } from './filter.ts';
import { FilterSyntax } from './tokens.ts';

const TERM = /\s*(AND\s+)?"([A-Za-z]+):([^"]*)"/y;
const TERMS_MAX = 20;
const SEARCHED = new Set(['displayName', 'userPrincipalName', 'mail', 'mailNickname']);

export function parseSearch(text: string): Predicate {
  const tests: Predicate[] = [];
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.trimEnd().length) {
    const match = TERM.exec(text);
    const property = match?.[2] ?? '';
    if (match === null || !SEARCHED.has(property)) throw new FilterSyntax('unknown search term');
    if (tests.length >= TERMS_MAX) throw new FilterSyntax('too many search terms');
    const words = split(match[3] ?? '');
    tests.push((object) => {
      const value = object[property];
      const present = typeof value === 'string' ? split(value) : [];
      return words.every((word) => present.some((candidate) => candidate.startsWith(word)));
    });
  }
  return (object) => tests.every((test) => test(object));
}

function split(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
