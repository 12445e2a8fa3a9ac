// What becomes of a request for just-in-time access. Two kinds of asking: an administrator gives or
// takes (and needs the very right to assign that role, with its condition, whatever the request is
// called), or someone who is eligible acts for himself (and needs no role: his eligibility is the
// right).
import { authenticatedGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Grant, isGuid, newGuid } from '#kernel';
import {
  isSameId,
  parseResourceId,
  type RoleSchedule,
  type RoleScheduleRequest,
  resourcePath,
} from '#resources';
import { type Transaction, tenantPartition } from '#storage';
import { checkAssignableScope } from '../containers.ts';
import type { ArmCall } from '../handling.ts';
import { refuseLockedWrite } from '../locks/lock.ts';
import { callerOf, type Management } from '../management.ts';
import {
  assignmentAttributes,
  checkCondition,
  checkPrincipal,
  checkRole,
  parseRoleDefinitionId,
} from '../role-assignments/role-assignment.ts';
import { roleAssignmentId } from '../role-assignments/wire.ts';
import { brokenRules, findPolicy, type RuleTarget } from './policy.ts';
import {
  earlier,
  endOf,
  findEligibility,
  findSchedule,
  isEffective,
  parseRequestType,
  parseWindow,
  permits,
  type ScheduleRequestInput,
} from './schedule.ts';
import {
  deleteSchedule,
  followEligibility,
  putSchedule,
  revokeSchedule,
} from './schedule-store.ts';

type Kind = RoleSchedule['kind'];
const ACTIVE_MS_MIN = 5 * 60_000;
const REQUESTS_MAX = 100_000;
/** Of one requestor for himself, so that nobody uses up the requests of all. */
const OWN_REQUESTS_MAX = 1000;

/**
 * A request that was found acceptable, the grant that lets it be written, and what writing it does.
 */
export interface Judged {
  readonly request: RoleScheduleRequest;
  readonly grant: Grant;
  readonly perform: (transaction: Transaction) => Promise<RoleScheduleRequest>;
}

export type RequestCall = ArmCall<{ readonly properties: ScheduleRequestInput }>;

/** Decides; changes nothing. Throws why not. */
export function judgeRequest(management: Management, kind: Kind, call: RequestCall): Judged {
  const { scope = '/', requestName: name = '' } = call.params;
  const input = call.body.properties;
  const requestType = parseRequestType(kind, input.requestType);
  const roleDefinitionName = parseRoleDefinitionId(input.roleDefinitionId);
  const admin = requestType.startsWith('Admin');
  const grant = admin
    ? requireRight(management, call, { scope, roleDefinitionName, requestType, input, kind })
    : requireSelf(management, call, input.principalId);
  if (!isGuid(name)) throw invalid('the name of a request');
  const text = parseResourceId(scope)?.text;
  if (text === undefined) throw new ApiError(resourceManagerErrors.resourceIdInvalid);
  if (admin) checkAssignableScope(management, scope);
  checkRole(management.resources, roleDefinitionName, scope);
  const principalType = checkPrincipal(management, { principalId: input.principalId });
  if (
    kind === 'eligibility' &&
    requestType === 'AdminAssign' &&
    principalType === 'ServicePrincipal'
  ) {
    throw invalid('principalType');
  }
  if (management.resources.roleScheduleRequests().size >= REQUESTS_MAX) {
    throw new ApiError(resourceManagerErrors.throttled);
  }
  if (!admin) refuseTooMany(management, callerOf(call).objectId);
  const { justification, ticketInfo } = input;
  const request: RoleScheduleRequest = {
    ...{ kind, name: name.toLowerCase(), scope: text, roleDefinitionName, principalType },
    principalId: input.principalId.toLowerCase(),
    requestType,
    status: 'Provisioned',
    requestorId: callerOf(call).objectId,
    ...(justification != null && { justification }),
    ...(ticketInfo?.ticketNumber != null && { ticketNumber: ticketInfo.ticketNumber }),
    ...(ticketInfo?.ticketSystem != null && { ticketSystem: ticketInfo.ticketSystem }),
    ...parseWindow(input.scheduleInfo, management.clock.now()),
    ...checkCondition({ ...input, principalId: '', roleDefinitionId: '' }),
    createdOn: new Date(management.clock.now()).toISOString(),
  };
  const judgement = judgeByType(management, call, request);
  // Who is not eligible there has been refused by now, and does not learn what there is.
  if (!admin) checkAssignableScope(management, scope);
  refuseLockedWrite(management, text);
  return { ...judgement, grant };
}

