import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCondition } from './parse.ts';
import { type Condition, ConditionSyntaxError, conditionLimits } from './syntax.ts';

const GUID = '00482a5a-887f-4fb3-b363-3b7fe8e74483';
const NAME = '@Resource[Microsoft.KeyVault/vaults/secrets:name]';

function parsed(text: string): Condition {
  const result = parseCondition(text);
  assert.ok(!(result instanceof ConditionSyntaxError), `${text}: ${String(result)}`);
  return result;
}

function refused(text: string): ConditionSyntaxError {
  const result = parseCondition(text);
  assert.ok(result instanceof ConditionSyntaxError, text);
  return result;
}

describe('conditions that are accepted', () => {
  const accepted = [
    `${NAME} StringEquals 'a'`,
    `(${NAME} StringEquals 'a')`,
    `!(ActionMatches{'Microsoft.KeyVault/vaults/secrets/getSecret/action'})`,
    `NOT ActionMatches{'*'}`,
    `((!(ActionMatches{'A/b'} AND SubOperationMatches{'B.List'})) OR (${NAME} StringLike 'a*'))`,
    `(!(ActionMatches{'A/b/read'})) || (${NAME} StringNotLikeIgnoreCase '*?')`,
    `a`.replace('a', `ActionMatches{'a'} && ActionMatches{'b'} && ActionMatches{'c'}`),
    `Exists ${NAME}`,
    `NotExists ${NAME}`,
    `NOT Exists @Request[x:y]`,
    `@Request[a:b] ForAnyOfAnyValues:GuidEquals{${GUID}, '${GUID.toUpperCase()}'}`,
    `@Request[a:b] ForAllOfAllValues:StringNotEquals {'x', 'y'}`,
    `@Request[a:b] NumericGreaterThanEquals -5`,
    `@Resource[a:b] BoolEquals true`,
    `@Environment[UtcNow] DateTimeGreaterThan '2026-05-01T00:00:00.0Z'`,
    `@Environment[isPrivateLink] BoolNotEquals FALSE`,
    `@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:E_P] StringEquals ${NAME}`,
    `{'a', 'b'} ForAnyOfAnyValues:StringEquals @Request[a:b]`,
    `@Resource[a/tags:Project<$key_case_sensitive$>] StringEquals 'Cascade'`,
    `@Request[a/tags&$keys$&] ForAllOfAnyValues:StringEquals {'Project'}`,
    `@Resource[a:b] StringEquals {'one'}`,
    `\n\t( ${NAME}\r\n StringEquals 'a' )\n`,
    `not (exists ${NAME})`,
  ];
  for (const text of accepted) it(text.replaceAll(/\s+/g, ' '), () => void parsed(text));

  it('names every attribute once, without case', () => {
    const condition = parsed(`${NAME} StringEquals 'a' OR ${NAME.toUpperCase()} StringEquals 'b'`);
    assert.deepEqual(
      condition.attributes.map(({ source, name }) => `${source} ${name}`),
      ['resource microsoft.keyvault/vaults/secrets:name'],
    );
  });
});

