// The whole story of a decision: every step that was looked at, what it said, and, for a refusal,
// what would have been enough. The verdict itself is `decide.ts`'s, asked with the same input, so
// the two cannot disagree. For those who may read authorization at the scope; callers never see any
// of it.

import { judgePolicyEntry, type PolicyEntryVerdict, policyPermits } from './access-policy.ts';
import type { IndexedDeny } from './assignment-index.ts';
import type { AttributeValue, Condition } from './condition/index.ts';
import {
  actionQuery,
  dataCaller,
  dataQueries,
  decideAction,
  decideData,
  usesRoles,
} from './decide.ts';
import type {
  ActionRequest,
  AssignmentVerdict,
  DataRequest,
  Decision,
  DenialReason,
  ExplainableWorld,
} from './decision.ts';
import { groupPaths } from './group-paths.ts';
import {
  type Considered,
  considerAssignments,
  type DenyVerdict,
  findDeny,
  judgeDeny,
  type RbacQuery,
} from './rbac.ts';
import type { CompiledCondition } from './role.ts';
import { type Remedy, rbacRemedies, smallestPolicies } from './smallest-grants.ts';

/** What the firewall said, as `decideNetwork` answers it. */
export interface NetworkStep {
  readonly admitted: boolean;
  readonly by?: string;
  readonly rule?: string;
  readonly reason?: string;
  readonly clientAddress?: string;
}

export type ExplainRequest = { readonly network?: NetworkStep } & (
  | { readonly kind: 'action'; readonly request: ActionRequest }
  | { readonly kind: 'data'; readonly request: DataRequest }
);

/** Groups from the caller's own one to the one that counts; empty for the caller itself. */
export type GroupPath = readonly string[];

export interface ExplainedCondition {
  readonly text: string;
  /** `null`: the request had no such attribute, which makes comparisons with it false. */
  readonly attributes: readonly {
    readonly attribute: string;
    readonly value: AttributeValue | null;
  }[];
}

export type ExplanationStep =
  | ({ readonly step: 'network' } & NetworkStep)
  | {
      readonly step: 'denyAssignment';
      readonly denyAssignmentId: string;
      readonly name: string;
      readonly scope: string;
      readonly action: string;
      readonly verdict: DenyVerdict;
    }
  | {
      readonly step: 'roleAssignment';
      readonly assignmentId: string;
      readonly scope: string;
      readonly action: string;
      readonly roleDefinitionName: string;
      readonly roleName: string | null;
      readonly principalId: string;
      readonly groupPath: GroupPath;
      /** `overruled`: it would allow the action, had a deny assignment not forbidden it. */
      readonly verdict: AssignmentVerdict | 'overruled';
      readonly condition?: ExplainedCondition;
    }
  | {
      readonly step: 'accessPolicy';
      readonly objectId: string;
      readonly applicationId: string | null;
      readonly groupPath: GroupPath;
      readonly verdict: PolicyEntryVerdict | 'allows' | 'permissionNotGranted';
    };

export interface Explanation {
  readonly allowed: boolean;
  readonly model: 'rbac' | 'policy';
  /** Set where authorization refused; a refusal by the network is in its step. */
  readonly reason?: DenialReason;
  /** Assignment that allowed it, in the form that Azure prints. */
  readonly assignmentId?: string;
  readonly steps: readonly ExplanationStep[];
  /** For a refusal: what would have to change, all of it, in the smallest way. */
  readonly remedies: readonly Remedy[];
}

export function explain(world: ExplainableWorld, asked: ExplainRequest): Explanation {
  const decision =
    asked.kind === 'action' ? decideAction(world, asked.request) : decideData(world, asked.request);
  const byPolicy = asked.kind === 'data' && !usesRoles(asked.request.vault);
  const story = byPolicy ? policyStory(world, asked.request) : rbacStory(world, asked);
  const admitted = asked.network?.admitted ?? true;
  return {
    allowed: decision.allowed && admitted,
    model: byPolicy ? 'policy' : 'rbac',
    ...outcome(decision),
    steps: [...networkSteps(asked.network), ...story.steps],
    remedies: [
      ...networkRemedies(asked.network),
      ...(decision.allowed || !isRemediable(decision.reason) ? [] : story.remedies()),
    ],
  };
}

interface Story {
  readonly steps: readonly ExplanationStep[];
  readonly remedies: () => readonly Remedy[];
}

const NO_STORY: Story = { steps: [], remedies: () => [] };

function outcome(decision: Decision): Pick<Explanation, 'reason' | 'assignmentId'> {
  if (!decision.allowed) return { reason: decision.reason };
  const { assignmentId } = decision.grant;
  return assignmentId === undefined ? {} : { assignmentId };
}

function networkSteps(network: NetworkStep | undefined): readonly ExplanationStep[] {
  return network === undefined ? [] : [{ step: 'network', ...network }];
}

