// Directory roles: who may do what in the directory itself. They give nothing on resources or
// vaults. Template ids are Microsoft's, the same in every tenant.
import type { View } from '#storage';
import { recordPath } from './paths.ts';
import type { DirectoryRole } from './records.ts';

export const directoryRoleIds = {
  globalAdministrator: '62e90394-69f5-4237-9190-012177145e10',
  globalReader: 'f2ef992c-3afb-46b9-b7cf-a126ee74c451',
  applicationAdministrator: '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
  userAdministrator: 'fe930be7-5e62-47db-91af-98c3a49a38b1',
  groupsAdministrator: 'fdd7a751-b60b-444a-984c-02652fe8fa1c',
  directoryReaders: '88d8e3e3-8f55-4a1e-953a-9b9898b8876b',
} as const;

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

export async function removeRoleMember(
  view: View,
  roleTemplateId: string,
  objectId: string,
): Promise<void> {
  await view.transact(async (transaction) => {
    const path = recordPath('role', roleTemplateId);
    const before = await transaction.get<DirectoryRole>(path);
    const members = (before?.members ?? []).filter((member) => member !== objectId);
    const after: DirectoryRole = { roleTemplateId, members };
    transaction.put(path, after);
  });
}