describe('conditions that are refused, and where', () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['', 0, /expected/],
    ['   ', 3, /the end/],
    [`${NAME} StringEquals`, NAME.length + 13, /expected an attribute or a value/],
    [`${NAME} 'a'`, NAME.length + 1, /operator/],
    [`${NAME} StringSimilar 'a'`, NAME.length + 1, /operator/],
    [`${NAME} ForSome:StringEquals 'a'`, NAME.length + 1, /operator/],
    [`${NAME} StringEquals 'a`, NAME.length + 14, /not closed/],
    [`${NAME} StringEquals 'a' )`, NAME.length + 18, /end of the condition/],
    [`(${NAME} StringEquals 'a'`, NAME.length + 18, /expected \)/],
    [`${NAME} StringEquals {}`, NAME.length + 15, /expected a value/],
    [`${NAME} StringEquals {'a',}`, NAME.length + 19, /expected a value/],
    [`${NAME} StringEquals {'a', 'b'}`, NAME.length + 14, /ForAnyOfAnyValues:StringEquals/],
    [`${NAME} StringEquals 5`, NAME.length + 14, /cannot compare/],
    [`${NAME} StringEquals true`, NAME.length + 14, /cannot compare/],
    [`@Request[a:b] NumericEquals '5'`, 28, /cannot compare/],
    [`@Request[a:b] NumericEquals 5-5`, 28, /cannot compare/],
    [`@Request[a:b] GuidEquals 'five'`, 25, /cannot compare/],
    [`@Request[a:b] DateTimeEquals '2026-02-30T00:00:00Z'`, 29, /cannot compare/],
    [`@Request[a:b] DateTimeEquals '2026-01-01'`, 29, /cannot compare/],
    [`@Request[a:b] BoolEquals 'true'`, 25, /cannot compare/],
    [`'a' StringEquals 'a'`, 0, /needs an attribute/],
    [`@Header[a:b] StringEquals 'a'`, 0, /unknown attribute source/],
    [`@Request[ ] StringEquals 'a'`, 0, /name of an attribute/],
    [`@Request[] StringEquals 'a'`, 0, /unexpected character "@"/],
    [`ActionMatches{'a'} AND ActionMatches{'b'} OR ActionMatches{'c'}`, 42, /parentheses/],
    [`ActionMatches{'a'} ActionMatches{'b'}`, 19, /end of the condition/],
    [`ActionMatches{a}`, 14, /quoted/],
    [`ActionMatches{''}`, 14, /quoted/],
    [`Exists 'a'`, 7, /attribute/],
    [`AND ActionMatches{'a'}`, 4, /operator/],
    [`ActionMatches{'a'} AND`, 22, /the end/],
    [`true`, 4, /operator/],
    [`${NAME} StringEquals "a"`, NAME.length + 14, /unexpected character/],
    [`${NAME} == 'a'`, NAME.length + 1, /unexpected character/],
  ];
  for (const [text, position, message] of cases) {
    it(`${text} at ${position}`, () => {
      const error = refused(text);
      assert.match(error.message, message);
      assert.equal(error.position, position);
    });
  }
});

describe('limits of conditions', () => {
  const atom = `ActionMatches{'a'}`;

  it('longer than 8,192 characters is refused, exactly 8,192 is not', () => {
    const { charactersMax } = conditionLimits;
    parsed(atom.padEnd(charactersMax));
    assert.match(refused(atom.padEnd(charactersMax + 1)).message, /8192/);
  });

  it('parentheses and negations nest only so deep, however they are written', () => {
    const nested = (open: string, close: string, levels: number) =>
      open.repeat(levels) + atom + close.repeat(levels);
    parsed(nested('(', ')', conditionLimits.depthMax - 1));
    for (const [open, close] of [
      ['(', ')'],
      ['!', ''],
      ['NOT ', ''],
      ['!(', ')'],
    ] as const) {
      const levels = Math.floor(
        (conditionLimits.charactersMax - atom.length) / (open + close).length,
      );
      assert.match(refused(nested(open, close, levels)).message, /too deeply/);
    }
  });

  it('many expressions side by side are not mistaken for deep ones', () => {
    parsed(Array.from({ length: 100 }, () => `(!(${atom}))`).join(' AND '));
  });

  it('more values than the limit are refused', () => {
    const values = Array.from({ length: conditionLimits.nodesMax }, () => '1').join(',');
    assert.match(
      refused(`@Request[a:b] ForAnyOfAnyValues:NumericEquals {${values}}`).message,
      /too many/,
    );
  });

  it('any text is answered with a condition or a position inside it, and never throws', () => {
    const pieces = fc.constantFrom(
      '(',
      ')',
      '{',
      '}',
      ',',
      '!',
      '&&',
      '||',
      'AND',
      'OR',
      'NOT',
      'Exists',
      'NotExists',
      ' ',
      `'a'`,
      `'`,
      '\\',
      NAME,
      '@Request[a:b]',
      '@Nobody[a]',
      'StringEquals',
      'GuidEquals',
      'ForAnyOfAnyValues:StringLike',
      'ActionMatches',
      'SubOperationMatches',
      '5',
      'true',
      '\u0000',
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseCondition(text);
        if (!(result instanceof ConditionSyntaxError)) return;
        assert.ok(result.position >= 0 && result.position <= text.length);
      }),
      { numRuns: 2000 },
    );
  });
});
