// @azure/arm-authorization against a served instance: roles of one's own, what lists show, and
// just-in-time access from eligibility to activation's end.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { AuthorizationManagementClient } from '@azure/arm-authorization';
import { builtInRoles } from '#resources';
import type { Caller } from '#test/kit/caller.ts';
import {
  createApplication,
  createResourceGroup,
  createVault,
  groupScope,
  ROLES,
  vaultScope,
} from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import { collect, rolesClient, startTrustedInstance } from './clients.ts';
import { assertRefused } from './refusals.ts';

describe('@azure/arm-authorization, beyond assignments', () => {
  let instance: Instance;
  let client: AuthorizationManagementClient;
  let application: Caller;
  let subscription = '';

  before(async () => {
    instance = await startTrustedInstance();
    await createResourceGroup(instance.owner);
    application = await createApplication(instance.owner, 'later');
    client = rolesClient(instance, instance.owner);
    subscription = `/subscriptions/${instance.subscriptionId}`;
  });
  after(() => instance?.stop());

  const roleId = (name: string) =>
    `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;

  test('a custom role is made, assigned, kept while it is assigned, and deleted', async () => {
    const name = randomUUID();
    const made = await client.roleDefinitions.createOrUpdate(subscription, name, {
      roleName: `Reads ${name}`,
      description: 'secrets',
      permissions: [
        {
          actions: ['Microsoft.KeyVault/vaults/read'],
          dataActions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'],
        },
      ],
      assignableScopes: [subscription],
    });
    assert.equal(made.roleType, 'CustomRole');
    const filter = "type eq 'CustomRole'";
    const custom = await collect(client.roleDefinitions.list(subscription, { filter }));
    assert.deepEqual(
      custom.map((role) => role.name),
      [name],
    );
    const assignment = await client.roleAssignments.create(subscription, randomUUID(), {
      principalId: application.objectId,
      roleDefinitionId: roleId(name),
    });
    const code = 'RoleDefinitionHasAssignments';
    await assertRefused(client.roleDefinitions.delete(subscription, name), { status: 400, code });
    await client.roleAssignments.deleteById(assignment.id ?? '');
    await client.roleDefinitions.delete(subscription, name);
    assert.deepEqual(await collect(client.roleDefinitions.list(subscription, { filter })), []);
  });

  test('lists filter by place and by person; permissions are one’s own', async () => {
    const vault = vaultScope(instance.owner, await createVault(instance.owner, { model: 'rbac' }));
    const create = async (scope: string) => {
      const { name } = await client.roleAssignments.create(scope, randomUUID(), {
        principalId: application.objectId,
        roleDefinitionId: roleId(ROLES.reader),
      });
      return name;
    };
    const [at, above, below] = [
      await create(vault),
      await create(subscription),
      await create(`${vault}/secrets/one`),
    ];
    const list = async (filter: string) =>
      (await collect(client.roleAssignments.listForScope(vault, { filter }))).map(
        ({ name }) => name,
      );
    const person = `principalId eq '${application.objectId}'`;
    assert.deepEqual((await list(person)).sort(), [at, above, below].sort());
    const assigned = `assignedTo('${application.objectId}')`;
    assert.deepEqual((await list(assigned)).sort(), [at, above, below].sort());
    const here = await list('atScope()');
    assert.deepEqual([here.includes(at), here.includes(below)], [true, false]);
    assert.deepEqual((await list(`atScope() and ${person}`)).sort(), [at, above].sort());
    const own = rolesClient(instance, application);
    const permissions = await collect(own.permissions.listForResourceGroup('tests'));
    assert.deepEqual(
      permissions.map(({ actions }) => actions),
      [['*/read']],
    );
    const operations = await client.providerOperationsMetadataOperations.get('Microsoft.KeyVault');
    assert.ok(operations.operations?.some(({ isDataAction }) => isDataAction === true));
    assert.deepEqual(await collect(client.denyAssignments.listForScope(vault)), []);
  });

  test('a role for a time is asked for, shown, and taken away', async () => {
    const scope = groupScope(instance.owner);
    const wanted = {
      principalId: application.objectId,
      roleDefinitionId: roleId(ROLES.secretsUser),
      justification: 'for a while',
    };
    const expiration = { type: 'AfterDuration', duration: 'PT1H' };
    const requests = client.roleAssignmentScheduleRequests;
    const made = await requests.create(scope, randomUUID(), {
      ...{ ...wanted, requestType: 'AdminAssign', scheduleInfo: { expiration } },
    });
    assert.equal(made.status, 'Provisioned');
    const filter = `principalId eq '${application.objectId}'`;
    const instances = () =>
      collect(client.roleAssignmentScheduleInstances.listForScope(scope, { filter }));
    const timed = (await instances()).find(({ endDateTime }) => endDateTime != null);
    assert.equal(timed?.assignmentType, 'Assigned');
    const removed = await requests.create(scope, randomUUID(), {
      ...{ ...wanted, requestType: 'AdminRemove' },
    });
    assert.equal(removed.status, 'Revoked');
    assert.ok(!(await instances()).some(({ endDateTime }) => endDateTime != null));
    const policies = client.roleManagementPolicyAssignments.listForScope(scope);
    assert.equal((await collect(policies)).length, builtInRoles.length);
    assert.deepEqual(await collect(client.eligibleChildResources.list(scope)), []);
  });
});
