// `a=1&b=2` ↔ parameters, for query strings and form bodies. Decodes `+` and `%XX`; of a repeated
// name the first value counts in a query, while a form that repeats one is refused; names like
// `__proto__` are plain names.

const PARAMETERS_MAX = 100;
const MEMO_ENTRIES_MAX = 256;
const MEMO_TEXT_LENGTH_MAX = 64;

/** Query strings recur (`api-version=7.4`); what they say is kept for the newest few. */
export class QueryMemo {
  readonly #entries = new Map<string, Readonly<Record<string, string>>>();

  /** As parseQuery; do not change what it returns. */
  parse(text: string): Readonly<Record<string, string>> | undefined {
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const parsed = parseQuery(text);
    if (parsed === undefined || text.length > MEMO_TEXT_LENGTH_MAX) return parsed;
    if (this.#entries.size >= MEMO_ENTRIES_MAX) this.#entries.clear();
    this.#entries.set(text, Object.freeze(parsed));
    return parsed;
  }
}

/** `undefined` if an encoding is broken or there are too many parameters. */
export function parseQuery(text: string): Record<string, string> | undefined {
  return parsePairs(text, 'first counts');
}

/** As parseQuery, and `undefined` also if a parameter stands twice. */
export function parseForm(text: string): Record<string, string> | undefined {
  return parsePairs(text, 'refused');
}

function parsePairs(
  text: string,
  repetition: 'first counts' | 'refused',
): Record<string, string> | undefined {
  const parameters: Record<string, string> = Object.create(null);
  if (text === '') return parameters;
  const pairs = text.split('&');
  if (pairs.length > PARAMETERS_MAX) return undefined;
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    if (!(name in parameters)) parameters[name] = value;
    else if (repetition === 'refused') return undefined;
  }
  return parameters;
}

function decode(text: string): string | undefined {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
