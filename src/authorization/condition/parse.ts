// Condition text → Condition. Recursive descent over the grammar of Azure's condition format,
// version 2.0. Refuses what Azure's documentation calls ambiguous (AND beside OR without
// parentheses), literals that do not fit their operator, and anything past the limits. Nothing is
// evaluated here.
import { type ActionPattern, compileActionPattern } from '../action-pattern.ts';
import { parseLiteral } from './literal.ts';
import { type Comparison, comparisons, type Quantifier, quantifiers } from './operators.ts';
import {
  type AttributeReference,
  type AttributeSource,
  type Condition,
  ConditionSyntaxError,
  conditionLimits,
  type Expression,
  type Literal,
  type Operand,
} from './syntax.ts';
import { type Token, tokenize } from './tokenize.ts';

const SOURCES: ReadonlyMap<string, AttributeSource> = new Map([
  ['resource', 'resource'],
  ['request', 'request'],
  ['principal', 'principal'],
  ['environment', 'environment'],
]);

const JOINERS: ReadonlyMap<string, 'and' | 'or'> = new Map([
  ['and', 'and'],
  ['&&', 'and'],
  ['or', 'or'],
  ['||', 'or'],
]);

/** Never throws: a text that is no condition is answered with where and why. */
export function parseCondition(text: string): Condition | ConditionSyntaxError {
  try {
    if (text.length > conditionLimits.charactersMax) {
      throw new ConditionSyntaxError(
        conditionLimits.charactersMax,
        `longer than ${conditionLimits.charactersMax} characters`,
      );
    }
    return new Parser(text).condition();
  } catch (error) {
    if (error instanceof ConditionSyntaxError) return error;
    throw error;
  }
}

interface RawOperand {
  readonly attribute?: AttributeReference;
  readonly tokens: readonly Token[];
  readonly position: number;
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #attributes = new Map<string, AttributeReference>();
  #next = 0;
  #depth = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  condition(): Condition {
    const root = this.#expression();
    const rest = this.#peek();
    if (rest.kind !== 'end') throw fail(rest, 'expected the end of the condition');
    return { text: this.#text, root, attributes: [...this.#attributes.values()] };
  }

  #expression(): Expression {
    this.#depth += 1;
    if (this.#depth > conditionLimits.depthMax) throw fail(this.#peek(), 'nested too deeply');
    const operands = [this.#term()];
    let kind: 'and' | 'or' | undefined;
    for (let joiner = joinerOf(this.#peek()); joiner; joiner = joinerOf(this.#peek())) {
      const token = this.#take();
      kind ??= joiner;
      if (kind !== joiner) throw fail(token, 'AND and OR side by side need parentheses');
      operands.push(this.#term());
    }
    this.#depth -= 1;
    const [only] = operands;
    return kind === undefined && only ? only : { kind: kind ?? 'and', operands };
  }

  #term(): Expression {
    const token = this.#peek();
    this.#count(token);
    if (isSymbol(token, '(')) {
      this.#take();
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    switch (token.kind === 'word' || token.kind === 'symbol' ? token.text.toLowerCase() : '') {
      case '!':
      case 'not':
        return this.#negation();
      case 'actionmatches':
        return { kind: 'actionMatches', patterns: this.#patterns() };
      case 'suboperationmatches':
        return { kind: 'subOperationMatches', patterns: this.#patterns() };
      case 'exists':
        return this.#existence(true);
      case 'notexists':
        return this.#existence(false);
      default:
        return this.#comparison();
    }
  }

  #negation(): Expression {
    this.#depth += 1;
    if (this.#depth > conditionLimits.depthMax) throw fail(this.#peek(), 'nested too deeply');
    this.#take();
    const operand = this.#term();
    this.#depth -= 1;
    return { kind: 'not', operand };
  }

  #patterns(): readonly ActionPattern[] {
    this.#take();
    return this.#list().map((token) => {
      if (token.kind !== 'string' || token.text === '')
        throw fail(token, 'expected a quoted action');
      return compileActionPattern(token.text);
    });
  }

  #existence(expected: boolean): Expression {
    this.#take();
    const token = this.#take();
    if (token.kind !== 'attribute') throw fail(token, 'expected an attribute');
    return { kind: 'exists', attribute: this.#attribute(token), expected };
  }

  #comparison(): Expression {
    const left = this.#operand();
    const { comparison, quantifier } = this.#operator();
    const right = this.#operand();
    if (left.attribute === undefined && right.attribute === undefined) {
      throw new ConditionSyntaxError(left.position, 'a comparison needs an attribute');
    }
    return {
      kind: 'comparison',
      left: typed(left, comparison, quantifier),
      right: typed(right, comparison, quantifier),
      comparison,
      quantifier,
    };
  }

  #operator(): { comparison: Comparison; quantifier: Quantifier | undefined } {
    const token = this.#take();
    const [first = '', second] = token.text.toLowerCase().split(':');
    const quantifier = second === undefined ? undefined : quantifiers.get(first);
    const comparison = token.kind === 'word' ? comparisons.get(second ?? first) : undefined;
    if (!comparison || (second !== undefined && !quantifier))
      throw fail(token, 'expected an operator');
    return { comparison, quantifier };
  }

