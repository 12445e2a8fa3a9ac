// Just-in-time access on the wire, in the shapes of Microsoft.Authorization 2020-10-01.
import type { RoleManagementPolicy, RoleSchedule, RoleScheduleRequest } from '#resources';
import type { Management } from '../management.ts';
import { roleDefinitionIdAt } from '../role-assignments/wire.ts';
import { renderDuration } from './duration.ts';
import { policyName, renderRules } from './policy.ts';

const PROVIDER = 'providers/Microsoft.Authorization';

const typeNames = { eligibility: 'RoleEligibility', assignment: 'RoleAssignment' } as const;

function idAt(scope: string, type: string, name: string): string {
  return `${scope === '/' ? '' : scope}/${PROVIDER}/${type}/${name}`;
}

export function renderRequest(management: Management, request: RoleScheduleRequest): unknown {
  const { kind, name, scope, startsAtMs, durationMs, targetSchedule } = request;
  const base = typeNames[kind];
  const type = `${base}ScheduleRequests`;
  return {
    properties: {
      [`target${base}ScheduleId`]: targetSchedule ?? null,
      [`target${base}ScheduleInstanceId`]: null,
      ...(kind === 'assignment' && {
        linkedRoleEligibilityScheduleId: request.linkedEligibility ?? null,
      }),
      ...granteeOf(request),
      requestType: request.requestType,
      status: request.status,
      approvalId:
        request.status === 'PendingApproval' ? idAt(scope, 'roleAssignmentApprovals', name) : null,
      scheduleInfo: {
        startDateTime: iso(startsAtMs),
        expiration: {
          type: durationMs === undefined ? 'NoExpiration' : 'AfterDuration',
          endDateTime: null,
          duration: durationMs === undefined ? null : renderDuration(durationMs),
        },
      },
      ticketInfo: {
        ticketNumber: request.ticketNumber ?? null,
        ticketSystem: request.ticketSystem ?? null,
      },
      justification: request.justification ?? null,
      requestorId: request.requestorId,
      createdOn: request.createdOn,
      ...expanded(management, request),
    },
    name,
    id: idAt(scope, type, name),
    type: `Microsoft.Authorization/${type}`,
  };
}

export function renderSchedule(management: Management, schedule: RoleSchedule): unknown {
  const { kind, name, scope, requestName } = schedule;
  const base = typeNames[kind];
  return {
    properties: {
      ...granteeOf(schedule),
      status: 'Provisioned',
      [`r${base.slice(1)}ScheduleRequestId`]:
        requestName === '' ? null : idAt(scope, `${base}ScheduleRequests`, requestName),
      ...timesOf(schedule),
      ...assignmentOf(schedule),
      updatedOn: schedule.updatedOn,
      ...expanded(management, schedule),
    },
    name,
    id: idAt(scope, `${base}Schedules`, name),
    type: `Microsoft.Authorization/${base}Schedules`,
  };
}

export function renderInstance(management: Management, schedule: RoleSchedule): unknown {
  const { kind, name, scope } = schedule;
  const base = typeNames[kind];
  return {
    properties: {
      ...granteeOf(schedule),
      status: 'Provisioned',
      [`r${base.slice(1)}ScheduleId`]: idAt(scope, `${base}Schedules`, name),
      ...(kind === 'assignment' && {
        originRoleAssignmentId: idAt(scope, 'roleAssignments', name),
      }),
      ...timesOf(schedule),
      ...assignmentOf(schedule),
      ...expanded(management, schedule),
    },
    name,
    id: idAt(scope, `${base}ScheduleInstances`, name),
    type: `Microsoft.Authorization/${base}ScheduleInstances`,
  };
}

function assignmentOf({ kind, linkedEligibility }: RoleSchedule): object {
  if (kind === 'eligibility') return {};
  return {
    assignmentType: linkedEligibility === undefined ? 'Assigned' : 'Activated',
    linkedRoleEligibilityScheduleId: linkedEligibility ?? null,
  };
}

function timesOf({ startsAtMs, endsAtMs, createdOn }: RoleSchedule): object {
  return {
    startDateTime: iso(startsAtMs),
    endDateTime: endsAtMs === undefined ? null : iso(endsAtMs),
    memberType: 'Direct',
    createdOn,
  };
}

