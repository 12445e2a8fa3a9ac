import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { directoryRoleIds } from '#directory';
import { directoryPermits } from './directory-permissions.ts';

const WRITES = [
  'Application.ReadWrite.All',
  'User.ReadWrite.All',
  'Group.ReadWrite.All',
  'RoleManagement.ReadWrite.Directory',
];

function permitted(roles: readonly string[], isUser = false): readonly string[] {
  return WRITES.filter((permission) => directoryPermits({ isUser, roles }, permission));
}

describe('directory roles', () => {
  it('a Global Administrator may write everything', () => {
    assert.deepEqual(permitted([directoryRoleIds.globalAdministrator]), WRITES);
    assert.deepEqual(permitted([directoryRoleIds.globalAdministrator.toUpperCase()]), WRITES);
  });

  it('others write what their role is for; nobody else hands out roles', () => {
    assert.deepEqual(permitted([directoryRoleIds.applicationAdministrator]), WRITES.slice(0, 1));
    assert.deepEqual(permitted([directoryRoleIds.userAdministrator]), WRITES.slice(1, 3));
    assert.deepEqual(permitted([directoryRoleIds.groupsAdministrator]), WRITES.slice(2, 3));
    assert.deepEqual(permitted([directoryRoleIds.globalReader]), []);
    assert.deepEqual(permitted([directoryRoleIds.directoryReaders]), []);
  });

  it('roles add up', () => {
    const { applicationAdministrator, groupsAdministrator } = directoryRoleIds;
    assert.deepEqual(permitted([applicationAdministrator, groupsAdministrator]), [
      'Application.ReadWrite.All',
      'Group.ReadWrite.All',
    ]);
  });

  it('a user reads the directory without a role, an application does not', () => {
    for (const permission of ['User.Read.All', 'Directory.Read.All', 'Group.Read.All']) {
      assert.ok(directoryPermits({ isUser: true, roles: [] }, permission));
      assert.ok(!directoryPermits({ isUser: false, roles: [] }, permission));
    }
    assert.deepEqual(permitted([], true), []);
    assert.ok(!directoryPermits({ isUser: true, roles: [] }, 'AuditLog.Read.All'));
  });

  it('an unknown role or permission gives nothing', () => {
    assert.deepEqual(permitted(['8e3af657-a8ff-443c-a75c-2fe8c4bcb635', '']), []);
    const roles = [directoryRoleIds.globalAdministrator];
    for (const permission of ['', '*', '*.Read.All', 'User', '.Read.All', 'User.']) {
      assert.ok(!directoryPermits({ isUser: true, roles }, permission), permission);
    }
  });
});