  #operand(): RawOperand {
    const token = this.#peek();
    if (isSymbol(token, '{')) return { tokens: this.#list(), position: token.position };
    this.#take();
    if (token.kind === 'attribute') {
      return { attribute: this.#attribute(token), tokens: [], position: token.position };
    }
    if (token.kind !== 'string' && token.kind !== 'word') {
      throw fail(token, 'expected an attribute or a value');
    }
    return { tokens: [token], position: token.position };
  }

  /** `{ value, value }`, at least one. */
  #list(): readonly Token[] {
    this.#expect('{');
    const values: Token[] = [];
    do {
      const token = this.#take();
      if (token.kind !== 'string' && token.kind !== 'word') throw fail(token, 'expected a value');
      this.#count(token);
      values.push(token);
    } while (isSymbol(this.#peek(), ',') && this.#take());
    this.#expect('}');
    return values;
  }

  #attribute(token: Token): AttributeReference {
    const open = token.text.indexOf('[');
    const source = SOURCES.get(token.text.slice(1, open).toLowerCase());
    const name = token.text
      .slice(open + 1, -1)
      .trim()
      .toLowerCase();
    if (source === undefined) throw fail(token, 'unknown attribute source');
    if (name === '') throw fail(token, 'expected the name of an attribute');
    const reference = { source, name, text: token.text };
    this.#attributes.set(`${source} ${name}`, reference);
    return reference;
  }

  #count(token: Token): void {
    this.#nodes += 1;
    if (this.#nodes > conditionLimits.nodesMax) throw fail(token, 'too many expressions');
  }

  #expect(symbol: string): void {
    const token = this.#take();
    if (!isSymbol(token, symbol)) throw fail(token, `expected ${symbol}`);
  }

  #peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new ConditionSyntaxError(this.#text.length, 'unexpected end');
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }
}

function typed(
  operand: RawOperand,
  comparison: Comparison,
  quantifier: Quantifier | undefined,
): Operand {
  const { attribute, tokens, position } = operand;
  if (attribute) return { kind: 'attribute', attribute };
  if (tokens.length > 1 && !quantifier) {
    const quantified = `ForAnyOfAnyValues:${comparison.name}`;
    const message = `several values need a quantifier, such as ${quantified}`;
    throw new ConditionSyntaxError(position, message);
  }
  const literals = tokens.map((token): Literal => {
    const literal = parseLiteral(comparison.type, token.text, token.kind === 'string');
    if (literal === undefined) throw fail(token, `${comparison.name} cannot compare this value`);
    return literal;
  });
  return { kind: 'literals', literals };
}

function joinerOf(token: Token): 'and' | 'or' | undefined {
  if (token.kind !== 'word' && token.kind !== 'symbol') return undefined;
  return JOINERS.get(token.text.toLowerCase());
}

function isSymbol(token: Token, symbol: string): boolean {
  return token.kind === 'symbol' && token.text === symbol;
}

function fail(token: Token, message: string): ConditionSyntaxError {
  const found = token.kind === 'end' ? 'the end' : JSON.stringify(token.text.slice(0, 40));
  return new ConditionSyntaxError(token.position, `${message}, found ${found}`);
}
