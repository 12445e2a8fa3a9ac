export { policyPermits, type VaultAccess } from './access-policy.ts';
export {
  Authorizer,
  type AuthorizerSources,
  type Feed,
  type MembershipSource,
  type RoleSource,
} from './authorizer.ts';
export { type Condition, ConditionSyntaxError, parseCondition } from './condition/index.ts';
export {
  anonymousGrant,
  authenticatedGrant,
  directoryGrant,
  systemGrant,
  usesRoles,
} from './decide.ts';
export type {
  ActionRequest,
  AssignmentVerdict,
  Attributes,
  AttributeValue,
  ConsideredAssignment,
  DataAccess,
  DataRequest,
  Decision,
  DenialReason,
  DirectoryRequest,
} from './decision.ts';
export type {
  ExplainedCondition,
  ExplainRequest,
  Explanation,
  ExplanationStep,
  NetworkStep,
} from './explain.ts';
export { lapseOf } from './rbac.ts';
export { parseScope, type Scope } from './scope.ts';
export type { Remedy, Suggestion } from './smallest-grants.ts';
