// Everything that time starts. Each job runs once at start and then at its interval.
import { authorityJob } from '#certificate-authority';
import { scheduleExpiryJob, vaultPurgeJob } from '#control-plane';
import { dueWorkJob, purgeJob } from '#data-plane';
import { maintainSigningKeys, purgeExpiredItems } from '#directory';
import { logRetentionJob, purgeExpiredSignIns } from '#identity-provider';
import { type Job, logError } from '#server';
import { tenantPartition } from '#storage';
import type { Estate } from './estate.ts';
import { asSystem } from './system.ts';

const HOUR_MS = 3_600_000;

export interface JobPorts {
  readonly estate: Estate;
  /** What the system does to objects by itself is audited as what callers do. */
  readonly audit: Parameters<typeof dueWorkJob>[0]['audit'];
  readonly renewServerCertificate: () => Promise<void>;
}

export function backgroundJobs({ estate, audit, renewServerCertificate }: JobPorts): Job[] {
  const { storage, clock, tenantId } = estate;
  const tenant = storage.view(asSystem(tenantPartition(tenantId)));
  return [
    {
      name: 'rotate token signing keys',
      everyMs: HOUR_MS,
      run: async () => void (await maintainSigningKeys(tenant, clock)),
    },
    {
      name: 'forget expired sign-ins',
      everyMs: 24 * HOUR_MS,
      run: async () => void (await purgeExpiredSignIns(tenant, clock)),
    },
    logRetentionJob(estate.logs),
    {
      name: 'remove deleted directory objects',
      everyMs: HOUR_MS,
      run: async (nowMs) => void (await purgeExpiredItems(tenant, estate.directory, nowMs)),
    },
    purgeJob(estate),
    vaultPurgeJob(estate),
    scheduleExpiryJob(estate),
    authorityJob(tenant, estate.authority),
    dueWorkJob({ ...estate, audit, logError }),
    {
      name: 'renew the server certificate',
      everyMs: 12 * HOUR_MS,
      run: renewServerCertificate,
    },
  ];
}
