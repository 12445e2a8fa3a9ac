// What was deleted stays for 30 days, without any access and without its unique names: it can be
// restored as it was, or removed for good. Afterwards nothing is left of it, nor of what it held.
import { graphErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Transaction, View } from '#storage';
import { revokePermission, unassignAppRole } from './app-role-assignments.ts';
import { forgetAuthenticationMethods } from './authentication-methods.ts';
import { claim } from './claims.ts';
import type { Directory } from './directory.ts';
import { removeRoleMember } from './directory-roles.ts';
import { notFound, type Stored } from './object-store.ts';
import { type Claim, claimPath, recordPath } from './paths.ts';
import type { Application, Group, ServicePrincipal, User } from './records.ts';
import { removeReferences } from './references.ts';

const DELETED_RETENTION_DAYS = 30;
const RETENTION_MS = DELETED_RETENTION_DAYS * 24 * 3_600_000;

export type DeletedItem =
  | { readonly kind: 'user'; readonly record: User }
  | { readonly kind: 'group'; readonly record: Group }
  | { readonly kind: 'application'; readonly record: Application }
  | { readonly kind: 'servicePrincipal'; readonly record: ServicePrincipal };

/** Throws if another object has one of its unique names by now. */
export async function restoreDeletedItem(view: View, { kind, record }: DeletedItem): Promise<void> {
  await view.transact(async (transaction) => {
    const path = recordPath(kind, record.id);
    const stored = await transaction.get<Stored>(path);
    if (stored?.deletedDateTime === undefined) throw notFound(record.id);
    if (kind === 'servicePrincipal') await claimAppId(transaction, record);
    if (kind === 'user') await claimName(transaction, 'userPrincipalName', record);
    if (kind === 'application') {
      for (const value of record.identifierUris) {
        await claim(transaction, { property: 'identifierUris', value, ownerId: record.id });
      }
    }
    const { deletedDateTime: _, ...restored } = stored;
    transaction.put(path, restored);
  });
}

function claimName(transaction: Transaction, property: 'userPrincipalName', user: User) {
  return claim(transaction, { property, value: user[property], ownerId: user.id });
}

async function claimAppId(transaction: Transaction, { id, appId }: ServicePrincipal) {
  const path = claimPath('servicePrincipalAppId', appId);
  if ((await transaction.get<Claim>(path)) !== undefined) {
    throw new ApiError(graphErrors.servicePrincipalExists, { appId });
  }
  transaction.put<Claim>(path, { ownerId: id });
}

/** Removes it, its memberships, roles and consents. */
export async function purgeDeletedItem(
  view: View,
  directory: Directory,
  { kind, record: { id } }: DeletedItem,
): Promise<void> {
  for (const held of [...directory.appRolesHeldBy(id), ...directory.appRolesOf(id)]) {
    await unassignAppRole(view, held.id);
  }
  for (const grant of directory.permissionGrants()) {
    const ends = [grant.clientId, grant.resourceId, grant.principalId];
    if (ends.includes(id)) await revokePermission(view, grant.id);
  }
  for (const group of directory.directMemberOf(id)) {
    const link = { kind: 'group', property: 'members' } as const;
    await removeReferences(view, { ...link, id: group, objectIds: [id] });
  }
  for (const role of directory.directDirectoryRoles(id)) await removeRoleMember(view, role, id);
  await view.transact(async (transaction) => {
    const path = recordPath(kind, id);
    const stored = await transaction.get<Stored>(path);
    // Restored in between, it stays.
    if (stored?.deletedDateTime === undefined) throw notFound(id);
    transaction.delete(path);
    if (kind === 'user') forgetAuthenticationMethods(transaction, id);
  });
}

/** Returns how many were removed. */
export async function purgeExpiredItems(
  view: View,
  directory: Directory,
  nowMs: number,
): Promise<number> {
  const due = directory
    .deletedItems()
    .filter(({ record }) => Date.parse(record.deletedDateTime ?? '') + RETENTION_MS <= nowMs);
  for (const item of due) await purgeDeletedItem(view, directory, item);
  return due.length;
}