type Granted = Pick<
  RoleSchedule,
  | 'scope'
  | 'roleDefinitionName'
  | 'principalId'
  | 'principalType'
  | 'condition'
  | 'conditionVersion'
>;

function granteeOf(granted: Granted): object {
  return {
    scope: granted.scope,
    roleDefinitionId: roleDefinitionIdAt(granted.scope, granted.roleDefinitionName),
    principalId: granted.principalId,
    principalType: granted.principalType,
    condition: granted.condition ?? null,
    conditionVersion: granted.conditionVersion ?? null,
  };
}

function expanded({ resources, directory }: Management, granted: Granted): object {
  const { scope, roleDefinitionName, principalId, principalType } = granted;
  const role = resources.roleDefinition(roleDefinitionName);
  const principal =
    directory.user(principalId) ??
    directory.group(principalId) ??
    directory.servicePrincipal(principalId);
  return {
    expandedProperties: {
      scope: { id: scope, displayName: scope.split('/').at(-1) ?? '', type: scopeType(scope) },
      roleDefinition: {
        id: roleDefinitionIdAt(scope, roleDefinitionName),
        displayName: role?.roleName ?? '',
        type: role?.type ?? '',
      },
      principal: {
        id: principalId,
        displayName: principal?.displayName ?? '',
        type: principalType,
      },
    },
  };
}

function scopeType(scope: string): string {
  const segments = scope === '/' ? 0 : scope.split('/').length - 1;
  if (/^\/providers\/Microsoft\.Management/i.test(scope)) return 'managementgroup';
  if (segments === 2) return 'subscription';
  return segments === 4 ? 'resourcegroup' : 'resource';
}

export function renderPolicy(policy: RoleManagementPolicy): unknown {
  const name = policyName(policy.scope, policy.roleDefinitionName);
  const rules = renderRules(policy);
  return {
    properties: {
      scope: policy.scope,
      displayName: null,
      description: null,
      isOrganizationDefault: policy.updatedOn === '',
      lastModifiedDateTime: policy.updatedOn === '' ? null : policy.updatedOn,
      lastModifiedBy: { id: policy.updatedBy || null, displayName: null, type: null, email: null },
      rules,
      effectiveRules: rules,
    },
    name,
    id: idAt(policy.scope, 'roleManagementPolicies', name),
    type: 'Microsoft.Authorization/roleManagementPolicies',
  };
}

export function renderPolicyAssignment(policy: RoleManagementPolicy): unknown {
  const { scope, roleDefinitionName } = policy;
  const policyId = policyName(scope, roleDefinitionName);
  const name = `${policyId}_${roleDefinitionName}`;
  return {
    properties: {
      scope,
      roleDefinitionId: roleDefinitionIdAt(scope, roleDefinitionName),
      policyId: idAt(scope, 'roleManagementPolicies', policyId),
      effectiveRules: renderRules(policy),
    },
    name,
    id: idAt(scope, 'roleManagementPolicyAssignments', name),
    type: 'Microsoft.Authorization/roleManagementPolicyAssignments',
  };
}

export function renderApproval(request: RoleScheduleRequest): unknown {
  const { scope, name } = request;
  const id = idAt(scope, 'roleAssignmentApprovals', name);
  return {
    id,
    type: 'Microsoft.Authorization/roleAssignmentApprovals',
    name,
    properties: { stages: [renderStage(request)] },
  };
}

export function renderStage(request: RoleScheduleRequest): unknown {
  const { scope, name, status } = request;
  const pending = status === 'PendingApproval';
  const result = pending ? 'NotReviewed' : status === 'Provisioned' ? 'Approve' : 'Deny';
  return {
    id: `${idAt(scope, 'roleAssignmentApprovals', name)}/stages/${name}`,
    type: 'Microsoft.Authorization/roleAssignmentApprovals/stages',
    name,
    properties: {
      displayName: null,
      status: pending ? 'InProgress' : 'Completed',
      reviewResult: result,
      reviewedBy: request.reviewedBy === undefined ? null : { principalId: request.reviewedBy },
      justification: request.reviewJustification ?? null,
    },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
