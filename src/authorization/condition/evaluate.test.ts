import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ConditionContext, evaluateCondition, evaluateDenyCondition } from './evaluate.ts';
import { isLike } from './operators.ts';
import { parseCondition } from './parse.ts';
import { type AttributeValue, ConditionSyntaxError } from './syntax.ts';

type Given = Readonly<Record<string, AttributeValue>>;

interface Situation {
  readonly action?: string;
  readonly subOperation?: string;
  readonly resource?: Given;
  readonly request?: Given;
  readonly principal?: Given;
  readonly environment?: Given;
}

function context(situation: Situation): ConditionContext {
  const map = (given: Given = {}) => new Map(Object.entries(given));
  return {
    action: situation.action ?? 'a/b/read',
    subOperation: situation.subOperation,
    attributes: {
      resource: map(situation.resource),
      request: map(situation.request),
      principal: map(situation.principal),
      environment: map(situation.environment),
    },
  };
}

function conditionOf(text: string) {
  const condition = parseCondition(text);
  if (condition instanceof ConditionSyntaxError) throw condition;
  return condition;
}

function holds(text: string, situation: Situation = {}): boolean {
  return evaluateCondition(conditionOf(text), context(situation));
}

/** `x` as the value of an attribute that no rule about names applies to. */
function about(text: string, x?: AttributeValue): boolean {
  return holds(text.replaceAll('X', '@Principal[x]'), x === undefined ? {} : { principal: { x } });
}

describe('actions in conditions', () => {
  it('ActionMatches compares like role definitions do: without case, with wildcards', () => {
    const situation = { action: 'microsoft.authorization/roleassignments/write' };
    assert.ok(holds(`ActionMatches{'Microsoft.Authorization/roleAssignments/write'}`, situation));
    assert.ok(holds(`ActionMatches{'Microsoft.Authorization/roleAssignments/*'}`, situation));
    assert.ok(!holds(`ActionMatches{'Microsoft.Authorization/roleDefinitions/*'}`, situation));
  });

  it('SubOperationMatches is false where the request has no suboperation', () => {
    assert.ok(!holds(`SubOperationMatches{'*'}`));
    assert.ok(holds(`SubOperationMatches{'Blob.List'}`, { subOperation: 'blob.LIST' }));
    assert.ok(!holds(`SubOperationMatches{'Blob.List'}`, { subOperation: 'Blob.Read' }));
  });

  it('logic is as written', () => {
    const [yes, no] = [`ActionMatches{'*'}`, `ActionMatches{'no'}`];
    assert.ok(holds(`${yes} AND !(${no})`));
    assert.ok(!holds(`${yes} AND ${no}`));
    assert.ok(holds(`${no} OR ${yes}`));
    assert.ok(!holds(`${no} || ${no}`));
    assert.ok(holds(`(${no} && ${yes}) OR (NOT ${no} AND ${yes})`));
  });
});

