import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tenantPartition } from '#storage';
import { decideDirectory } from './decide.ts';
import { person, TENANT, worldOf } from './world.fixture.ts';

describe('directory permissions', () => {
  it('come from the directory roles one holds, and open the tenant', () => {
    const permission = 'Application.ReadWrite.All';
    const directoryRoles = { p1: ['62e90394-69f5-4237-9190-012177145e10'] };
    const decision = decideDirectory(worldOf({ directoryRoles }), {
      principal: person('p1'),
      permission,
    });
    assert.ok(decision.allowed);
    assert.equal(decision.grant.partition, tenantPartition(TENANT));
    const other = decideDirectory(worldOf({ directoryRoles }), {
      principal: person('p2'),
      permission,
    });
    assert.ok(!other.allowed);
    assert.equal(other.reason.code, 'DirectoryRoleMissing');
  });

  it('are no longer given to an account that was disabled', () => {
    const directoryRoles = { p1: ['62e90394-69f5-4237-9190-012177145e10'] };
    const world = worldOf({ directoryRoles, inactive: ['p1'] });
    const request = { principal: person('p1'), permission: 'User.ReadWrite.All' };
    const decision = decideDirectory(world, request);
    assert.ok(!decision.allowed);
    assert.equal(decision.reason.code, 'PrincipalNotActive');
  });
});
