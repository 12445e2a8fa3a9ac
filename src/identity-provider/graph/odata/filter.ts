// `$filter` → a predicate over objects as they stand on the wire. The part of OData that directory
// clients use: eq ne gt ge lt le and or not in, startswith, endswith, any(), parentheses. Nothing
// else is guessed at. What a filter costs is bounded when it is read: it is tried on every object,
// and lists within lists (`any` in `any`) would multiply.
import { FilterSyntax, type Token, tokenize } from './tokens.ts';

export type Predicate = (object: Readonly<Record<string, unknown>>) => boolean;

const LENGTH_MAX = 8192;
const DEPTH_MAX = 16;
/** Values to compare with, in all of a filter. */
const VALUES_MAX = 200;

export interface Filter {
  readonly matches: Predicate;
  /** Set for what Graph calls an advanced query of directory objects: ne, not, endswith. */
  readonly isAdvanced: boolean;
}

/** Throws FilterSyntax. Strings compare without case, as Microsoft Graph compares them. */
export function parseFilter(text: string): Filter {
  if (text.length > LENGTH_MAX) throw new FilterSyntax('too long');
  return new Parser(tokenize(text)).parse();
}

type Scope = Readonly<Record<string, unknown>>;
type Reader = (scope: Scope) => unknown;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #values = 0;
  #isWithinAny = false;
  #isAdvanced = false;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Filter {
    const matches = this.#or();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return { matches, isAdvanced: this.#isAdvanced };
  }

  #or(): Predicate {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new FilterSyntax('nested too deeply');
    const parts = [this.#and()];
    while (this.#word('or')) parts.push(this.#and());
    this.#depth -= 1;
    return (object) => parts.some((part) => part(object));
  }

  #and(): Predicate {
    const parts = [this.#unary()];
    while (this.#word('and')) parts.push(this.#unary());
    return (object) => parts.every((part) => part(object));
  }

  #unary(): Predicate {
    if (!this.#word('not')) return this.#primary();
    this.#isAdvanced = true;
    const inner = this.#primary();
    return (object) => !inner(object);
  }

  #primary(): Predicate {
    if (this.#mark('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const name = this.#name();
    const called = name.toLowerCase();
    if (called === 'startswith' || called === 'endswith') return this.#textFunction(called);
    if (name.endsWith('/any') || name === 'any') return this.#any(name.slice(0, -'/any'.length));
    return this.#comparison(readerOf(name));
  }

  #textFunction(name: 'startswith' | 'endswith'): Predicate {
    this.#expect('(');
    const read = readerOf(this.#name());
    this.#expect(',');
    const wanted = this.#literal();
    this.#expect(')');
    if (typeof wanted !== 'string') throw new FilterSyntax(`${name} wants a string`);
    this.#isAdvanced ||= name === 'endswith';
    const part = wanted.toLowerCase();
    const test = (value: string) =>
      name === 'startswith' ? value.startsWith(part) : value.endsWith(part);
    return (object) => {
      const value = read(object);
      return typeof value === 'string' && test(value.toLowerCase());
    };
  }

  /** `property/any(x:x eq 'value')`; the variable stands for one element. */
  #any(property: string): Predicate {
    const readList = readerOf(property);
    this.#expect('(');
    const variable = this.#name();
    this.#expect(':');
    if (this.#isWithinAny) throw new FilterSyntax('any within any');
    this.#isWithinAny = true;
    const inner = this.#or();
    this.#isWithinAny = false;
    this.#expect(')');
    return (object) => {
      const list = readList(object);
      return Array.isArray(list) && list.some((item) => inner({ ...object, [variable]: item }));
    };
  }

  #comparison(read: Reader): Predicate {
    if (this.#word('in')) return this.#in(read);
    const operator = this.#name();
    const wanted = this.#literal();
    switch (operator) {
      case 'eq':
        return (object) => isEqual(read(object), wanted);
      case 'ne':
        this.#isAdvanced = true;
        return (object) => !isEqual(read(object), wanted);
      case 'ge':
        return (object) => isOrdered(wanted, read(object), 'orSame');
      case 'gt':
        return (object) => isOrdered(wanted, read(object), 'strictly');
      case 'le':
        return (object) => isOrdered(read(object), wanted, 'orSame');
      case 'lt':
        return (object) => isOrdered(read(object), wanted, 'strictly');
      default:
        throw new FilterSyntax(`unknown operator '${operator}'`);
    }
  }

  #in(read: Reader): Predicate {
    this.#expect('(');
    const wanted = [this.#literal()];
    while (this.#mark(',')) wanted.push(this.#literal());
    this.#expect(')');
    return (object) => {
      const found = read(object);
      return wanted.some((value) => isEqual(found, value));
    };
  }

  #literal(): string | boolean | null {
    this.#values += 1;
    if (this.#values > VALUES_MAX) throw new FilterSyntax('too many values');
    const token = this.#next();
    if (token.kind === 'text') return token.text;
    // A GUID may be written without quotes, and may begin with a letter.
    if (token.kind !== 'value' && token.kind !== 'name') throw this.#unexpected();
    if (token.text === 'null') return null;
    return token.text === 'true' || token.text === 'false' ? token.text === 'true' : token.text;
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== 'name') throw this.#unexpected();
    return token.text;
  }

  #word(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'name' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #mark(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'mark' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#mark(text)) throw this.#unexpected();
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new FilterSyntax('it ends too early');
    this.#at += 1;
    return token;
  }

  #unexpected(): FilterSyntax {
    const token = this.#tokens[this.#at] ?? this.#tokens[this.#at - 1];
    return new FilterSyntax(`unexpected '${token?.text ?? ''}'`);
  }
}

function readerOf(path: string): Reader {
  const names = path.split('/');
  return (scope) => {
    let value: unknown = scope;
    for (const name of names) value = property(value, name);
    return value;
  };
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

function isEqual(value: unknown, wanted: unknown): boolean {
  if (typeof value === 'string' && typeof wanted === 'string') {
    return value.toLowerCase() === wanted.toLowerCase();
  }
  if (typeof value === 'number') return wanted !== null && value === Number(wanted);
  return (value ?? null) === wanted;
}

/** Times and numbers have an order, everything else has none. */
function isOrdered(lower: unknown, upper: unknown, kind: 'strictly' | 'orSame'): boolean {
  const [low, high] = [rank(lower), rank(upper)];
  return kind === 'orSame' ? low <= high : low < high;
}

/** NaN is neither below nor above anything. */
function rank(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '') return Number.NaN;
  const number = Number(value);
  return Number.isNaN(number) ? Date.parse(value) : number;
}
