// Directory roles: who may do what in the directory itself. They give nothing on resources or vaults.
// Template ids are Microsoft's, the same in every tenant.
import type { View } from '#storage';
import { recordPath } from './paths.ts';
import type { DirectoryRole } from './records.ts';

export const directoryRoleIds = {
  globalAdministrator: '62e90394-69f5-4237-9190-012177145e10',
  applicationAdministrator: '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
  userAdministrator: 'fe930be7-5e62-47db-91af-98c3a49a38b1',
  directoryReaders: '88d8e3e3-8f55-4a1e-953a-9b9898b8876b',
} as const;

/** What a row of the Graph plane may ask for (`access.permission`). */
export type DirectoryPermission =
  | 'Directory.Read.All'
  | 'Application.ReadWrite.All'
  | 'User.ReadWrite.All'
  | 'Group.ReadWrite.All'
  | 'RoleManagement.ReadWrite.Directory'
  | 'AuditLog.Read.All';

export interface DirectoryRoleDefinition {
  readonly roleTemplateId: string;
  readonly displayName: string;
  readonly description: string;
  readonly permissions: readonly DirectoryPermission[];
}

export const directoryRoleDefinitions: readonly DirectoryRoleDefinition[] = [
  {
    roleTemplateId: directoryRoleIds.globalAdministrator,
    displayName: 'Global Administrator',
    description: 'Manages everything in the directory.',
    permissions: [
      'Directory.Read.All',
      'Application.ReadWrite.All',
      'User.ReadWrite.All',
      'Group.ReadWrite.All',
      'RoleManagement.ReadWrite.Directory',
      'AuditLog.Read.All',
    ],
  },
  {
    roleTemplateId: directoryRoleIds.applicationAdministrator,
    displayName: 'Application Administrator',
    description: 'Manages applications and service principals.',
    permissions: ['Directory.Read.All', 'Application.ReadWrite.All'],
  },
  {
    roleTemplateId: directoryRoleIds.userAdministrator,
    displayName: 'User Administrator',
    description: 'Manages users and groups.',
    permissions: ['Directory.Read.All', 'User.ReadWrite.All', 'Group.ReadWrite.All'],
  },
  {
    roleTemplateId: directoryRoleIds.directoryReaders,
    displayName: 'Directory Readers',
    description: 'Reads the directory.',
    permissions: ['Directory.Read.All'],
  },
];

/** Whether roles (template ids) together give the permission. An unknown permission nobody has. */
export function decideDirectoryPermission(
  roles: ReadonlySet<string>,
  permission: string,
): boolean {
  return directoryRoleDefinitions.some(
    (role) =>
      roles.has(role.roleTemplateId) && role.permissions.some((given) => given === permission),
  );
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
