// Requests for just-in-time access: made, read, listed, checked without being made, canceled.

import { authenticatedGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { isSameId, type RoleSchedule, type RoleScheduleRequest, resourcePath } from '#resources';
import { tenantPartition } from '#storage';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { type ArmCall, scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import { refuseLockedWrite } from '../locks/lock.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import { judgeRequest } from './request.ts';
import { scheduleRequestSchema } from './schedule.ts';
import { scheduleFilter } from './schedule-filter.ts';
import { deleteSchedule } from './schedule-store.ts';
import { renderRequest } from './wire.ts';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.schedules, success: 200, errors: [] };
const names = scopedNames('requestName');

export function scheduleRequestRows(management: Management): readonly ArmRow[] {
  return (['eligibility', 'assignment'] as const).flatMap((kind) => [
    ...writeRows(management, kind),
    ...readRows(management, kind),
  ]);
}

interface Titles {
  readonly title: string;
  readonly action: string;
  readonly list: string;
  readonly path: string;
  id(verb: string): string;
}

function titlesOf(kind: RoleSchedule['kind']): Titles {
  const title = kind === 'eligibility' ? 'RoleEligibility' : 'RoleAssignment';
  const type = `r${title.slice(1)}ScheduleRequests`;
  const list = `/{scope}/providers/Microsoft.Authorization/${type}`;
  return {
    title,
    action: `Microsoft.Authorization/${type}`,
    list,
    path: `${list}/{requestName}`,
    id: (verb) => `${title}ScheduleRequests_${verb}`,
  };
}

const decided = { decidedBy: 'handler' } as const;

function writeRows(management: Management, kind: RoleSchedule['kind']): readonly ArmRow[] {
  const { title, action, path, id } = titlesOf(kind);
  const write = { kind: 'action', action: `${action}/write` } as const;
  const errors = [
    resourceManagerErrors.policyRulesFailed,
    resourceManagerErrors.scheduleExists,
    resourceManagerErrors.scheduleMissing,
    resourceManagerErrors.scheduleInvalid,
    resourceManagerErrors.scheduleRequestExists,
  ];
  const body = scheduleRequestSchema;
  return [
    armRow(
      {
        ...{ ...base, id: id('Create'), method: 'PUT', path, access: write, success: 201 },
        ...{ audit: `${title}ScheduleRequestCreate`, params: names, body, errors },
        handle: async (call) => {
          const { grant, perform } = judgeRequest(management, kind, call);
          const request = await management.storage.view(grant).transact(perform);
          return { body: renderRequest(management, request) };
        },
      },
      decided,
    ),
    armRow(
      {
        ...{ ...base, id: id('Validate'), method: 'POST', path: `${path}/validate` },
        ...{ access: write, audit: `${title}ScheduleRequestValidate` },
        ...{ params: names, body, errors },
        handle: (call) => ({
          body: renderRequest(management, judgeRequest(management, kind, call).request),
        }),
      },
      decided,
    ),
    armRow(
      {
        ...{ ...base, id: id('Cancel'), method: 'POST', path: `${path}/cancel` },
        ...{ access: { kind: 'action', action: `${action}/cancel/action` }, params: names },
        ...{ audit: `${title}ScheduleRequestCancel` },
        errors: [resourceManagerErrors.scheduleRequestState, resourceManagerErrors.notFound],
        handle: (call) => cancelRequest(management, kind, call),
      },
      decided,
    ),
  ];
}

function readRows(management: Management, kind: RoleSchedule['kind']): readonly ArmRow[] {
  const { title, action, list, path, id } = titlesOf(kind);
  const read = { kind: 'action', action: `${action}/read` } as const;
  return [
    armRow(
      {
        ...{ ...base, id: id('Get'), method: 'GET', path, access: read, params: names },
        audit: `${title}ScheduleRequestGet`,
        errors: [resourceManagerErrors.notFound],
        handle: (call) => {
          const request = findOwnRequest(management, kind, call);
          return { body: renderRequest(management, request) };
        },
      },
      decided,
    ),
    armRow(
      {
        ...{ ...base, id: id('ListForScope'), method: 'GET', path: list, access: read },
        ...{ audit: `${title}ScheduleRequestList`, params: scopedNames() },
        handle: (call) => {
          const { matches } = scheduleFilter(management, call, read.action);
          return renderList({
            request: call.request,
            items: [...management.resources.roleScheduleRequests().values()].filter(
              (request) => request.kind === kind && matches(request),
            ),
            key: ({ name }) => name,
            render: (request) => renderRequest(management, request),
          });
        },
      },
      decided,
    ),
  ];
}

/** One's own request, or one that the caller may read. */
function findOwnRequest(
  management: Management,
  kind: RoleSchedule['kind'],
  call: ArmCall,
): RoleScheduleRequest {
  const { scope = '/' } = call.params;
  const request = findRequest(management, call.params);
  const own = request !== undefined && isSameId(request.requestorId, callerOf(call).objectId);
  if (!own) {
    const title = kind === 'eligibility' ? 'roleEligibility' : 'roleAssignment';
    const action = `Microsoft.Authorization/${title}ScheduleRequests/read`;
    management.require(call, { action, scope });
  }
  if (request === undefined || request.kind !== kind) {
    throw new ApiError(resourceManagerErrors.notFound);
  }
  return request;
}

function findRequest(
  { resources }: Management,
  { scope = '/', requestName = '' }: PathParams,
): RoleScheduleRequest | undefined {
  const request = resources.roleScheduleRequests().get(requestName.toLowerCase());
  return request && isSameId(request.scope, scope) ? request : undefined;
}

/**
 * What waits for approval, or for its start, can be called off by who asked, or by an
 * administrator.
 */
async function cancelRequest(management: Management, kind: RoleSchedule['kind'], call: ArmCall) {
  const { scope = '/' } = call.params;
  const found = findRequest(management, call.params);
  const caller = callerOf(call);
  const own = found !== undefined && isSameId(found.requestorId, caller.objectId);
  const title = kind === 'eligibility' ? 'roleEligibility' : 'roleAssignment';
  const action = `Microsoft.Authorization/${title}ScheduleRequests/cancel/action`;
  const grant = own
    ? authenticatedGrant(caller, tenantPartition(management.tenantId), 'SelfRequest')
    : management.require(call, { action, scope });
  if (found === undefined || found.kind !== kind)
    throw new ApiError(resourceManagerErrors.notFound);
  refuseLockedWrite(management, found.scope);
  await management.storage.view(grant).transact(async (transaction) => {
    const path = resourcePath('roleScheduleRequest', found.name);
    const request = await transaction.get<RoleScheduleRequest>(path);
    const ahead = request !== undefined && request.startsAtMs > management.clock.now();
    const open =
      request?.status === 'PendingApproval' || (request?.status === 'Provisioned' && ahead);
    if (request === undefined || !open) {
      const status = request?.status ?? 'Canceled';
      throw new ApiError(resourceManagerErrors.scheduleRequestState, { status });
    }
    if (request.status === 'Provisioned' && request.targetSchedule !== undefined) {
      const schedulePath = resourcePath('roleSchedule', request.targetSchedule);
      const schedule = await transaction.get<RoleSchedule>(schedulePath);
      if (schedule?.requestName === request.name) await deleteSchedule(transaction, schedule);
    }
    transaction.put<RoleScheduleRequest>(path, { ...request, status: 'Canceled' });
  });
  return {};
}
