import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { systemGrant } from '#authorization';
import { ManualClock, newGuid } from '#kernel';
import { openMemoryStorage, tenantPartition, type View } from '#storage';
import {
  assignAppRole,
  grantPermission,
  revokePermission,
  unassignAppRole,
  updatePermissionGrant,
} from './app-role-assignments.ts';
import { Directory } from './directory.ts';

const clock = new ManualClock();
let view: View;
let directory: Directory;
before(async () => {
  const storage = await openMemoryStorage();
  view = storage.view(systemGrant(tenantPartition('t'), 'test'));
  directory = await Directory.open({ storage, tenantId: 't', clock });
});

const newInput = () => ({ principalId: newGuid(), resourceId: newGuid(), appRoleId: newGuid() });

describe('an app role', () => {
  test('is found by who holds it and by whose it is, until it is taken away', async () => {
    const input = newInput();
    const made = await assignAppRole(view, input, clock);
    assert.deepEqual(directory.appRolesHeldBy(input.principalId.toUpperCase()), [made]);
    assert.deepEqual(directory.appRolesOf(input.resourceId), [made]);
    assert.deepEqual(directory.appRoleAssignment(made.id), made);
    await unassignAppRole(view, made.id);
    assert.deepEqual(directory.appRolesHeldBy(input.principalId), []);
    assert.deepEqual(directory.appRolesOf(input.resourceId), []);
  });

  test('is held once: the second assignment is refused, also of two at the same time', async () => {
    const input = newInput();
    const both = await Promise.allSettled([
      assignAppRole(view, input, clock),
      assignAppRole(view, input, clock),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await unassignAppRole(view, directory.appRolesHeldBy(input.principalId)[0]?.id ?? '');
    await assignAppRole(view, input, clock);
  });

  test('that is not assigned cannot be taken away', async () => {
    await assert.rejects(unassignAppRole(view, newGuid()), /does not exist/);
  });
});

describe('consent', () => {
  const newGrant = () => ({
    clientId: newGuid(),
    resourceId: newGuid(),
    principalId: newGuid(),
    consentType: 'Principal' as const,
    scope: 'read',
  });

  test('adds to what the person granted before, in one record', async () => {
    const input = newGrant();
    const first = await grantPermission(view, input);
    const second = await grantPermission(view, { ...input, scope: 'write  read' });
    assert.equal(second.id, first.id);
    assert.equal(second.scope, 'read write');
    assert.deepEqual(directory.permissionsGrantedTo(input.clientId), [second]);
  });

  test('of one person and of everybody are two records', async () => {
    const input = newGrant();
    await grantPermission(view, input);
    const consentType = 'AllPrincipals' as const;
    await grantPermission(view, { ...input, principalId: null, consentType, scope: 'all' });
    const scopes = directory.permissionsGrantedTo(input.clientId).map(({ scope }) => scope);
    assert.deepEqual(scopes.sort(), ['all', 'read']);
  });

  test('is replaced and withdrawn', async () => {
    const input = newGrant();
    const { id } = await grantPermission(view, input);
    await updatePermissionGrant(view, id, 'other');
    assert.equal(directory.permissionGrant(id)?.scope, 'other');
    assert.ok(directory.permissionGrants().some((grant) => grant.id === id));
    await revokePermission(view, id);
    assert.deepEqual(directory.permissionsGrantedTo(input.clientId), []);
    await assert.rejects(revokePermission(view, id), /does not exist/);
    await assert.rejects(updatePermissionGrant(view, id, 'x'), /does not exist/);
    assert.notEqual((await grantPermission(view, input)).id, id);
  });

  test('without end is refused', async () => {
    await assert.rejects(grantPermission(view, { ...newGrant(), scope: 'x'.repeat(5000) }));
  });
});
