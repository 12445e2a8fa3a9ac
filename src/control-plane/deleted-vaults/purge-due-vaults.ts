// The background job that ends soft delete: vaults whose retention is over are purged, and purges
// that a crash cut short are finished.
import { type PurgeInput, purgeVault, wipeVault } from '../vaults/vault-store.ts';

const EVERY_MS = 60_000;

/** How many vaults it purged. Failing on one vault does not keep the others waiting. */
export async function purgeDueVaults(input: PurgeInput, nowMs: number): Promise<number> {
  const { resources } = input;
  const failures: unknown[] = [];
  let purged = 0;
  for (const pending of [...resources.pendingPurges()]) {
    await wipeVault(input, pending).catch((error: unknown) => failures.push(error));
  }
  const due = [...resources.vaults()].filter(
    ({ deleted }) => deleted !== undefined && deleted.scheduledPurgeAtMs <= nowMs,
  );
  for (const vault of due) {
    try {
      if (await purgeVault(input, vault)) purged++;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'vaults could not be purged');
  return purged;
}

/** As a background job of the server. */
export function vaultPurgeJob(input: PurgeInput) {
  return {
    name: 'purge deleted vaults',
    everyMs: EVERY_MS,
    run: async (nowMs: number): Promise<void> => {
      await purgeDueVaults(input, nowMs);
    },
  };
}
