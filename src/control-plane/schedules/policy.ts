// Role management policies: for each role at each scope, the rules that a request must keep. Every
// such pair has one, with Azure's defaults until it is changed. Rules are not inherited, as in
// Azure. A rule that asks for what this product cannot prove (a second factor) is kept by nobody.
import { createHash } from 'node:crypto';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Principal, z } from '#kernel';
import type { Resources, RoleManagementPolicy } from '#resources';
import { parseDuration, renderDuration } from './duration.ts';

const DAY_MS = 86_400_000;

/** `<caller>_<level>`: whose requests, for what. */
export type RuleTarget = 'Admin_Eligibility' | 'Admin_Assignment' | 'EndUser_Assignment';
const TARGETS: readonly RuleTarget[] = [
  'Admin_Eligibility',
  'Admin_Assignment',
  'EndUser_Assignment',
];
const ENABLEMENTS = ['MultiFactorAuthentication', 'Justification', 'Ticketing'] as const;

const DEFAULTS = {
  Admin_Eligibility: { maximumMs: 365 * DAY_MS, required: false, enabled: [] },
  Admin_Assignment: { maximumMs: 180 * DAY_MS, required: false, enabled: ['Justification'] },
  EndUser_Assignment: { maximumMs: DAY_MS / 3, required: true, enabled: ['Justification'] },
} as const;

/** Name of the policy of a role at a scope: always the same GUID, so that it need not be stored. */
export function policyName(scope: string, roleDefinitionName: string): string {
  const hex = createHash('sha256')
    .update(`${scope}|${roleDefinitionName}`.toLowerCase())
    .digest('hex');
  const parts = [
    [0, 8],
    [8, 12],
    [12, 15],
    [16, 19],
    [20, 32],
  ] as const;
  const [a, b, c, d, e] = parts.map(([from, to]) => hex.slice(from, to));
  // Version 8 of RFC 9562 (made its own way), variant 10.
  return `${a}-${b}-8${c}-8${d}-${e}`;
}

export interface PolicyAddress {
  readonly scope: string;
  readonly roleDefinitionName: string;
}

export function findPolicy(resources: Resources, address: PolicyAddress): RoleManagementPolicy {
  const { scope, roleDefinitionName } = address;
  const stored = resources.roleManagementPolicy(policyName(scope, roleDefinitionName));
  return stored ?? { scope, roleDefinitionName, updatedOn: '', updatedBy: '' };
}

export interface RuledRequest {
  readonly target: RuleTarget;
  /** `undefined`: without end. */
  readonly durationMs?: number | undefined;
  readonly justification?: string | undefined;
  readonly ticketNumber?: string | undefined;
  readonly principal: Principal;
}

/** Names of the rules that the request breaks, as Azure prints them. */
export function brokenRules(policy: RoleManagementPolicy, request: RuledRequest): string[] {
  const { target, durationMs } = request;
  const enabled: readonly string[] = policy.enabledRules?.[target] ?? DEFAULTS[target].enabled;
  const required = policy.expirationRequired?.[target] ?? DEFAULTS[target].required;
  const maximumMs = policy.maximumDurationMs?.[target] ?? DEFAULTS[target].maximumMs;
  const broken: string[] = [];
  if (durationMs === undefined ? required : durationMs > maximumMs) broken.push('ExpirationRule');
  if (enabled.includes('MultiFactorAuthentication') && !hasSecondFactor(request.principal)) {
    broken.push('MfaRule');
  }
  if (enabled.includes('Justification') && !request.justification?.trim()) {
    broken.push('JustificationRule');
  }
  if (enabled.includes('Ticketing') && !request.ticketNumber?.trim()) broken.push('TicketingRule');
  return broken;
}

function hasSecondFactor({ claims }: Principal): boolean {
  return (claims.amr ?? '').split(/[ ,]/).includes('mfa');
}

const ruleSchema = z.looseObject({
  id: z.string(),
  ruleType: z.string().nullish(),
  isExpirationRequired: z.boolean().nullish(),
  maximumDuration: z.string().nullish(),
  enabledRules: z.array(z.enum(ENABLEMENTS)).nullish(),
  setting: z
    .looseObject({
      isApprovalRequired: z.boolean().nullish(),
      approvalStages: z
        .array(
          z.looseObject({ primaryApprovers: z.array(z.looseObject({ id: z.guid() })).nullish() }),
        )
        .max(1)
        .nullish(),
    })
    .nullish(),
});

