export {
  type ConditionContext,
  evaluateCondition,
  evaluateDenyCondition,
} from './evaluate.ts';
export { parseCondition } from './parse.ts';
export {
  type AttributeValue,
  type Condition,
  ConditionSyntaxError,
} from './syntax.ts';
