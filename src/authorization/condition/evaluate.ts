// Condition × what is known of a request → boolean. Pure. A comparison is undecided when an
// attribute it needs is missing, has no value, or has another type; `NotEquals` and the like too,
// and so is its negation. What stays undecided allows nothing and denies: nobody passes a condition
// by leaving an attribute out.
import { matchesAction } from '../action-pattern.ts';
import { attributeLiterals } from './literal.ts';
import type { AttributeValue, Condition, Expression, Literal, Operand } from './syntax.ts';

export interface ConditionContext {
  /** Lower-case action being decided. */
  readonly action: string;
  readonly subOperation: string | undefined;
  readonly attributes: AttributeLookup;
  /** Attributes of resource and request that are not here may be there all the same. */
  readonly partial?: boolean | undefined;
}

/** `undefined`: it cannot be said. */
type Truth = boolean | undefined;

/** By source, then by lower-case attribute name. */
export type AttributeLookup = Readonly<
  Record<'resource' | 'request' | 'principal' | 'environment', ReadonlyMap<string, AttributeValue>>
>;

type Comparing = Extract<Expression, { kind: 'comparison' }>;

/**
 * True if the condition holds both as written and with the names of resources compared without
 * case. Azure's conditions compare strings with case, but its names ignore it: `/secrets/PROD`
 * opens `prod`, and must not slip past `StringNotEquals 'prod'`. The second look can only refuse.
 */
export function evaluateCondition(condition: Condition, context: ConditionContext): boolean {
  if (holds(condition.root, context, false) !== true) return false;
  return !condition.attributes.some(namesResource) || holds(condition.root, context, true) === true;
}

/** For conditions of deny assignments: the second look can only make the denial apply. */
export function evaluateDenyCondition(condition: Condition, context: ConditionContext): boolean {
  return (
    holds(condition.root, context, false) !== false ||
    holds(condition.root, context, true) !== false
  );
}

function namesResource(attribute: { readonly source: string }): boolean {
  return attribute.source === 'resource' || attribute.source === 'request';
}

function holds(expression: Expression, context: ConditionContext, folded: boolean): Truth {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return joined(expression, context, folded);
    case 'not': {
      const truth = holds(expression.operand, context, folded);
      return truth === undefined ? undefined : !truth;
    }
    case 'actionMatches':
      return expression.patterns.some((pattern) => matchesAction(pattern, context.action));
    case 'subOperationMatches': {
      const subOperation = context.subOperation?.toLowerCase();
      return (
        subOperation !== undefined &&
        expression.patterns.some((pattern) => matchesAction(pattern, subOperation))
      );
    }
    case 'exists': {
      const { source, name } = expression.attribute;
      const isThere = context.attributes[source].has(name);
      if (!isThere && context.partial && namesResource(expression.attribute)) return undefined;
      return isThere === expression.expected;
    }
    case 'comparison':
      return compares(expression, context, folded);
  }
}

/** One operand settles it: a false one for AND, a true one for OR. */
function joined(
  { kind, operands }: Extract<Expression, { kind: 'and' | 'or' }>,
  context: ConditionContext,
  folded: boolean,
): Truth {
  const settling = kind === 'or';
  let truth: Truth = !settling;
  for (const operand of operands) {
    const one = holds(operand, context, folded);
    if (one === settling) return settling;
    if (one === undefined) truth = undefined;
  }
  return truth;
}

function compares(expression: Comparing, context: ConditionContext, folded: boolean): Truth {
  const { comparison, quantifier } = expression;
  const left = valuesOf(expression.left, expression, context);
  const right = valuesOf(expression.right, expression, context);
  if (left === undefined || right === undefined) return undefined;
  const fold = folded && namesAnything(expression);
  const test = fold ? comparison.testFolded : comparison.test;
  if (!quantifier) {
    const [one, other] = [left[0], right[0]];
    if (one === undefined || other === undefined || left.length + right.length > 2) {
      return undefined;
    }
    return test(one, other);
  }
  const { everyLeft, everyRight } = quantifier;
  const satisfies = (value: Literal) =>
    everyRight
      ? right.every((other) => test(value, other))
      : right.some((other) => test(value, other));
  return everyLeft ? left.every(satisfies) : left.some(satisfies);
}

function namesAnything(expression: Comparing): boolean {
  return [expression.left, expression.right].some(
    (operand) => operand.kind === 'attribute' && namesResource(operand.attribute),
  );
}

function valuesOf(
  operand: Operand,
  { comparison }: Comparing,
  context: ConditionContext,
): readonly Literal[] | undefined {
  if (operand.kind === 'literals') return operand.literals;
  const { source, name } = operand.attribute;
  return attributeLiterals(comparison.type, context.attributes[source].get(name));
}