function refuseTooMany({ resources }: Management, requestorId: string): void {
  let own = 0;
  for (const request of resources.roleScheduleRequests().values()) {
    if (isSameId(request.requestorId, requestorId)) own += 1;
  }
  if (own >= OWN_REQUESTS_MAX) throw new ApiError(resourceManagerErrors.throttled);
}

/** One question at a time: what waits for an answer is not asked again. */
function refuseAskedAlready({ resources }: Management, request: RoleScheduleRequest): void {
  for (const other of resources.roleScheduleRequests().values()) {
    if (
      other.status === 'PendingApproval' &&
      other.kind === request.kind &&
      isSameId(other.principalId, request.principalId) &&
      isSameId(other.scope, request.scope) &&
      isSameId(other.roleDefinitionName, request.roleDefinitionName)
    ) {
      throw new ApiError(resourceManagerErrors.scheduleRequestExists);
    }
  }
}

interface Right {
  readonly scope: string;
  readonly roleDefinitionName: string;
  readonly requestType: string;
  readonly input: ScheduleRequestInput;
  readonly kind: Kind;
}

/**
 * The row's own action, and the right to make or take away this very role assignment: just-in-time
 * access must not be a way around a condition that limits which roles one may hand out.
 */
function requireRight(management: Management, call: RequestCall, right: Right): Grant {
  const { scope, roleDefinitionName, requestType, input, kind } = right;
  const type = kind === 'eligibility' ? 'roleEligibility' : 'roleAssignment';
  management.require(call, {
    action: `Microsoft.Authorization/${type}ScheduleRequests/write`,
    scope,
  });
  const attributes = assignmentAttributes({
    roleDefinitionName,
    principalId: input.principalId,
    principalType: management.directory.principalType(input.principalId) ?? '',
  });
  const removal = requestType === 'AdminRemove';
  return management.require(call, {
    action: `Microsoft.Authorization/roleAssignments/${removal ? 'delete' : 'write'}`,
    scope: roleAssignmentId({ scope, name: call.params.requestName ?? '' }),
    attributes: removal ? { resource: attributes } : { request: attributes },
  });
}

/** Only for himself, or for a group he belongs to that is eligible. */
function requireSelf(management: Management, call: RequestCall, principalId: string): Grant {
  const principal = callerOf(call);
  const own = isSameId(principalId, principal.objectId);
  if (!own) {
    throw management.refusal(principal, {
      ...{ code: 'NotOneself', principalId: principal.objectId },
      action: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
      scope: call.params.scope ?? '/',
    });
  }
  return authenticatedGrant(principal, tenantPartition(management.tenantId), 'SelfRequest');
}

type Judgement = Omit<Judged, 'grant'>;

function judgeByType(
  management: Management,
  call: RequestCall,
  request: RoleScheduleRequest,
): Judgement {
  switch (request.requestType) {
    case 'SelfActivate':
      return judgeActivation(management, call, request);
    case 'SelfDeactivate':
      return judgeDeactivation(management, request);
    case 'AdminAssign':
      return judgeAssignment(management, call, request);
    case 'AdminRemove':
      return judgeRemoval(management, request);
    default:
      return judgeChange(management, call, request);
  }
}

/**
 * Extend, renew and update give an existing schedule another window; one's own is to be approved.
 */
