export { purgeDueVaults, vaultPurgeJob } from './deleted-vaults/purge-due-vaults.ts';
export type { ManagementOptions, ManagementTarget } from './management.ts';
export { managementPlane } from './plane.ts';
export { expireSchedules, scheduleExpiryJob } from './schedules/expiry-job.ts';
