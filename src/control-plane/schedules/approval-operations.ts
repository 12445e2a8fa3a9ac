// Approvals of requests for just-in-time access: one stage, one decision. Who may decide stands in
// the role's policy, or else is whoever may assign that role there; nobody decides about his own
// request. An approval is found at the scope of its request, and at the root, as Azure's portal and
// clients ask for it.
import { authenticatedGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Grant, type Operation, type Result, z } from '#kernel';
import { isSameId, isWithin, type RoleScheduleRequest, resourcePath } from '#resources';
import { tenantPartition } from '#storage';
import { versionsSince } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { invalidFilter, parseFilter } from '../filter.ts';
import { type ArmCall, scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import { refuseLockedWrite } from '../locks/lock.ts';
import {
  type ActionQuestion,
  callerOf,
  type Management,
  type ManagementTarget,
} from '../management.ts';
import { assignmentAttributes } from '../role-assignments/role-assignment.ts';
import { roleAssignmentId } from '../role-assignments/wire.ts';
import { findPolicy } from './policy.ts';
import { applyRequest } from './request.ts';
import { renderApproval, renderStage } from './wire.ts';

const LIST = '/{scope}/providers/Microsoft.Authorization/roleAssignmentApprovals';
const ONE = `${LIST}/{approvalId}`;
const STAGES = `${ONE}/stages`;
const WRITE = 'Microsoft.Authorization/roleAssignments/write';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors' | 'access'>;
const base: RowBase = {
  versions: versionsSince('2020-10-01'),
  success: 200,
  errors: [resourceManagerErrors.notFound, resourceManagerErrors.scheduleRequestState],
  access: { kind: 'action', action: WRITE },
};
const decided = { decidedBy: 'handler' } as const;

const reviewSchema = z.looseObject({
  properties: z.looseObject({
    reviewResult: z.enum(['Approve', 'Deny']),
    justification: z.string().max(2048).nullish(),
  }),
});

type ReviewCall = ArmCall<z.infer<typeof reviewSchema>>;

export function approvalRows(management: Management): readonly ArmRow[] {
  const names = scopedNames('approvalId');
  const stage = scopedNames('approvalId', 'stageId');
  return [
    armRow({
      ...{ ...base, id: 'ScopeRoleAssignmentApproval_List', method: 'GET', path: LIST },
      // Everyone sees what he may decide about, which for most is nothing.
      ...{ access: { kind: 'authenticated' }, audit: 'RoleAssignmentApprovalList' },
      params: scopedNames(),
      errors: [resourceManagerErrors.invalidFilter],
      handle: (call) => listApprovals(management, call),
    }),
    armRow(
      {
        ...{ ...base, id: 'ScopeRoleAssignmentApproval_GetById', method: 'GET', path: ONE },
        ...{ audit: 'RoleAssignmentApprovalGet', params: names },
        handle: (call) => ({ body: renderApproval(reviewable(management, call).request) }),
      },
      decided,
    ),
    armRow(
      {
        ...{ ...base, id: 'ScopeRoleAssignmentApprovalSteps_List', method: 'GET', path: STAGES },
        ...{ audit: 'RoleAssignmentApprovalStageList', params: names },
        handle: (call) => ({
          body: { value: [renderStage(reviewable(management, call).request)] },
        }),
      },
      decided,
    ),
    armRow(
      {
        ...{ ...base, id: 'ScopeRoleAssignmentApprovalStep_GetById', method: 'GET' },
        ...{ path: `${STAGES}/{stageId}`, params: stage },
        audit: 'RoleAssignmentApprovalStageGet',
        handle: (call) => ({ body: renderStage(reviewable(management, call).request) }),
      },
      decided,
    ),
    ...(['PATCH', 'PUT'] as const).map((method) =>
      armRow(
        {
          ...{ ...base, method, path: `${STAGES}/{stageId}` },
          id: `ScopeRoleAssignmentApprovalStep_${method === 'PUT' ? 'Put' : 'Patch'}`,
          ...{ audit: 'RoleAssignmentApprovalReview', params: stage, body: reviewSchema },
          handle: async (call: ReviewCall) => ({ body: await review(management, call) }),
        },
        decided,
      ),
    ),
  ];
}

/** What waits at the scope or below it for a decision that the caller may make. */
function listApprovals(management: Management, call: ArmCall): Result {
  const { scope = '/' } = call.params;
  const { $filter } = call.request.query;
  for (const { name } of parseFilter($filter)) {
    if (name !== 'asapprover') throw invalidFilter($filter ?? '');
  }
  const self = callerOf(call).objectId;
  return renderList({
    request: call.request,
    items: management.resources.roleScheduleRequests().values(),
    key: ({ name }) => name,
    render: renderApproval,
    visible: (request) =>
      request.status === 'PendingApproval' &&
      isWithin(request.scope, scope) &&
      !isSameId(request.requestorId, self) &&
      (isApprover(management, call, request) ||
        management.allows(call, assigning(request.scope, request))),
  });
}

/** The right to make the very assignment that the request is about. */
function assigning(scope: string, request: RoleScheduleRequest): ActionQuestion {
  return {
    action: WRITE,
    scope: roleAssignmentId({ scope, name: request.name }),
    attributes: { request: assignmentAttributes(request) },
  };
}

/** Named by the policy, himself or through a group. */
function isApprover(management: Management, call: ArmCall, request: RoleScheduleRequest): boolean {
  const { objectId } = callerOf(call);
  const ids = new Set([objectId.toLowerCase(), ...management.directory.memberOf(objectId)]);
  return approversOf(management, request).some((id) => ids.has(id));
}

/** The request behind an approval, for who may decide about it; anyone else is refused. */
function reviewable(
  management: Management,
  call: ArmCall,
): { readonly request: RoleScheduleRequest; readonly grant: Grant } {
  const { scope = '/', approvalId = '' } = call.params;
  const request = management.resources.roleScheduleRequests().get(approvalId.toLowerCase());
  const asked = { action: WRITE, scope: roleAssignmentId({ scope, name: approvalId }) };
  if (request === undefined || !(scope === '/' || isSameId(request.scope, scope))) {
    management.require(call, asked);
    throw new ApiError(resourceManagerErrors.notFound);
  }
  if (isApprover(management, call, request)) {
    const partition = tenantPartition(management.tenantId);
    return { request, grant: authenticatedGrant(callerOf(call), partition, 'Approve') };
  }
  const wanted = assigning(request.scope, request);
  // The refusal names what was asked for: whether there is such an approval is not said.
  if (!management.allows(call, wanted)) management.require(call, asked);
  return { request, grant: management.require(call, wanted) };
}

function approversOf({ resources }: Management, request: RoleScheduleRequest): readonly string[] {
  if (request.requestType !== 'SelfActivate') return [];
  const eligibility =
    request.linkedEligibility === undefined
      ? undefined
      : resources.roleSchedules().get(request.linkedEligibility);
  const scope = eligibility?.scope ?? request.scope;
  return findPolicy(resources, { ...request, scope }).approvers ?? [];
}

async function review(management: Management, call: ReviewCall): Promise<unknown> {
  const { request: found, grant } = reviewable(management, call);
  const caller = callerOf(call);
  if (isSameId(found.requestorId, caller.objectId)) {
    throw management.refusal(caller, {
      ...{ code: 'OwnRequest', principalId: caller.objectId },
      ...{ action: WRITE, scope: found.scope },
    });
  }
  refuseLockedWrite(management, found.scope);
  const { reviewResult, justification } = call.body.properties;
  return management.storage.view(grant).transact(async (transaction) => {
    const path = resourcePath('roleScheduleRequest', found.name);
    const request = await transaction.get<RoleScheduleRequest>(path);
    if (request?.status !== 'PendingApproval') {
      const status = request?.status ?? 'Canceled';
      throw new ApiError(resourceManagerErrors.scheduleRequestState, { status });
    }
    if (reviewResult === 'Approve') await applyRequest(management, transaction, request);
    const reviewed: RoleScheduleRequest = {
      ...request,
      status: reviewResult === 'Approve' ? 'Provisioned' : 'Denied',
      reviewedBy: caller.objectId,
      ...(justification != null && { reviewJustification: justification }),
    };
    transaction.put(path, reviewed);
    return renderStage(reviewed);
  });
}
