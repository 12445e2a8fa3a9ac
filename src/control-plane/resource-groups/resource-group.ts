// Resource groups as records. Deleting one takes everything in it along: its vaults are
// soft-deleted, as if each had been deleted by itself, its identities and machines and all role
// assignments at or below it are gone.
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  isSameId,
  isWithin,
  type Lock,
  type ResourceGroup,
  type Resources,
  resourceGroupResourceId,
  resourcePath,
} from '#resources';
import type { View } from '#storage';
import { normalizeLocation } from '../location.ts';
import { lockPath } from '../locks/lock-store.ts';
import { removeMachine } from '../machines/machine-store.ts';
import { removeIdentity } from '../managed-identities/identity-store.ts';
import { type RemovalInput, removeAssignmentsWithin, removeVault } from '../vaults/vault-store.ts';

const NAME = /^[\p{L}\p{N}_().-]{1,90}$/u;

/** Letters, digits, `_ ( ) . -`, at most 90, not ending in a period. */
export function isResourceGroupName(name: string): boolean {
  return NAME.test(name) && !name.endsWith('.');
}

/** Creates or replaces; the location stays. */
export function putResourceGroup(
  view: View,
  group: ResourceGroup,
): Promise<{ readonly created: boolean; readonly group: ResourceGroup }> {
  if (!isResourceGroupName(group.name)) {
    const args = { name: group.name.slice(0, 100) };
    throw new ApiError(resourceManagerErrors.resourceGroupNameInvalid, args);
  }
  const path = resourcePath('resourceGroup', group.subscriptionId, group.name);
  return view.transact(async (transaction) => {
    const before = await transaction.get<ResourceGroup>(path);
    if (before !== undefined && before.location !== normalizeLocation(group.location)) {
      const args = { location: group.location, existing: before.location };
      throw new ApiError(resourceManagerErrors.resourceGroupLocation, args);
    }
    const after: ResourceGroup = {
      ...group,
      name: before?.name ?? group.name,
      location: normalizeLocation(group.location),
    };
    transaction.put(path, after);
    return { created: before === undefined, group: after };
  });
}

export interface GroupAddress {
  readonly subscriptionId: string;
  readonly name: string;
}

/** Throws ResourceGroupNotFound. */
export function changeResourceGroup(
  view: View,
  { subscriptionId, name }: GroupAddress,
  change: (before: ResourceGroup) => ResourceGroup,
): Promise<ResourceGroup> {
  const path = resourcePath('resourceGroup', subscriptionId, name);
  return view.transact(async (transaction) => {
    const before = await transaction.get<ResourceGroup>(path);
    if (before === undefined) throw groupNotFound(name);
    const after = change(before);
    transaction.put(path, after);
    return after;
  });
}

/** With all that it holds, also what was put into it while it was being emptied. */
export async function removeResourceGroup(
  input: RemovalInput,
  group: ResourceGroup,
): Promise<void> {
  const { view, resources } = input;
  const { subscriptionId, name } = group;
  await removeContents(input, group);
  const scope = resourceGroupResourceId(subscriptionId, name);
  await view.transact(async (transaction) => {
    transaction.delete(resourcePath('resourceGroup', subscriptionId, name));
    await removeAssignmentsWithin(transaction, resources, scope);
    for (const lock of locksWithin(resources, scope)) transaction.delete(lockPath(lock));
  });
  // From here on nothing new comes in: whoever puts something there asks for the group.
  await removeContents(input, group);
}

async function removeContents(input: RemovalInput, group: ResourceGroup): Promise<void> {
  const { view, resources } = input;
  const { subscriptionId, name } = group;
  for (const vault of [...resources.vaults()]) {
    if (vault.deleted !== undefined || !isInGroup(vault, group)) continue;
    await removeVault(input, { subscriptionId, resourceGroup: name, name: vault.name });
  }
  for (const identity of [...resources.identities()]) {
    if (isInGroup(identity, group)) await removeIdentity(view, input, identity);
  }
  for (const machine of [...resources.machines()]) {
    if (isInGroup(machine, group)) await removeMachine(view, input, machine);
  }
}

function locksWithin(resources: Resources, scope: string): readonly Lock[] {
  return [...resources.locks()].filter((lock) => isWithin(lock.scope, scope));
}

function isInGroup(
  item: { readonly subscriptionId: string; readonly resourceGroup: string },
  group: ResourceGroup,
): boolean {
  return (
    isSameId(item.subscriptionId, group.subscriptionId) && isSameId(item.resourceGroup, group.name)
  );
}

export function groupNotFound(name: string): ApiError {
  return new ApiError(resourceManagerErrors.resourceGroupNotFound, { name });
}
