// The rules of a vault as a resource: what a name may be, what a PUT or PATCH makes of it, what can
// never be undone. Pure. A change that leaves out a restriction does not lift it: network rules,
// purge protection and the permission model stay as they are until they are named.
import { resourceManagerErrors } from '#errors';
import { ApiError, newGuid } from '#kernel';
import type { AccessPolicyEntry, NetworkRuleSet, SystemData, Vault } from '#resources';
import { isVersionSince } from '../api-versions.ts';
import type { Tags } from '../tags.ts';

const NAME = /^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i;
const RETENTION_DAYS_MIN = 7;
const RETENTION_DAYS_MAX = 90;
const DAY_MS = 86_400_000;

/** From this version on a new vault uses roles unless it says otherwise. */
const ROLES_BY_DEFAULT_SINCE = '2026-02-01';

export function isVaultName(name: string): boolean {
  return NAME.test(name);
}

/** What a request says of a vault. `undefined`: nothing. */
export interface VaultChanges {
  readonly tenantId?: string | undefined;
  readonly sku?: 'standard' | 'premium' | undefined;
  readonly accessPolicies?: readonly AccessPolicyEntry[] | undefined;
  readonly enableRbacAuthorization?: boolean | undefined;
  readonly enabledForDeployment?: boolean | undefined;
  readonly enabledForDiskEncryption?: boolean | undefined;
  readonly enabledForTemplateDeployment?: boolean | undefined;
  readonly enableSoftDelete?: boolean | undefined;
  readonly softDeleteRetentionDays?: number | undefined;
  readonly enablePurgeProtection?: boolean | undefined;
  readonly networkAcls?: NetworkRuleSet | undefined;
  readonly publicNetworkAccess?: string | undefined;
  readonly enablePostQuantumKeys?: boolean | undefined;
  readonly tags?: Tags | undefined;
}

/** Who makes a change, and when. */
export interface Change {
  readonly by: string;
  readonly byType: SystemData['createdByType'];
  readonly atMs: number;
}

export interface NewVault {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tenantId: string;
  readonly apiVersion: string;
  readonly changes: VaultChanges;
  readonly change: Change;
}

export function createVault(input: NewVault): Vault {
  const { name, subscriptionId, resourceGroup, location, tenantId, changes } = input;
  if (!isVaultName(name)) throw new ApiError(resourceManagerErrors.vaultNameInvalid, { name });
  if (changes.enablePurgeProtection === false) {
    throw new ApiError(resourceManagerErrors.purgeProtection);
  }
  const at = new Date(input.change.atMs).toISOString();
  const { by, byType } = input.change;
  return {
    uid: newGuid(),
    name,
    tenantId,
    subscriptionId,
    resourceGroup,
    location,
    tags: changes.tags ?? {},
    sku: changes.sku ?? 'standard',
    accessPolicies: changes.accessPolicies ?? [],
    enableRbacAuthorization:
      changes.enableRbacAuthorization ?? isVersionSince(input.apiVersion, ROLES_BY_DEFAULT_SINCE),
    // Soft delete cannot be turned off; clients of old versions that ask for it still see their
    // `false`.
    enableSoftDelete: changes.enableSoftDelete ?? true,
    softDeleteRetentionDays: retentionDays(changes.softDeleteRetentionDays ?? RETENTION_DAYS_MAX),
    ...optionalProperties(changes),
    systemData: {
      createdBy: by,
      createdByType: byType,
      createdAt: at,
      lastModifiedBy: by,
      lastModifiedByType: byType,
      lastModifiedAt: at,
    },
  };
}

/** What a PATCH, or a PUT on an existing vault, makes of it. */
export function updateVault(before: Vault, changes: VaultChanges, change: Change): Vault {
  const { softDeleteRetentionDays } = changes;
  if (changes.enablePurgeProtection === false) {
    throw new ApiError(resourceManagerErrors.purgeProtection);
  }
  if (changes.enableSoftDelete === false && before.enableSoftDelete !== false) {
    throw new ApiError(resourceManagerErrors.softDelete);
  }
  if (
    softDeleteRetentionDays !== undefined &&
    softDeleteRetentionDays !== before.softDeleteRetentionDays
  ) {
    throw new ApiError(resourceManagerErrors.softDeleteRetention);
  }
  return touch(
    {
      ...before,
      ...optionalProperties(changes),
      ...(changes.tags && { tags: changes.tags }),
      ...(changes.sku && { sku: changes.sku }),
      ...(changes.accessPolicies && { accessPolicies: changes.accessPolicies }),
      ...(changes.enableSoftDelete !== undefined && { enableSoftDelete: changes.enableSoftDelete }),
      ...(changes.enableRbacAuthorization !== undefined && {
        enableRbacAuthorization: changes.enableRbacAuthorization,
      }),
    },
    change,
  );
}

export function softDeleteVault(vault: Vault, change: Change): Vault {
  const scheduledPurgeAtMs = change.atMs + vault.softDeleteRetentionDays * DAY_MS;
  return touch({ ...vault, deleted: { deletedAtMs: change.atMs, scheduledPurgeAtMs } }, change);
}

export function recoverVault(vault: Vault, change: Change): Vault {
  const { deleted: _deleted, ...live } = vault;
  return touch(live, change);
}

export function touch(vault: Vault, { by, byType, atMs }: Change): Vault {
  return {
    ...vault,
    systemData: {
      ...vault.systemData,
      lastModifiedBy: by,
      lastModifiedByType: byType,
      lastModifiedAt: new Date(atMs).toISOString(),
    },
  };
}

function optionalProperties(changes: VaultChanges): Partial<Vault> {
  const names = [
    'enabledForDeployment',
    'enabledForDiskEncryption',
    'enabledForTemplateDeployment',
    'enablePurgeProtection',
    'networkAcls',
    'publicNetworkAccess',
    'enablePostQuantumKeys',
  ] as const;
  return Object.fromEntries(
    names.flatMap((name) => (changes[name] === undefined ? [] : [[name, changes[name]]])),
  );
}

function retentionDays(days: number): number {
  if (Number.isInteger(days) && days >= RETENTION_DAYS_MIN && days <= RETENTION_DAYS_MAX) {
    return days;
  }
  throw new ApiError(resourceManagerErrors.invalidValue, { property: 'softDeleteRetentionInDays' });
}