function judgeChange(
  management: Management,
  call: RequestCall,
  request: RoleScheduleRequest,
): Judgement {
  const before = existing(management, request);
  refuseBroken(management, call, request);
  const wanted = { ...request, targetSchedule: before.name };
  if (request.requestType.startsWith('Self')) {
    refuseAskedAlready(management, request);
    // More time is all that one asks for oneself: what limits the schedule goes on limiting it.
    const { condition: _condition, conditionVersion: _version, ...own } = wanted;
    return save({ ...own, status: 'PendingApproval' }, async () => undefined);
  }
  return save(wanted, (transaction) => applyRequest(management, transaction, wanted));
}

function judgeAssignment(
  management: Management,
  call: RequestCall,
  request: RoleScheduleRequest,
): Judgement {
  refuseBroken(management, call, request);
  const now = management.clock.now();
  if (findSchedule(management.resources.roleSchedules().values(), request, now)) {
    throw new ApiError(resourceManagerErrors.scheduleExists);
  }
  const wanted = { ...request, targetSchedule: newGuid() };
  return save(wanted, (transaction) => applyRequest(management, transaction, wanted));
}

function judgeRemoval(management: Management, request: RoleScheduleRequest): Judgement {
  const schedule = existing(management, request);
  const wanted = { ...request, targetSchedule: schedule.name, status: 'Revoked' as const };
  return save(wanted, (transaction) => revokeSchedule(transaction, management.resources, schedule));
}

function judgeActivation(
  management: Management,
  call: RequestCall,
  request: RoleScheduleRequest,
): Judgement {
  const { resources, directory, clock } = management;
  const nowMs = clock.now();
  const linked = call.body.properties.linkedRoleEligibilityScheduleId ?? undefined;
  const eligibility = findEligibility(resources.roleSchedules().values(), {
    ...request,
    principals: new Set([request.principalId, ...directory.memberOf(request.principalId)]),
    linked: linked?.split('/').at(-1),
    nowMs,
  });
  if (eligibility === undefined) throw rulesFailed(['EligibilityRule']);
  // The rules are those where he is eligible: below, where nobody made any, are only the defaults.
  refuseBroken(management, call, { ...request, scope: eligibility.scope });
  if (findSchedule(resources.roleSchedules().values(), request, nowMs)) {
    throw new ApiError(resourceManagerErrors.scheduleExists);
  }
  const { condition, conditionVersion } = eligibility;
  const wanted: RoleScheduleRequest = {
    ...request,
    linkedEligibility: eligibility.name,
    targetSchedule: newGuid(),
    // What limits the eligibility limits every activation of it.
    ...(condition !== undefined && { condition, conditionVersion: conditionVersion ?? '2.0' }),
  };
  const policy = findPolicy(resources, { ...request, scope: eligibility.scope });
  if (policy.approvalRequired) {
    refuseAskedAlready(management, request);
    return save({ ...wanted, status: 'PendingApproval' }, async () => undefined);
  }
  return save(wanted, (transaction) => applyRequest(management, transaction, wanted));
}

function judgeDeactivation(management: Management, request: RoleScheduleRequest): Judgement {
  const schedule = existing(management, request);
  const nowMs = management.clock.now();
  if (schedule.linkedEligibility === undefined) {
    throw new ApiError(resourceManagerErrors.scheduleMissing);
  }
  if (isEffective(schedule, nowMs) && nowMs - schedule.startsAtMs < ACTIVE_MS_MIN) {
    throw new ApiError(resourceManagerErrors.activeTooShort);
  }
  const wanted = { ...request, targetSchedule: schedule.name, status: 'Revoked' as const };
  return save(wanted, (transaction) => deleteSchedule(transaction, schedule));
}

/**
 * Writes what a request, made or approved, grants. An activation never outlives its eligibility.
 */
