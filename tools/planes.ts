// Every plane with its rows, as an instance with default settings serves them, over an empty store
// in memory: for tools and tests that read the rows and call none.
import { asSystem, openEstate, openPlanes, SYSTEM_PARTITION } from '#composition';
import { loadConfig } from '#config';
import { openInstallation } from '#installation';
import { systemClock as clock, type Operation } from '#kernel';
import { openMemoryStorage, tenantPartition } from '#storage';

/** A row without its handler. */
export type RowFacts = Omit<Operation<never>, 'prepare'>;

export interface PlaneFacts {
  readonly name: string;
  readonly rows: readonly RowFacts[];
}

export async function readPlanes(): Promise<readonly PlaneFacts[]> {
  const storage = await openMemoryStorage();
  const installation = await openInstallation({
    storage,
    clock,
    domain: 'localhost',
    systemGrant: asSystem(SYSTEM_PARTITION),
    tenantGrant: (tenantId) => asSystem(tenantPartition(tenantId)),
    handOver: () => {},
  });
  const config = loadConfig({ flags: {}, environment: {} });
  const planes = openPlanes(await openEstate(storage, installation, config));
  await storage.close();
  return Object.values(planes).map(({ name, operations }) => ({
    name,
    rows: operations.map(({ prepare: _unused, ...row }) => row),
  }));
}
