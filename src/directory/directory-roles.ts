// Directory roles: who may do what in the directory itself. They give nothing on resources or
// vaults.
import type { View } from '#storage';
import { directoryRoleIds } from './directory-role-ids.ts';
import { requireOtherAdministrator } from './last-administrator.ts';
import { recordPath } from './paths.ts';
import type { DirectoryRole } from './records.ts';

export interface DirectoryRoleDefinition {
  readonly roleTemplateId: string;
  readonly displayName: string;
  readonly description: string;
}

/** Names only: which permissions a role carries is `authorization`'s affair. */
export const directoryRoleDefinitions: readonly DirectoryRoleDefinition[] = [
  {
    roleTemplateId: directoryRoleIds.globalAdministrator,
    displayName: 'Global Administrator',
    description: 'Manages everything in the directory.',
  },
  {
    roleTemplateId: directoryRoleIds.globalReader,
    displayName: 'Global Reader',
    description: 'Reads everything in the directory.',
  },
  {
    roleTemplateId: directoryRoleIds.applicationAdministrator,
    displayName: 'Application Administrator',
    description: 'Manages applications and service principals.',
  },
  {
    roleTemplateId: directoryRoleIds.userAdministrator,
    displayName: 'User Administrator',
    description: 'Manages users and groups.',
  },
  {
    roleTemplateId: directoryRoleIds.groupsAdministrator,
    displayName: 'Groups Administrator',
    description: 'Manages groups.',
  },
  {
    roleTemplateId: directoryRoleIds.directoryReaders,
    displayName: 'Directory Readers',
    description: 'Reads the directory.',
  },
];

/**
 * Whether a caller may change what a holder of `targetRoles` signs in with, or who belongs to it.
 * Otherwise the password of an administrator would be one reset away from a lesser one.
 */
export function decidePrivilegedChange(
  callerRoles: ReadonlySet<string>,
  targetRoles: ReadonlySet<string>,
): boolean {
  return targetRoles.size === 0 || callerRoles.has(directoryRoleIds.globalAdministrator);
}

export async function addRoleMember(
  view: View,
  roleTemplateId: string,
  objectId: string,
): Promise<void> {
  await view.transact(async (transaction) => {
    const path = recordPath('role', roleTemplateId);
    const before = await transaction.get<DirectoryRole>(path);
    const members = new Set(before?.members).add(objectId);
    const after: DirectoryRole = { roleTemplateId, members: [...members] };
    transaction.put(path, after);
  });
}

/** Throws for the last who administers the tenant. */
export async function removeRoleMember(
  view: View,
  roleTemplateId: string,
  objectId: string,
): Promise<void> {
  await view.transact(async (transaction) => {
    if (roleTemplateId === directoryRoleIds.globalAdministrator) {
      await requireOtherAdministrator(transaction, objectId);
    }
    const path = recordPath('role', roleTemplateId);
    const before = await transaction.get<DirectoryRole>(path);
    const members = (before?.members ?? []).filter((member) => member !== objectId);
    const after: DirectoryRole = { roleTemplateId, members };
    transaction.put(path, after);
  });
}
