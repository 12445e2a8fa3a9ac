// Groups. Who belongs to them stands in `references.ts`: a group may contain groups, and a circle
// does no harm, because membership is resolved as a set. Writes only.

import { type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import { graphTime, update } from './object-store.ts';
import { recordPath } from './paths.ts';
import type { Group } from './records.ts';

export type GroupInput = Pick<Group, 'displayName' | 'mailNickname'> &
  Partial<
    Pick<Group, 'description' | 'securityEnabled' | 'isAssignableToRole' | 'members' | 'owners'>
  >;

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
