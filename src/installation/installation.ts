// What one data directory is: its tenant, its first subscription, its audit key. Made at first
// start, and only made known as ready when the administrator's file is written: a first start that
// was cut short is done again from nothing.
import { randomBytes } from 'node:crypto';
import { bootstrapTenant } from '#directory';
import { type Clock, decodeBase64Url, type Grant, newGuid } from '#kernel';
import { bootstrapSubscription } from '#resources';
import type { Storage, View } from '#storage';
import { StartFailure } from './start-failure.ts';

export interface Installation {
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Key of the audit log's hash chain, base64url. */
  readonly auditKey: string;
  readonly state: 'making' | 'ready';
  readonly createdAtMs: number;
}

/** The administrator's file: shown once, at first start. */
export interface Administrator {
  readonly userPrincipalName: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
}

export interface InstallationInput {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly domain: string;
  /** Opens the installation's own records, and a tenant's. */
  readonly systemGrant: Grant;
  readonly tenantGrant: (tenantId: string) => Grant;
  /** Called before the installation counts as ready. */
  readonly handOver: (administrator: Administrator, made: Installation) => Promise<void> | void;
}

const RECORD = 'installation';
const SCAN_PAGE = 1000;
const AUDIT_KEY_BYTES = 32;

export async function openInstallation(input: InstallationInput): Promise<Installation> {
  const own = input.storage.view(input.systemGrant);
  const kept = await own.get<Installation>(RECORD);
  if (kept?.state === 'ready') return kept;
  const installation: Installation = {
    tenantId: kept?.tenantId ?? newGuid(),
    subscriptionId: kept?.subscriptionId ?? newGuid(),
    auditKey: kept?.auditKey ?? randomBytes(AUDIT_KEY_BYTES).toString('base64url'),
    state: 'making',
    createdAtMs: input.clock.now(),
  };
  await save(own, installation);
  const tenant = input.storage.view(input.tenantGrant(installation.tenantId));
  await clear(tenant);
  await input.handOver(await populate(tenant, installation, input), installation);
  const ready: Installation = { ...installation, state: 'ready' };
  await save(own, ready);
  return ready;
}

/** 32 bytes. */
export function auditKeyOf({ auditKey }: Pick<Installation, 'auditKey'>): Uint8Array {
  const key = decodeBase64Url(auditKey);
  if (key?.length !== AUDIT_KEY_BYTES) throw new Error('the audit key is not one');
  return key;
}

/** The audit key of an installation that exists; throws StartFailure if none does. */
export async function loadAuditKey(view: View): Promise<Uint8Array> {
  const installation = await view.get<Installation>(RECORD);
  if (installation === undefined) throw new StartFailure('No instance was ever started here.');
  return auditKeyOf(installation);
}

async function populate(
  tenant: View,
  { tenantId, subscriptionId }: Installation,
  { domain, clock }: InstallationInput,
): Promise<Administrator> {
  const made = await bootstrapTenant(
    tenant,
    { tenantId, displayName: 'Strongroom', domain: `strongroom.${domain}` },
    clock,
  );
  await bootstrapSubscription(tenant, {
    tenantId,
    subscriptionId,
    displayName: 'Strongroom',
    owners: [
      { principalId: made.automation.objectId, principalType: 'ServicePrincipal' },
      { principalId: made.administrator.objectId, principalType: 'User' },
    ],
    clock,
  });
  return {
    userPrincipalName: made.administrator.userPrincipalName,
    password: made.administrator.password,
    clientId: made.automation.clientId,
    clientSecret: made.automation.clientSecret,
    objectId: made.automation.objectId,
    tenantId,
    subscriptionId,
  };
}

async function save(view: View, installation: Installation): Promise<void> {
  await view.transact(async (transaction) => transaction.put(RECORD, installation));
}

/** Removes what a first start that was cut short may have left. */
async function clear(view: View): Promise<void> {
  for (;;) {
    const entries = await view.scan<unknown>({ prefix: '', limit: SCAN_PAGE });
    if (entries.length === 0) return;
    await view.transact(async (transaction) => {
      for (const { path } of entries) transaction.delete(path);
    });
  }
}