export const policyChangeSchema = z.looseObject({
  properties: z.looseObject({ rules: z.array(ruleSchema).max(32).nullish() }),
});

type RuleInput = z.infer<typeof ruleSchema>;

/** The policy with the given rules put in place of its own. */
export function changePolicy(
  policy: RoleManagementPolicy,
  rules: readonly RuleInput[],
): RoleManagementPolicy {
  return rules.reduce(changeRule, policy);
}

function changeRule(policy: RoleManagementPolicy, rule: RuleInput): RoleManagementPolicy {
  const [kind, ...rest] = rule.id.split('_');
  const target = TARGETS.find((one) => one === rest.join('_'));
  if (kind === 'Notification' || kind === 'AuthenticationContext') {
    // There is no mail to send here; printing the rule as unchanged says so.
    return policy;
  }
  if (target === undefined) throw invalidRule(rule.id);
  if (kind === 'Expiration') return changeExpiration(policy, target, rule);
  if (kind === 'Enablement') {
    const enabledRules = { ...policy.enabledRules, [target]: rule.enabledRules ?? [] };
    return { ...policy, enabledRules };
  }
  if (kind === 'Approval' && target === 'EndUser_Assignment' && rule.setting != null) {
    const [stage] = rule.setting.approvalStages ?? [];
    const approvers = (stage?.primaryApprovers ?? []).map(({ id }) => id.toLowerCase());
    return { ...policy, approvalRequired: rule.setting.isApprovalRequired ?? false, approvers };
  }
  throw invalidRule(rule.id);
}

function changeExpiration(
  policy: RoleManagementPolicy,
  target: RuleTarget,
  rule: RuleInput,
): RoleManagementPolicy {
  const { isExpirationRequired, maximumDuration } = rule;
  const ms = maximumDuration == null ? undefined : parseDuration(maximumDuration);
  if (maximumDuration != null && ms === undefined) throw invalidRule(rule.id);
  return {
    ...policy,
    ...(isExpirationRequired != null && {
      expirationRequired: { ...policy.expirationRequired, [target]: isExpirationRequired },
    }),
    ...(ms !== undefined && { maximumDurationMs: { ...policy.maximumDurationMs, [target]: ms } }),
  };
}

function invalidRule(id: string): ApiError {
  const property = `rules (${id.slice(0, 64)})`;
  return new ApiError(resourceManagerErrors.invalidValue, { property });
}

export function renderRules(policy: RoleManagementPolicy): readonly unknown[] {
  const rules = TARGETS.flatMap((target) => {
    const [caller = '', level = ''] = target.split('_');
    const common = {
      target: {
        ...{ caller, operations: ['All'], level, targetObjects: null },
        ...{ inheritableSettings: null, enforcedSettings: null },
      },
    };
    return [
      {
        ...common,
        id: `Expiration_${target}`,
        ruleType: 'RoleManagementPolicyExpirationRule',
        isExpirationRequired: policy.expirationRequired?.[target] ?? DEFAULTS[target].required,
        maximumDuration: renderDuration(
          policy.maximumDurationMs?.[target] ?? DEFAULTS[target].maximumMs,
        ),
      },
      {
        ...common,
        id: `Enablement_${target}`,
        ruleType: 'RoleManagementPolicyEnablementRule',
        enabledRules: policy.enabledRules?.[target] ?? DEFAULTS[target].enabled,
      },
    ];
  });
  return [...rules, renderApprovalRule(policy)];
}

function renderApprovalRule({ approvalRequired = false, approvers = [] }: RoleManagementPolicy) {
  return {
    id: 'Approval_EndUser_Assignment',
    ruleType: 'RoleManagementPolicyApprovalRule',
    target: { caller: 'EndUser', operations: ['All'], level: 'Assignment' },
    setting: {
      isApprovalRequired: approvalRequired,
      isApprovalRequiredForExtension: false,
      isRequestorJustificationRequired: true,
      approvalMode: 'SingleStage',
      approvalStages: [
        {
          approvalStageTimeOutInDays: 1,
          isApproverJustificationRequired: true,
          escalationTimeInMinutes: 0,
          primaryApprovers: approvers.map((id) => ({ id, isBackup: false })),
          isEscalationEnabled: false,
          escalationApprovers: null,
        },
      ],
    },
  };
}