export async function applyRequest(
  { clock, directory, resources }: Management,
  transaction: Transaction,
  request: RoleScheduleRequest,
): Promise<void> {
  const nowMs = clock.now();
  const now = new Date(nowMs).toISOString();
  const { kind, scope, roleDefinitionName, principalId, principalType } = request;
  const { condition, conditionVersion, linkedEligibility, targetSchedule = newGuid() } = request;
  const startsAtMs = Math.max(request.startsAtMs, nowMs);
  let endsAtMs = endOf({ ...request, startsAtMs });
  let throughGroup: string | undefined;
  const path = resourcePath('roleSchedule', targetSchedule);
  const before = await transaction.get<RoleSchedule>(path);
  const linked = linkedEligibility ?? before?.linkedEligibility;
  if (linked !== undefined) {
    const eligibilityPath = resourcePath('roleSchedule', linked);
    const eligibility = await transaction.get<RoleSchedule>(eligibilityPath);
    const principals = new Set([principalId, ...directory.memberOf(principalId)]);
    const activation = { scope, roleDefinitionName, principals, linked, nowMs };
    if (eligibility === undefined || !permits(eligibility, activation)) {
      throw rulesFailed(['EligibilityRule']);
    }
    // Written again, so that taking it away at this moment has to look for activations once more.
    transaction.put(eligibilityPath, eligibility);
    endsAtMs = earlier(endsAtMs, eligibility.endsAtMs);
    if (!isSameId(eligibility.principalId, principalId)) throughGroup = eligibility.principalId;
  }
  const { endsAtMs: _ended, ...kept } = before ?? {
    ...{ kind, name: targetSchedule, scope, roleDefinitionName, principalId, principalType },
    ...(linkedEligibility !== undefined && { linkedEligibility }),
    ...(throughGroup !== undefined && { throughGroup }),
    ...{ startsAtMs, requestName: request.name, createdOn: now, endsAtMs: undefined },
  };
  const schedule: RoleSchedule = {
    ...kept,
    ...(condition !== undefined && { condition }),
    ...(conditionVersion !== undefined && { conditionVersion }),
    ...(endsAtMs !== undefined && { endsAtMs }),
    updatedOn: now,
  };
  await putSchedule(transaction, schedule, nowMs);
  if (kind === 'eligibility') await followEligibility(transaction, resources, schedule);
}

/** The schedule that a request speaks of; throws RoleAssignmentDoesNotExist. */
function existing({ resources, clock }: Management, request: RoleScheduleRequest): RoleSchedule {
  const schedule = findSchedule(resources.roleSchedules().values(), request, clock.now());
  if (schedule === undefined) throw new ApiError(resourceManagerErrors.scheduleMissing);
  return schedule;
}

function refuseBroken(
  management: Management,
  call: RequestCall,
  request: RoleScheduleRequest,
): void {
  const level = request.kind === 'eligibility' ? 'Eligibility' : 'Assignment';
  const own = request.requestType.startsWith('Self') && request.kind === 'assignment';
  const target: RuleTarget = own ? 'EndUser_Assignment' : `Admin_${level}`;
  const { durationMs, justification, ticketNumber } = request;
  const broken = brokenRules(findPolicy(management.resources, request), {
    ...{ target, durationMs, justification, ticketNumber, principal: callerOf(call) },
  });
  if (broken.length > 0) throw rulesFailed(broken);
}

function rulesFailed(names: readonly string[]): ApiError {
  const rules = names.map((rule) => `"${rule}"`).join(',');
  return new ApiError(resourceManagerErrors.policyRulesFailed, { rules });
}

function save(
  request: RoleScheduleRequest,
  effect: (transaction: Transaction) => Promise<void>,
): Judgement {
  const perform = async (transaction: Transaction) => {
    const path = resourcePath('roleScheduleRequest', request.name);
    if ((await transaction.get(path)) !== undefined) {
      throw new ApiError(resourceManagerErrors.scheduleRequestExists);
    }
    await effect(transaction);
    transaction.put(path, request);
    return request;
  };
  return { request, perform };
}

function invalid(property: string): ApiError {
  return new ApiError(resourceManagerErrors.invalidValue, { property });
}
