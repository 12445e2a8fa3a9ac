// Purges deleted objects at the end of their retention, in every vault. Runs at start, so that what
// fell due while the process was down is caught up, and then at its interval.
import { systemGrant } from '#authorization';
import type { Vault } from '#resources';
import { type Storage, vaultPartition } from '#storage';
import { purgeDueObjects } from './object/purge.ts';

const EVERY_MS = 60_000;
const ACTION = 'Microsoft.KeyVault/vaults/purge/system';

export interface PurgeJobOptions {
  readonly storage: Storage;
  /** Live and soft-deleted vaults: objects of both reach the end of their retention. */
  readonly resources: { vaults(): Iterable<Pick<Vault, 'uid'>> };
}

/** Purges whatever is due by `nowMs`. Returns how many objects were. */
export async function purgeDue(options: PurgeJobOptions, nowMs: number): Promise<number> {
  let purged = 0;
  for (const { uid } of [...options.resources.vaults()]) {
    const view = options.storage.view(systemGrant(vaultPartition(uid), ACTION));
    purged += await purgeDueObjects(view, Math.floor(nowMs / 1000));
  }
  return purged;
}

/** As a background job of the server. */
export function purgeJob(options: PurgeJobOptions) {
  return {
    name: 'purge deleted objects',
    everyMs: EVERY_MS,
    run: async (nowMs: number): Promise<void> => {
      await purgeDue(options, nowMs);
    },
  };
}
