// Housekeeping of just-in-time access: schedules that are over are deleted with their assignments,
// and answered requests after 90 days. Nothing depends on it: decisions look at the time
// themselves.
import { systemGrant } from '#authorization';
import { type Resources, type RoleSchedule, resourcePath } from '#resources';
import { type Storage, tenantPartition } from '#storage';
import { isOver } from './schedule.ts';
import { deleteSchedule } from './schedule-store.ts';

const EVERY_MS = 600_000;
const KEPT_MS = 90 * 86_400_000;
const ACTION = 'Microsoft.Authorization/roleAssignmentSchedules/expire';

export interface ExpiryInput {
  readonly storage: Storage;
  readonly resources: Resources;
}

/** How many schedules were over. */
export async function expireSchedules(input: ExpiryInput, nowMs: number): Promise<number> {
  const { storage, resources } = input;
  const view = storage.view(systemGrant(tenantPartition(resources.tenantId), ACTION));
  const over = [...resources.roleSchedules().values()].filter((one) => isOver(one, nowMs));
  for (const schedule of over) {
    await view.transact(async (transaction) => {
      // It may have been extended since it was looked at.
      const current = await transaction.get<RoleSchedule>(
        resourcePath('roleSchedule', schedule.name),
      );
      if (current && isOver(current, nowMs)) await deleteSchedule(transaction, current);
    });
  }
  const old = [...resources.roleScheduleRequests().values()].filter(
    ({ status, createdOn }) =>
      status !== 'PendingApproval' && Date.parse(createdOn) < nowMs - KEPT_MS,
  );
  for (const { name } of old) {
    await view.transact(async (transaction) =>
      transaction.delete(resourcePath('roleScheduleRequest', name)),
    );
  }
  return over.length;
}

/** As a background job of the server. */
export function scheduleExpiryJob(input: ExpiryInput) {
  return {
    name: 'end time-bound role assignments',
    everyMs: EVERY_MS,
    run: async (nowMs: number): Promise<void> => {
      await expireSchedules(input, nowMs);
    },
  };
}
