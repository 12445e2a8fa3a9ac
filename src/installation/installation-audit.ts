// The installation's audit log, and its key for those who verify the log beside a running server.
import { AuditLog } from '#audit';
import { type Config, dataFiles } from '#config';
import type { Clock, Grant } from '#kernel';
import { openStorage, sqliteObserver } from '#storage';
import { PRIVATE_MODE, writeWhole } from './files.ts';
import { type Administrator, auditKeyOf, type Installation, loadAuditKey } from './installation.ts';
import { chooseSeal } from './seal.ts';

export interface AuditKeyInput {
  readonly config: Pick<Config, 'dataDirectory' | 'seal'>;
  readonly systemGrant: Grant;
  readonly clock: Clock;
}

/** Reads the store, takes no lock on it. */
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

export interface AuditLogInput {
  readonly config: Pick<Config, 'dataDirectory'>;
  readonly installation: Pick<Installation, 'auditKey'>;
  readonly clock: Clock;
  /** A log that a used installation lost is not begun anew: its removal has to be explained. */
  readonly isUsed?: boolean;
}

export function openAuditLog(input: AuditLogInput): Promise<AuditLog> {
  const { config, installation, clock, isUsed = false } = input;
  return AuditLog.open({
    directory: dataFiles(config.dataDirectory).auditDirectory,
    clock,
    key: auditKeyOf(installation),
    expectExisting: isUsed,
  });
}

/** What first start leaves behind: the administrator's file and an audit log that has begun. */
export function handOver(config: Pick<Config, 'dataDirectory'>, clock: Clock) {
  return async (administrator: Administrator, made: Pick<Installation, 'auditKey'>) => {
    const text = `${JSON.stringify(administrator, undefined, 2)}\n`;
    writeWhole(dataFiles(config.dataDirectory).administratorFile, text, PRIVATE_MODE);
    await (await openAuditLog({ config, installation: made, clock })).close();
  };
}
