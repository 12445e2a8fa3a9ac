// The audit log's key, looked up beside a running server: reads the store, takes no lock on it.
import type { Config } from '#config';
import type { Clock, Grant } from '#kernel';
import { openStorage, sqliteObserver } from '#storage';
import { loadAuditKey } from './installation.ts';
import { chooseSeal } from './seal.ts';

export interface AuditKeyInput {
  readonly config: Pick<Config, 'dataDirectory' | 'seal'>;
  readonly systemGrant: Grant;
  readonly clock: Clock;
}

export async function readAuditKey(input: AuditKeyInput): Promise<Uint8Array> {
  const { config, systemGrant, clock } = input;
  const storage = await openStorage({
    physical: sqliteObserver({ directory: config.dataDirectory }),
    keyring: chooseSeal(config.seal),
    clock,
  });
  try {
    return await loadAuditKey(storage.view(systemGrant));
  } finally {
    await storage.close();
  }
}
