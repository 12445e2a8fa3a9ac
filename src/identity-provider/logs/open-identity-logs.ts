// The logs over a storage, and that storage with its writes of directory records noted for them.
import { systemGrant } from '#authorization';
import type { Directory } from '#directory';
import type { Clock } from '#kernel';
import { type Storage, tenantPartition } from '#storage';
import { ChangeLedger } from './change-ledger.ts';
import { IdentityLogs } from './identity-logs.ts';

export interface IdentityLogsInput {
  readonly storage: Storage;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logError: (name: string, cause: unknown) => void;
}

export interface OpenedLogs {
  readonly logs: IdentityLogs;
  /** For the planes: what they change through it reaches the directory audit log. */
  readonly storage: Storage;
}

export function openIdentityLogs(input: IdentityLogsInput): OpenedLogs {
  const { storage, directory, clock, logError } = input;
  const ledger = new ChangeLedger();
  const partition = tenantPartition(directory.tenantId);
  const view = storage.view(systemGrant(partition, 'Strongroom/logs'));
  const logs = new IdentityLogs({ view, directory, ledger, clock, logError });
  return { logs, storage: ledger.watch(storage) };
}

const EVERY_MS = 3_600_000;

/** As a background job of the server. */
export function logRetentionJob(logs: IdentityLogs) {
  return {
    name: 'forget old sign-ins and directory changes',
    everyMs: EVERY_MS,
    run: (nowMs: number): Promise<void> => logs.dropExpired(nowMs),
  };
}
