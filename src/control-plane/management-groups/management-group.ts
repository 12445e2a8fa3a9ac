// Management groups as a tree below the tenant's root group: no circles, at most six levels, no
// group deleted while something hangs below it. Where a subscription hangs decides whose roles
// reach it, so moving one asks for rights at both ends.
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  isSameId,
  type ManagementGroup,
  managementGroupResourceId,
  type Resources,
  resourcePath,
  type Subscription,
} from '#resources';
import type { Transaction } from '#storage';
import { removeAssignmentsWithin } from '../vaults/vault-store.ts';

const NAME = /^[A-Za-z0-9_.()-]{1,90}$/;
const LEVELS_MAX = 6;
const GROUPS_MAX = 10_000;
const ID = /^\/providers\/Microsoft\.Management\/managementGroups\/([^/]+)$/i;

export function isManagementGroupName(name: string): boolean {
  return NAME.test(name) && !name.endsWith('.');
}

/** The name at the end of a group's id; throws for anything else. */
export function parseManagementGroupId(id: string): string {
  const name = ID.exec(id)?.[1];
  if (name !== undefined && isManagementGroupName(name)) return name;
  throw new ApiError(resourceManagerErrors.invalidValue, { property: 'details.parent.id' });
}

export function groupNotFound(name: string): ApiError {
  return new ApiError(resourceManagerErrors.managementGroupNotFound, { name });
}

/**
 * Creates or changes. The tree above is read within the transaction, so that two moves at once
 * cannot make a circle of two that are none. What hangs below moves along and counts, too.
 */
export async function putManagementGroup(
  transaction: Transaction,
  resources: Resources,
  group: ManagementGroup,
): Promise<{ readonly created: boolean }> {
  const { tenantId } = resources;
  const path = resourcePath('managementGroup', group.name);
  const before = await transaction.get<ManagementGroup>(path);
  let level = 1 + levelsBelow(resources, group.name);
  for (let above = group.parent; above !== undefined && !isSameId(above, tenantId); level++) {
    const parent: ManagementGroup | undefined = await transaction.get<ManagementGroup>(
      resourcePath('managementGroup', above),
    );
    if (parent === undefined) throw groupNotFound(above);
    if (isSameId(above, group.name)) throw badTree('A management group cannot be below itself.');
    if (level >= LEVELS_MAX) throw badTree(`There can be ${LEVELS_MAX} levels of groups.`);
    if (above === group.parent) holdGroup(transaction, parent);
    above = parent.parent;
  }
  transaction.put(path, group);
  return { created: before === undefined };
}

/** How many levels of groups hang below; stops counting where there are too many. */
function levelsBelow(resources: Resources, name: string): number {
  const groups = [...resources.managementGroups().values()];
  let names = new Set([name.toLowerCase()]);
  for (let levels = 0; ; levels++) {
    const above = names;
    const children = groups.filter(({ parent }) => above.has(parent?.toLowerCase() ?? ''));
    if (children.length === 0 || levels === LEVELS_MAX) return levels;
    names = new Set(children.map((child) => child.name.toLowerCase()));
  }
}

/** Written again unchanged: a deletion at the same time has read it, so it is decided anew. */
function holdGroup(transaction: Transaction, group: ManagementGroup): void {
  transaction.put(resourcePath('managementGroup', group.name), group);
}

/** Throws if groups or subscriptions hang below it, also what is hung there at the same time. */
export async function deleteManagementGroup(
  transaction: Transaction,
  resources: Resources,
  name: string,
): Promise<void> {
  const path = resourcePath('managementGroup', name);
  // Read only to be told of whoever hangs something below it meanwhile (`holdGroup`).
  await transaction.get(path);
  refuseOccupied(resources, name);
  transaction.delete(path);
  await removeAssignmentsWithin(transaction, resources, managementGroupResourceId(name));
}

/** Throws if groups or subscriptions hang below it. */
function refuseOccupied(resources: Resources, name: string): void {
  const groups = [...resources.managementGroups().values()];
  const subscriptions = [...resources.subscriptions()];
  if (
    groups.some(({ parent }) => parent !== undefined && isSameId(parent, name)) ||
    subscriptions.some(
      ({ managementGroup }) => managementGroup !== undefined && isSameId(managementGroup, name),
    )
  ) {
    throw badTree('A management group that has children cannot be deleted.');
  }
}

/** Hangs a subscription below `name`; `undefined` puts it below the root group. */
export async function moveSubscription(
  transaction: Transaction,
  subscriptionId: string,
  name: string | undefined,
): Promise<void> {
  const path = resourcePath('subscription', subscriptionId);
  const subscription = await transaction.get<Subscription>(path);
  if (subscription === undefined) {
    throw new ApiError(resourceManagerErrors.subscriptionNotFound, { id: subscriptionId });
  }
  if (name !== undefined) {
    const group = await transaction.get<ManagementGroup>(resourcePath('managementGroup', name));
    if (group === undefined) throw groupNotFound(name);
    holdGroup(transaction, group);
  }
  const { managementGroup: _before, ...rest } = subscription;
  const after: Subscription = { ...rest, ...(name !== undefined && { managementGroup: name }) };
  transaction.put(path, after);
}

export function refuseTooMany(resources: Resources): void {
  if (resources.managementGroups().size >= GROUPS_MAX) {
    throw badTree(`There can be ${GROUPS_MAX} management groups.`);
  }
}

export function parentId(group: ManagementGroup): string | undefined {
  return group.parent === undefined ? undefined : managementGroupResourceId(group.parent);
}

function badTree(detail: string): ApiError {
  return new ApiError(resourceManagerErrors.badRequest, { detail });
}
