// Which Microsoft Graph permissions each directory role carries, and what every user of the tenant
// may read without one. By noun and verb (`User.Read.All` reads `User`): coarser than Entra's own
// tables, never wider. Directory roles give nothing on resources or vaults.
import { directoryRoleIds } from '#directory';

interface DirectoryRights {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

const ANY = '*';
const OBJECTS = ['User', 'Group', 'GroupMember', 'Application', 'Directory', 'Organization'];

/** By role template id. */
const rightsByRole: ReadonlyMap<string, DirectoryRights> = new Map([
  [directoryRoleIds.globalAdministrator, { read: [ANY], write: [ANY] }],
  [directoryRoleIds.globalReader, { read: [ANY], write: [] }],
  [
    directoryRoleIds.applicationAdministrator,
    { read: OBJECTS, write: ['Application', 'AppRoleAssignment', 'DelegatedPermissionGrant'] },
  ],
  [directoryRoleIds.userAdministrator, { read: OBJECTS, write: ['User', 'Group', 'GroupMember'] }],
  [directoryRoleIds.groupsAdministrator, { read: OBJECTS, write: ['Group', 'GroupMember'] }],
  [directoryRoleIds.directoryReaders, { read: OBJECTS, write: [] }],
]);

// Entra's default permissions of member users: they may read the directory.
const userRights: DirectoryRights = { read: OBJECTS, write: [] };

export interface DirectoryHolder {
  readonly isUser: boolean;
  /** Template ids. */
  readonly roles: Iterable<string>;
}

/**
 * `permission` is a Graph permission such as `Application.ReadWrite.All`; an unknown one nobody
 * has.
 */
export function directoryPermits(holder: DirectoryHolder, permission: string): boolean {
  const [noun = '', verb = ''] = permission.split('.');
  if (noun === '' || noun === ANY || verb === '') return false;
  const kind = verb === 'Read' || verb === 'ReadBasic' ? 'read' : 'write';
  const covers = (rights: DirectoryRights | undefined) =>
    rights !== undefined && (rights[kind].includes(ANY) || rights[kind].includes(noun));
  if (holder.isUser && covers(userRights)) return true;
  for (const role of holder.roles) if (covers(rightsByRole.get(role.toLowerCase()))) return true;
  return false;
}