describe('comparisons', () => {
  const table: readonly (readonly [string, AttributeValue, boolean])[] = [
    [`X StringEquals 'abc'`, 'abc', true],
    [`X StringEquals 'abc'`, 'ABC', false],
    [`X StringEqualsIgnoreCase 'abc'`, 'ABC', true],
    [`X StringNotEquals 'abc'`, 'ABC', true],
    [`X StringNotEqualsIgnoreCase 'abc'`, 'ABC', false],
    [`X StringStartsWith 'ab'`, 'abc', true],
    [`X StringStartsWith 'AB'`, 'abc', false],
    [`X StringStartsWithIgnoreCase 'AB'`, 'abc', true],
    [`X StringNotStartsWith 'b'`, 'abc', true],
    [`X StringNotStartsWithIgnoreCase 'A'`, 'abc', false],
    [`X StringLike 'a*c?'`, 'abcd', true],
    [`X StringLike 'A*C?'`, 'abcd', false],
    [`X StringLike 'a*c'`, 'abcd', false],
    [`X StringLikeIgnoreCase 'A*C?'`, 'abcd', true],
    [`X StringNotLike 'a*c'`, 'abcd', true],
    [`X StringLike 'a\\*'`, 'a*', true],
    [`X StringLike 'a\\*'`, 'ab', false],
    [`X StringLike 'a\\?c'`, 'abc', false],
    [`X StringEquals 'it\\'s'`, `it's`, true],
    [`X NumericEquals 5`, 5, true],
    [`X NumericNotEquals 5`, 5, false],
    [`X NumericLessThan 5`, 4, true],
    [`X NumericLessThan -5`, -4, false],
    [`X NumericLessThanEquals 5`, 5, true],
    [`X NumericGreaterThan 9`, 10, true],
    [`X NumericGreaterThanEquals 10`, 9, false],
    [`X BoolEquals true`, true, true],
    [`X BoolNotEquals true`, true, false],
    [`X DateTimeEquals '2026-01-01T00:00:00.0Z'`, '2026-01-01T00:00:00Z', true],
    [`X DateTimeLessThan '2026-01-01T00:00:00.0000002Z'`, '2026-01-01T00:00:00.0000001Z', true],
    [`X DateTimeGreaterThanEquals '2026-01-01T00:00:00Z'`, '2025-12-31T23:59:59.9999999Z', false],
    [`X DateTimeNotEquals '2026-01-01T00:00:00Z'`, '2026-01-01T00:00:01Z', true],
    [
      `X GuidEquals '00482A5A-887f-4fb3-b363-3b7fe8e74483'`,
      '00482a5a-887F-4fb3-b363-3b7fe8e74483',
      true,
    ],
    [
      `X GuidNotEquals 00482a5a-887f-4fb3-b363-3b7fe8e74483`,
      '00482A5A-887f-4fb3-b363-3b7fe8e74483',
      false,
    ],
    [`X ForAnyOfAnyValues:StringEquals {'blue', 'green'}`, ['red', 'blue'], true],
    [`X ForAnyOfAnyValues:StringEquals {'orange', 'green'}`, ['red', 'blue'], false],
    [`X ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}`, ['red', 'blue'], true],
    [`X ForAllOfAnyValues:StringEquals {'red', 'green'}`, ['red', 'blue'], false],
    [`X ForAnyOfAllValues:NumericLessThan {15, 18}`, [10, 20], true],
    [`X ForAllOfAllValues:NumericLessThan {5, 15, 18}`, [10, 20], false],
    [`X ForAllOfAllValues:NumericLessThan {25, 30}`, [10, 20], true],
    [`X ForAllOfAllValues:NumericLessThan {15, 25, 30}`, [10, 20], false],
  ];
  for (const [text, value, expected] of table) {
    it(`${text} for ${JSON.stringify(value)} is ${expected}`, () => {
      assert.equal(about(text, value), expected);
    });
  }

  it('two attributes may be compared with each other', () => {
    const text = '@Principal[a] StringEquals @Environment[b]';
    assert.ok(holds(text, { principal: { a: 'x' }, environment: { b: 'x' } }));
    assert.ok(!holds(text, { principal: { a: 'x' }, environment: { b: 'y' } }));
    assert.ok(!holds(text, { principal: { a: 'x' } }));
  });

  it('a multi-valued attribute needs a quantifier', () => {
    assert.ok(!about(`X StringEquals 'a'`, ['a', 'b']));
    assert.ok(!about(`X StringNotEquals 'c'`, ['a', 'b']));
  });
});

