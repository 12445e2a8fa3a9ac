// User-assigned identities as records. The resource and its principal in the directory are made and
// deleted in one commit; with an identity goes its place on every machine.
import { createManagedIdentity, deleteManagedIdentity, within } from '#directory';
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  identityResourceId,
  isSameId,
  type Place,
  resourcePath,
  type UserAssignedIdentity,
} from '#resources';
import type { View } from '#storage';
import { normalizeLocation } from '../location.ts';
import { unassignIdentity } from '../machines/machine-store.ts';
import type { Management } from '../management.ts';
import type { Tags } from '../tags.ts';
import { removeAssignmentsWithin, requireGroup } from '../vaults/vault-store.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/;
const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities';

/** Throws ResourceNotFound. */
export function findIdentity({ resources }: Management, place: Place): UserAssignedIdentity {
  const identity = resources.identity(place);
  if (identity === undefined) throw identityNotFound(place);
  return identity;
}

export interface IdentityInput extends Place {
  readonly location: string;
  readonly tags: Tags;
}

/** Creates the identity with a principal of its own, or changes the tags of the one there is. */
export function putIdentity(
  view: View,
  { clock }: Management,
  input: IdentityInput,
): Promise<{ readonly created: boolean; readonly identity: UserAssignedIdentity }> {
  const { subscriptionId, resourceGroup, name, tags } = input;
  if (!NAME.test(name)) {
    throw new ApiError(resourceManagerErrors.identityNameInvalid, { name: name.slice(0, 130) });
  }
  const location = normalizeLocation(input.location);
  return view.transact(async (transaction) => {
    await requireGroup(transaction, input);
    const before = await transaction.get<UserAssignedIdentity>(identityPath(input));
    if (before !== undefined) {
      if (before.location !== location) throw wrongLocation(before, location);
      const identity = { ...before, tags };
      transaction.put(identityPath(input), identity);
      return { created: false, identity };
    }
    const resourceId = identityResourceId(input);
    const made = { resourceId, displayName: name };
    const { id: principalId, appId } = await createManagedIdentity(
      within(transaction),
      made,
      clock,
    );
    const identity: UserAssignedIdentity = {
      ...{ subscriptionId, resourceGroup, name, location, tags },
      ...{ principalId, clientId: appId },
    };
    transaction.put(identityPath(input), identity);
    return { created: true, identity };
  });
}

/** Throws ResourceNotFound. */
export function changeIdentityTags(
  view: View,
  place: Place,
  tags: Tags,
): Promise<UserAssignedIdentity> {
  return view.transact(async (transaction) => {
    const before = await transaction.get<UserAssignedIdentity>(identityPath(place));
    if (before === undefined) throw identityNotFound(place);
    const identity = { ...before, tags };
    transaction.put(identityPath(place), identity);
    return identity;
  });
}

/** `false` if there was none. */
export function removeIdentity(
  view: View,
  { resources }: Pick<Management, 'resources'>,
  place: Place,
): Promise<boolean> {
  const id = identityResourceId(place);
  const holders = [...resources.machines()].filter(({ userAssigned }) =>
    userAssigned.some((assigned) => isSameId(assigned, id)),
  );
  return view.transact(async (transaction) => {
    const identity = await transaction.get<UserAssignedIdentity>(identityPath(place));
    if (identity === undefined) return false;
    transaction.delete(identityPath(place));
    await deleteManagedIdentity(within(transaction), identity.principalId);
    for (const holder of holders) await unassignIdentity(transaction, holder, identity);
    await removeAssignmentsWithin(transaction, resources, id);
    return true;
  });
}

function identityPath({ subscriptionId, resourceGroup, name }: Place): string {
  return resourcePath('identity', subscriptionId, resourceGroup, name);
}

function identityNotFound({ name, resourceGroup: group }: Place): ApiError {
  return new ApiError(resourceManagerErrors.resourceNotFound, { type: IDENTITY, name, group });
}

function wrongLocation(
  { name, resourceGroup: group, location: existing }: UserAssignedIdentity,
  location: string,
): ApiError {
  const args = { name, group, existing, location };
  return new ApiError(resourceManagerErrors.resourceLocation, args);
}
