// The shape of a parsed condition (ABAC 2.0). A Condition is made by `parse.ts` only; whoever holds
// one knows that its syntax, its literals and its size have been checked.
import type { ActionPattern } from '../action-pattern.ts';
import type { Comparison, Quantifier } from './operators.ts';

export const conditionLimits = {
  /** Azure's limit; semantics of `condition` on a role assignment. */
  charactersMax: 8192,
  /** Nested parentheses and negations. */
  depthMax: 32,
  /** Expressions and literals together. */
  nodesMax: 2000,
} as const;

export type AttributeSource = 'resource' | 'request' | 'principal' | 'environment';

/** A value that a request, resource, principal or environment has; a list is a multi-valued one. */
export type AttributeValue = string | number | boolean | readonly (string | number)[];

export interface AttributeReference {
  readonly source: AttributeSource;
  /** Lower-case, for example `microsoft.keyvault/vaults/secrets:name`. */
  readonly name: string;
  /** As written, for example `@Resource[Microsoft.KeyVault/vaults/secrets:name]`. */
  readonly text: string;
}

/** A literal as the comparisons use it: GUIDs in lower case, date-times in ticks of 100 ns. */
export type Literal = string | number | bigint | boolean;

export type Operand =
  | { readonly kind: 'attribute'; readonly attribute: AttributeReference }
  | { readonly kind: 'literals'; readonly literals: readonly Literal[] };

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  | { readonly kind: 'not'; readonly operand: Expression }
  | {
      readonly kind: 'actionMatches' | 'subOperationMatches';
      readonly patterns: readonly ActionPattern[];
    }
  | { readonly kind: 'exists'; readonly attribute: AttributeReference; readonly expected: boolean }
  | {
      readonly kind: 'comparison';
      readonly left: Operand;
      readonly right: Operand;
      readonly comparison: Comparison;
      readonly quantifier: Quantifier | undefined;
    };

export interface Condition {
  readonly text: string;
  readonly root: Expression;
  /** Every attribute it mentions, once. */
  readonly attributes: readonly AttributeReference[];
}

/** The text is no condition. `position` counts UTF-16 units from 0. */
export class ConditionSyntaxError extends Error {
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.name = 'ConditionSyntaxError';
    this.position = position;
  }
}
