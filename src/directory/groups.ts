// Groups and who belongs to them. A group may contain groups; a circle does no harm, because
// membership is resolved as a set. Writes only.

import { graphErrors } from '#errors';
import { ApiError, type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import { graphTime, notFound, update } from './object-store.ts';
import { recordPath } from './paths.ts';
import type { Group } from './records.ts';

const MEMBERS_MAX = 100_000;

export type GroupInput = Pick<Group, 'displayName' | 'mailNickname'> &
  Partial<Pick<Group, 'description' | 'securityEnabled' | 'members' | 'owners'>>;

export function createGroup(view: View, input: GroupInput, clock: Clock): Promise<Group> {
  const group: Group = {
    id: newGuid(),
    description: null,
    securityEnabled: true,
    createdDateTime: graphTime(clock),
    members: [],
    owners: [],
    ...input,
  };
  return view.transact(async (transaction) => {
    transaction.put(recordPath('group', group.id), group);
    return group;
  });
}

export function updateGroup(
  view: View,
  id: string,
  changes: Partial<Pick<Group, 'displayName' | 'description' | 'mailNickname'>>,
): Promise<Group> {
  return update<Group>(view, { kind: 'group', id }, (before) => ({ ...before, ...changes }));
}

export async function deleteGroup(view: View, id: string, clock: Clock): Promise<void> {
  await update<Group>(view, { kind: 'group', id }, (before) => ({
    ...before,
    deletedDateTime: graphTime(clock),
  }));
}

export interface Reference {
  readonly id: string;
  readonly property: 'members' | 'owners';
  readonly objectId: string;
}

/** That the object exists is for the caller to see to. */
export async function addGroupReference(view: View, reference: Reference): Promise<void> {
  const { id, property, objectId } = reference;
  await update<Group>(view, { kind: 'group', id }, (before) => {
    const present = before[property];
    if (present.includes(objectId)) throw new ApiError(graphErrors.referenceExists, { property });
    if (present.length >= MEMBERS_MAX || objectId === id) {
      throw new ApiError(graphErrors.badRequest, { detail: 'The member cannot be added.' });
    }
    return { ...before, [property]: [...present, objectId] };
  });
}

export async function removeGroupReference(view: View, reference: Reference): Promise<void> {
  const { id, property, objectId } = reference;
  await update<Group>(view, { kind: 'group', id }, (before) => {
    const left = before[property].filter((member) => member !== objectId);
    if (left.length === before[property].length) throw notFound(objectId);
    return { ...before, [property]: left };
  });
}
