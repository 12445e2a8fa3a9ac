// The data plane of vaults: secrets, keys and certificates.
export type { Mail, Mailer } from './certificates/mailer.ts';
export { type DueWorkOptions, doDueWork, dueWorkJob } from './due-work-job.ts';
export { DueSoon } from './object/due-soon.ts';
export { type PurgeJobOptions, purgeDue, purgeJob } from './purge-job.ts';
export { type VaultEndpoints, type VaultPlaneOptions, vaultPlane } from './vault-plane.ts';
export type { VaultTarget } from './vault-target.ts';