/** Empty where no IP rule would let the client in: its address is no IPv4, or the door is shut. */
function networkRemedies(network: NetworkStep | undefined): readonly Remedy[] {
  if (network === undefined || network.admitted) return [];
  const { reason, clientAddress = '' } = network;
  const helps = reason === 'firewall' && /^[\d.]+$/.test(clientAddress);
  const anyOf = helps ? [{ kind: 'ipRule' as const, value: `${clientAddress}/32` }] : [];
  return [{ obstacle: 'network', anyOf }];
}

/** A caller nobody knows, or who belongs to another tenant, is helped by no grant. */
function isRemediable({ code }: DenialReason): boolean {
  return !['ScopeMalformed', 'TenantMismatch', 'PrincipalNotActive'].includes(code);
}

function rbacStory(world: ExplainableWorld, asked: ExplainRequest): Story {
  const queries = queriesOf(world, asked);
  const [first] = queries;
  if (first === undefined) return NO_STORY;
  const paths = groupPaths(first.caller.id, (id) => world.directMemberOf(id));
  // Denied the operation itself, what would be enough in its place is no way around it.
  const closed = findDeny(world, first) !== undefined;
  return {
    steps: queries.flatMap((query) => {
      const overruled = closed || findDeny(world, query) !== undefined;
      return [
        ...denySteps(world, query),
        ...considerAssignments(world, query, 'end').map((each) =>
          assignmentStep(world, { each, query, paths, overruled }),
        ),
      ];
    }),
    remedies: () => rbacRemedies(world, queries),
  };
}

function queriesOf(world: ExplainableWorld, asked: ExplainRequest): readonly RbacQuery[] {
  const found =
    asked.kind === 'action' ? actionQuery(world, asked.request) : dataQueries(world, asked.request);
  if (typeof found === 'string') return [];
  return 'caller' in found ? [found] : found;
}

function denySteps(world: ExplainableWorld, query: RbacQuery): readonly ExplanationStep[] {
  return query.scopes.flatMap((scope) =>
    world.deniesAt(scope).map((indexed: IndexedDeny) => ({
      step: 'denyAssignment' as const,
      denyAssignmentId: indexed.deny.name,
      name: indexed.deny.denyAssignmentName,
      scope: indexed.deny.scope,
      action: query.action,
      verdict: judgeDeny(indexed, scope, query),
    })),
  );
}

interface AssignmentStepInput {
  readonly each: Considered;
  readonly query: RbacQuery;
  readonly paths: ReadonlyMap<string, GroupPath>;
  readonly overruled: boolean;
}

function assignmentStep(
  world: ExplainableWorld,
  { each, query, paths, overruled }: AssignmentStepInput,
): ExplanationStep {
  const { assignment, condition } = each.indexed;
  const explained = explainCondition(condition, query);
  return {
    step: 'roleAssignment',
    assignmentId: assignment.name,
    scope: assignment.scope,
    action: query.action,
    roleDefinitionName: assignment.roleDefinitionName,
    roleName: world.role(assignment.roleDefinitionName)?.definition.roleName ?? null,
    principalId: each.principalId,
    groupPath: paths.get(each.principalId) ?? [],
    verdict: overruled && each.verdict === 'allows' ? 'overruled' : each.verdict,
    ...(explained && { condition: explained }),
  };
}

function explainCondition(
  condition: CompiledCondition,
  query: RbacQuery,
): ExplainedCondition | undefined {
  if (condition === undefined || condition === 'broken') return undefined;
  return { text: condition.text, attributes: attributeValues(condition, query) };
}

function attributeValues(condition: Condition, query: RbacQuery) {
  const { attributes } = query.context();
  return condition.attributes.map(({ source, name, text }) => ({
    attribute: text,
    value: attributes[source].get(name) ?? null,
  }));
}

function policyStory(world: ExplainableWorld, request: DataRequest): Story {
  const caller = dataCaller(world, request);
  if (typeof caller === 'string') return NO_STORY;
  const { vault, access } = request;
  const paths = groupPaths(caller.id, (id) => world.directMemberOf(id));
  const steps = vault.accessPolicies.map((entry): ExplanationStep => {
    const verdict = judgePolicyEntry(entry, vault, caller);
    const permits = access.policy.some((permission) => policyPermits(entry, permission));
    return {
      step: 'accessPolicy',
      objectId: entry.objectId,
      applicationId: entry.applicationId ?? null,
      groupPath: paths.get(entry.objectId.toLowerCase()) ?? [],
      verdict: verdict !== 'applies' ? verdict : permits ? 'allows' : 'permissionNotGranted',
    };
  });
  return {
    steps: steps.filter((each) => !('verdict' in each) || each.verdict !== 'otherPrincipal'),
    remedies: () => [
      { obstacle: 'grantMissing', anyOf: smallestPolicies(caller.id, access.policy) },
    ],
  };
}
