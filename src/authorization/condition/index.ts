export {
  type AttributeLookup,
  type ConditionContext,
  evaluateCondition,
  evaluateDenyCondition,
} from './evaluate.ts';
export { parseCondition } from './parse.ts';
export {
  type AttributeReference,
  type AttributeValue,
  type Condition,
  ConditionSyntaxError,
  conditionLimits,
} from './syntax.ts';
