// Vaults as records: made, changed, soft-deleted, recovered, purged. A name belongs to one vault
// until that is purged, and is checked in the transaction that takes it.
import { systemGrant } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  deleteRoleAssignment,
  isSameId,
  type PendingPurge,
  type Resources,
  resourcePath,
  type Vault,
  vaultResourceId,
} from '#resources';
import {
  type Storage,
  type Transaction,
  tenantPartition,
  type View,
  vaultPartition,
} from '#storage';
import { isAt, type VaultAddress, vaultNotFound } from '../containers.ts';
import { removeSchedulesWithin } from '../schedules/schedule-store.ts';
import { type Change, recoverVault, softDeleteVault } from './vault.ts';

/** Writes what `make` returns for the vault at the address, or for `undefined` if there is none. */
export function saveVault(
  view: View,
  address: VaultAddress,
  make: (before: Vault | undefined) => Vault,
): Promise<Vault> {
  return view.transact(async (transaction) => {
    await requireGroup(transaction, address);
    const before = await transaction.get<Vault>(resourcePath('vault', address.name));
    if (before !== undefined) refuseTaken(before, address);
    const after = make(before);
    transaction.put(resourcePath('vault', address.name), after);
    return after;
  });
}

/** Throws ResourceNotFound if it is not there or soft-deleted. */
export function changeVault(
  view: View,
  address: VaultAddress,
  change: (before: Vault) => Vault,
): Promise<Vault> {
  return view.transact(async (transaction) => {
    const before = await transaction.get<Vault>(resourcePath('vault', address.name));
    if (before === undefined || before.deleted !== undefined || !isAt(before, address)) {
      throw vaultNotFound(address);
    }
    const after = change(before);
    transaction.put(resourcePath('vault', address.name), after);
    return after;
  });
}

/** `createMode: recover`: the vault comes back as it was, without its role assignments. */
export function restoreVault(view: View, address: VaultAddress, change: Change): Promise<Vault> {
  return view.transact(async (transaction) => {
    await requireGroup(transaction, address);
    const before = await transaction.get<Vault>(resourcePath('vault', address.name));
    if (before?.deleted === undefined || !isAt(before, address)) {
      if (before !== undefined && !isAt(before, address)) throw nameTaken(address.name);
      throw new ApiError(resourceManagerErrors.deletedVaultNotFound, { name: address.name });
    }
    const after = recoverVault(before, change);
    transaction.put(resourcePath('vault', address.name), after);
    return after;
  });
}

export interface RemovalInput {
  readonly view: View;
  readonly resources: Resources;
  readonly change: Change;
}

/** Soft-deletes and takes away every role assignment at or below. `false` if there was no vault. */
export function removeVault(input: RemovalInput, address: VaultAddress): Promise<boolean> {
  return input.view.transact(async (transaction) => {
    const before = await transaction.get<Vault>(resourcePath('vault', address.name));
    if (before === undefined || before.deleted !== undefined || !isAt(before, address))
      return false;
    transaction.put(resourcePath('vault', address.name), softDeleteVault(before, input.change));
    await removeAssignmentsWithin(transaction, input.resources, vaultResourceId(before));
    return true;
  });
}

/**
 * Deletes every role assignment, time-bound or not, at `scope` or below it, and who is eligible.
 */
export async function removeAssignmentsWithin(
  transaction: Transaction,
  resources: Resources,
  scope: string,
): Promise<void> {
  await removeSchedulesWithin(transaction, resources, scope);
  for (const { name } of [...resources.assignmentIndex().within(scope)]) {
    await deleteRoleAssignment(transaction, name);
  }
}

export interface PurgeInput {
  readonly storage: Storage;
  readonly resources: Resources;
}

/**
 * Destroys a soft-deleted vault: its record and role assignments at once, with a note that its
 * objects are still to be wiped; then the objects. A crash in between leaves the note, and
 * `wipeVault` is called for it at the next start. `false` if that very vault is not soft-deleted
 * any more.
 */
export async function purgeVault(input: PurgeInput, vault: Vault): Promise<boolean> {
  const view = input.storage.view(systemGrant(tenantPartition(vault.tenantId), PURGE_ACTION));
  const gone = await view.transact(async (transaction) => {
    const path = resourcePath('vault', vault.name);
    const current = await transaction.get<Vault>(path);
    if (current?.deleted === undefined || current.uid !== vault.uid) return false;
    transaction.delete(path);
    await removeAssignmentsWithin(transaction, input.resources, vaultResourceId(current));
    transaction.put<PendingPurge>(resourcePath('purge', current.uid), { vaultUid: current.uid });
    return true;
  });
  if (gone) await wipeVault(input, { vaultUid: vault.uid });
  return gone;
}

const PURGE_ACTION = 'Microsoft.KeyVault/locations/deletedVaults/purge/action';
const WIPE_PAGE = 500;

/** Deletes everything in the vault's partition, then the note that this was to be done. */
export async function wipeVault(
  { storage, resources }: PurgeInput,
  { vaultUid }: PendingPurge,
): Promise<void> {
  const objects = storage.view(systemGrant(vaultPartition(vaultUid), PURGE_ACTION));
  for (;;) {
    const entries = await objects.scan<unknown>({ prefix: '', limit: WIPE_PAGE });
    if (entries.length === 0) break;
    await objects.transact(async (transaction) => {
      for (const { path } of entries) transaction.delete(path);
    });
  }
  const view = storage.view(systemGrant(tenantPartition(resources.tenantId), PURGE_ACTION));
  await view.transact(async (transaction) => {
    transaction.delete(resourcePath('purge', vaultUid));
  });
}

/**
 * Throws ResourceGroupNotFound. Asked in the transaction that puts something into the group, which
 * so runs again if the group is deleted meanwhile.
 */
export async function requireGroup(
  transaction: Transaction,
  { subscriptionId, resourceGroup }: Pick<VaultAddress, 'subscriptionId' | 'resourceGroup'>,
): Promise<void> {
  const path = resourcePath('resourceGroup', subscriptionId, resourceGroup);
  if ((await transaction.get(path)) !== undefined) return;
  throw new ApiError(resourceManagerErrors.resourceGroupNotFound, { name: resourceGroup });
}

function refuseTaken(before: Vault, address: VaultAddress): void {
  if (before.deleted === undefined) {
    if (isAt(before, address)) return;
    throw nameTaken(address.name);
  }
  // Who owns the deleted vault is told to recover it; anyone else only that the name is taken.
  if (!isSameId(before.subscriptionId, address.subscriptionId)) throw nameTaken(address.name);
  throw new ApiError(resourceManagerErrors.vaultSoftDeleted);
}

function nameTaken(name: string): ApiError {
  return new ApiError(resourceManagerErrors.vaultAlreadyExists, { name });
}
