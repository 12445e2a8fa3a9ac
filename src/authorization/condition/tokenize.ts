// Condition text → tokens. It knows characters, not meaning: which word is an operator and which a
// literal is for the parser to say.
import { ConditionSyntaxError } from './syntax.ts';

export interface Token {
  readonly kind: 'symbol' | 'word' | 'string' | 'attribute' | 'end';
  /** Symbol, word, contents of the string, or the attribute with its source. */
  readonly text: string;
  readonly position: number;
}

const SPACE = /[ \t\r\n]+/y;
const SYMBOL = /&&|\|\||[(){},!]/y;
// Words are keywords, operators with their quantifier, integers and bare GUIDs.
const WORD = /[A-Za-z0-9_-]+(?::[A-Za-z0-9_-]+)?/y;
const ATTRIBUTE = /@[A-Za-z]+\[[^[\]'"{}]{1,512}\]/y;
const QUOTE = "'";

export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const space = matchAt(SPACE, text, position);
    if (space !== undefined) {
      position += space.length;
      continue;
    }
    const { token, end } = nextToken(text, position);
    tokens.push(token);
    position = end;
  }
  tokens.push({ kind: 'end', text: '', position });
  return tokens;
}

function nextToken(text: string, position: number): { token: Token; end: number } {
  if (text[position] === QUOTE) return stringToken(text, position);
  const kinds = [
    ['symbol', SYMBOL],
    ['word', WORD],
    ['attribute', ATTRIBUTE],
  ] as const;
  for (const [kind, pattern] of kinds) {
    const found = matchAt(pattern, text, position);
    if (found !== undefined) {
      return { token: { kind, text: found, position }, end: position + found.length };
    }
  }
  throw new ConditionSyntaxError(
    position,
    `unexpected character ${JSON.stringify(text[position])}`,
  );
}

/**
 * A backslash keeps the next character from ending the string; `Like` reads the rest of its use.
 */
function stringToken(text: string, position: number): { token: Token; end: number } {
  let value = '';
  for (let at = position + 1; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === QUOTE) {
      return { token: { kind: 'string', text: value, position }, end: at + 1 };
    }
    if (character !== '\\') {
      value += character;
      continue;
    }
    at += 1;
    const escaped = text[at] ?? '';
    value += escaped === QUOTE ? QUOTE : `\\${escaped}`;
  }
  throw new ConditionSyntaxError(position, 'string is not closed');
}

function matchAt(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}