describe('what is missing', () => {
  const comparisons = [
    `X StringEquals 'a'`,
    `X StringNotEquals 'a'`,
    `X StringNotLike 'a'`,
    `X NumericNotEquals 1`,
    `X BoolNotEquals true`,
    `X GuidNotEquals 00482a5a-887f-4fb3-b363-3b7fe8e74483`,
    `X DateTimeNotEquals '2026-01-01T00:00:00Z'`,
    `X ForAllOfAllValues:StringNotEquals {'a'}`,
    `X ForAllOfAnyValues:StringEquals {'a'}`,
  ];

  it('makes every comparison false, the negative ones too', () => {
    for (const text of comparisons) assert.ok(!about(text), text);
  });

  it('an attribute without values is missing: "for all" is not true of nothing', () => {
    for (const text of comparisons) assert.ok(!about(text, []), text);
  });

  it('an attribute of another type makes every comparison false', () => {
    for (const text of comparisons) {
      const wrong = text.includes('String') ? 7 : 'seven';
      assert.ok(!about(text, wrong), text);
      assert.ok(!about(text, [wrong]), text);
    }
  });

  it('makes the negation of a comparison no truer: nobody passes by leaving it out', () => {
    for (const text of comparisons) {
      assert.ok(!about(`!(${text})`), text);
      assert.ok(!about(`!(${text} AND X StringEquals 'a')`), text);
      assert.ok(!about(`!(!(${text}))`), text);
    }
  });

  it('does not matter where the rest settles it', () => {
    const unknown = `X StringEquals 'a'`;
    const yes = `NotExists X`;
    assert.ok(about(`${unknown} OR ${yes}`));
    assert.ok(about(`${yes} OR !(${unknown})`));
    assert.ok(about(`!(${unknown} AND !(${yes}))`));
    assert.ok(!about(`${unknown} AND ${yes}`));
  });

  it('makes a denial apply', () => {
    const denies = (text: string) => evaluateDenyCondition(conditionOf(text), context({}));
    assert.ok(denies(`@Resource[x] StringEquals 'a'`));
    assert.ok(denies(`!(@Resource[x] StringEquals 'a')`));
    assert.ok(!denies(`Exists @Resource[x]`));
  });

  it('is unknown rather than absent where not all is known yet, to existence tests too', () => {
    const known = (text: string) =>
      evaluateCondition(conditionOf(text), {
        ...context({ request: { role: 'r' }, principal: {} }),
        partial: true,
      });
    for (const text of ['Exists @Request[x]', 'NotExists @Request[x]', 'NOT Exists @Resource[x]']) {
      assert.ok(!known(text), text);
    }
    assert.ok(known(`@Request[role] StringEquals 'r' OR @Request[x] StringEquals 'a'`));
    assert.ok(known('NotExists @Principal[x]'));
  });

  it('Exists and NotExists tell whether it is there', () => {
    assert.ok(about('Exists X', 'a'));
    assert.ok(!about('Exists X'));
    assert.ok(about('NotExists X'));
    assert.ok(!about('NotExists X', 'a'));
  });

  it('an attribute of another source does not stand in', () => {
    assert.ok(!holds(`@Request[x] StringEquals 'a'`, { resource: { x: 'a' } }));
  });
});

describe('names of resources, which Azure compares without case', () => {
  const named = (text: string, name: string) =>
    holds(text.replaceAll('X', '@Resource[x]'), { resource: { x: name } });

  it('cannot slip past an exclusion by another spelling', () => {
    for (const text of [
      `X StringNotEquals 'prod'`,
      `!(X StringEquals 'prod')`,
      `X StringNotStartsWith 'pro'`,
      `X StringNotLike 'p*d'`,
      `X ForAllOfAllValues:StringNotEquals {'prod', 'live'}`,
    ]) {
      assert.ok(!named(text, 'prod'), text);
      assert.ok(!named(text, 'PROD'), text);
      assert.ok(named(text, 'test'), text);
    }
  });

  it('are still compared with case where that lets someone in', () => {
    assert.ok(named(`X StringEquals 'prod'`, 'prod'));
    assert.ok(!named(`X StringEquals 'prod'`, 'PROD'));
  });

  it('in a deny assignment the condition applies under either spelling', () => {
    const condition = conditionOf(`@Resource[x] StringEquals 'prod'`);
    assert.ok(evaluateDenyCondition(condition, context({ resource: { x: 'PROD' } })));
    assert.ok(!evaluateDenyCondition(condition, context({ resource: { x: 'test' } })));
  });
});

describe('Like', () => {
  it('agrees with a regular expression on every pattern', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', '\\*', '\\?', '\\\\', '.'));
    const text = fc
      .array(fc.constantFrom('a', 'b', '*', '?', '\\', '.', '\n'))
      .map((c) => c.join(''));
    fc.assert(
      fc.property(text, pattern, (value, parts) => {
        const source = parts.map((part) => {
          if (part === '*') return '[^]*';
          if (part === '?') return '[^]';
          return `\\${part.at(-1)}`.replace(/^\\([ab])$/, '$1');
        });
        assert.equal(isLike(value, parts.join('')), new RegExp(`^${source.join('')}$`).test(value));
      }),
      { numRuns: 3000 },
    );
  });

  it('is quick on a pattern made to be slow', () => {
    const startMs = performance.now();
    assert.ok(!isLike('a'.repeat(25_000), `${'a*'.repeat(2000)}b`));
    assert.ok(performance.now() - startMs < 2000);
  });
});
