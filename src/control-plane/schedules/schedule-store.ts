// Schedules as records. An assignment schedule and the role assignment it makes are written
// together; for one principal, role and scope there is at most one of each kind, which a claim
// record guards.
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  type Claim,
  deleteRoleAssignment,
  isSameId,
  isWithin,
  putRoleAssignment,
  type Resources,
  type RoleAssignment,
  type RoleSchedule,
  resourcePath,
  uniquePath,
} from '#resources';
import type { Transaction } from '#storage';
import { earlier, isOver } from './schedule.ts';

/** Throws RoleAssignmentExists if the same grant has another schedule that is not over. */
export async function putSchedule(
  transaction: Transaction,
  schedule: RoleSchedule,
  nowMs: number,
): Promise<void> {
  const claimPath = grantPath(schedule);
  const claim = await transaction.get<Claim>(claimPath);
  if (claim !== undefined && !isSameId(claim.owner, schedule.name)) {
    const path = resourcePath('roleSchedule', claim.owner);
    const other = await transaction.get<RoleSchedule>(path);
    if (other !== undefined && !isOver(other, nowMs)) {
      throw new ApiError(resourceManagerErrors.scheduleExists);
    }
    if (other !== undefined) await deleteSchedule(transaction, other);
  }
  transaction.put<Claim>(claimPath, { owner: schedule.name });
  transaction.put(resourcePath('roleSchedule', schedule.name), schedule);
  if (schedule.kind === 'assignment') {
    await putRoleAssignment(transaction, assignmentOf(schedule));
  }
}

/** With the role assignment that it made. */
export async function deleteSchedule(
  transaction: Transaction,
  schedule: RoleSchedule,
): Promise<void> {
  const claim = await transaction.get<Claim>(grantPath(schedule));
  if (claim?.owner === schedule.name) transaction.delete(grantPath(schedule));
  transaction.delete(resourcePath('roleSchedule', schedule.name));
  if (schedule.kind === 'assignment') await deleteRoleAssignment(transaction, schedule.name);
}

/** Deletes an eligibility and every activation that rests on it; an assignment just so. */
export async function revokeSchedule(
  transaction: Transaction,
  resources: Resources,
  schedule: RoleSchedule,
): Promise<void> {
  // Read, so that an activation at this moment makes it run again.
  await transaction.get(resourcePath('roleSchedule', schedule.name));
  await deleteSchedule(transaction, schedule);
  for (const other of [...resources.roleSchedules().values()]) {
    if (other.linkedEligibility !== undefined && isSameId(other.linkedEligibility, schedule.name)) {
      await deleteSchedule(transaction, other);
    }
  }
}

/**
 * What was activated by an eligibility that has another end or condition now: it ends no later, and
 * the condition is its own.
 */
export async function followEligibility(
  transaction: Transaction,
  resources: Resources,
  eligibility: RoleSchedule,
): Promise<void> {
  for (const found of [...resources.roleSchedules().values()]) {
    if (found.linkedEligibility === undefined) continue;
    if (!isSameId(found.linkedEligibility, eligibility.name)) continue;
    const path = resourcePath('roleSchedule', found.name);
    const activation = await transaction.get<RoleSchedule>(path);
    if (activation === undefined) continue;
    const { condition, conditionVersion, updatedOn } = eligibility;
    const endsAtMs = earlier(activation.endsAtMs, eligibility.endsAtMs);
    const changed: RoleSchedule = {
      ...activation,
      ...(endsAtMs !== undefined && { endsAtMs }),
      ...(condition !== undefined && { condition }),
      ...(conditionVersion !== undefined && { conditionVersion }),
      updatedOn,
    };
    transaction.put(path, changed);
    await putRoleAssignment(transaction, assignmentOf(changed));
  }
}

/** Deletes what was scheduled or asked for at `scope` and below: the thing it was for is gone. */
export async function removeSchedulesWithin(
  transaction: Transaction,
  resources: Resources,
  scope: string,
): Promise<void> {
  for (const schedule of [...resources.roleSchedules().values()]) {
    if (isWithin(schedule.scope, scope)) await deleteSchedule(transaction, schedule);
  }
  for (const request of [...resources.roleScheduleRequests().values()]) {
    if (!isWithin(request.scope, scope)) continue;
    transaction.delete(resourcePath('roleScheduleRequest', request.name));
  }
}

function assignmentOf(schedule: RoleSchedule): RoleAssignment {
  const { name, scope, roleDefinitionName, principalId, principalType } = schedule;
  const { condition, conditionVersion, throughGroup } = schedule;
  const { startsAtMs, endsAtMs, createdOn, updatedOn } = schedule;
  return {
    ...{ name, scope, roleDefinitionName, principalId, principalType, startsAtMs },
    ...(endsAtMs !== undefined && { endsAtMs }),
    ...(condition !== undefined && { condition }),
    ...(conditionVersion !== undefined && { conditionVersion }),
    ...(throughGroup !== undefined && { throughGroup }),
    scheduleId: name,
    ...{ createdOn, updatedOn, createdBy: principalId, updatedBy: principalId },
  };
}

function grantPath({ kind, scope, principalId, roleDefinitionName }: RoleSchedule): string {
  const grant = [kind, scope, principalId, roleDefinitionName].join('|');
  return uniquePath('role-schedule', grant);
}
