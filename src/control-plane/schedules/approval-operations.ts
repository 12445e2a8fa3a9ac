// Approvals of requests for just-in-time access: one stage, one decision. Who may decide stands in
// the role's policy, or else is whoever may assign that role there; nobody decides about his own
// request.
import { authenticatedGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Grant, type Operation, z } from '#kernel';
import { isSameId, type RoleScheduleRequest, resourcePath } from '#resources';
import { tenantPartition } from '#storage';
import { versionsSince } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { type ArmCall, scopedNames } from '../handling.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import { assignmentAttributes } from '../role-assignments/role-assignment.ts';
import { roleAssignmentId } from '../role-assignments/wire.ts';
import { findPolicy } from './policy.ts';
import { applyRequest } from './request.ts';
import { renderApproval, renderStage } from './wire.ts';

const ONE = '/{scope}/providers/Microsoft.Authorization/roleAssignmentApprovals/{approvalId}';
const STAGES = `${ONE}/stages`;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors' | 'access'>;
const base: RowBase = {
  versions: versionsSince('2020-10-01'),
  success: 200,
  errors: [resourceManagerErrors.notFound, resourceManagerErrors.scheduleRequestState],
  access: { kind: 'action', action: 'Microsoft.Authorization/roleAssignments/write' },
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

/** The request behind an approval, for who may decide about it; anyone else is refused. */
function reviewable(
  management: Management,
  call: ArmCall,
): { readonly request: RoleScheduleRequest; readonly grant: Grant } {
  const { scope = '/', approvalId = '' } = call.params;
  const { resources, directory } = management;
  const request = resources.roleScheduleRequests().get(approvalId.toLowerCase());
  const known = request !== undefined && isSameId(request.scope, scope);
  const caller = callerOf(call);
  const approvers = known ? approversOf(management, request) : [];
  if (approvers.length > 0) {
    const ids = new Set([caller.objectId.toLowerCase(), ...directory.memberOf(caller.objectId)]);
    if (known && approvers.some((id) => ids.has(id))) {
      const partition = tenantPartition(management.tenantId);
      return { request, grant: authenticatedGrant(caller, partition, 'Approve') };
    }
  }
  const attributes = known ? { request: assignmentAttributes(request) } : {};
  const grant = management.require(call, {
    action: 'Microsoft.Authorization/roleAssignments/write',
    scope: roleAssignmentId({ scope, name: approvalId }),
    attributes,
  });
  if (!known) throw new ApiError(resourceManagerErrors.notFound);
  return { request, grant };
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
      ...{ code: 'NoRoleAssignment', considered: [], principalId: caller.objectId },
      ...{ action: 'Microsoft.Authorization/roleAssignments/write', scope: found.scope },
    });
  }
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
