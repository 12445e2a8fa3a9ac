// Splits the text of a `$filter` into tokens. Throws FilterSyntax at the first thing it does not
// know.

export interface Token {
  readonly kind: 'name' | 'text' | 'value' | 'mark';
  readonly text: string;
}

export class FilterSyntax extends Error {}

const TOKEN = new RegExp(
  [
    String.raw`\s*(?:'((?:[^']|'')*)'`,
    // A GUID or a number or a time; the first may begin with a letter, so it comes before names.
    String.raw`|([\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}\b|[-+.\d][-+\w.:]*)`,
    String.raw`|([A-Za-z_@][\w.@]*(?:/[A-Za-z_][\w.]*)*)`,
    '|([(),:/]))',
  ].join(''),
  'y',
);
const LITERALS = new Set(['true', 'false', 'null']);

export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new FilterSyntax(`unexpected character at position ${at}`);
    const [, quoted, value, name, mark] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'") });
    else if (name !== undefined) {
      tokens.push({ kind: LITERALS.has(name) ? 'value' : 'name', text: name });
    } else if (value !== undefined) tokens.push({ kind: 'value', text: value });
    else tokens.push({ kind: 'mark', text: mark ?? '' });
  }
  return tokens;
}
