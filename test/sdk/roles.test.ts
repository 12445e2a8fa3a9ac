// @azure/arm-authorization against a served instance.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { AuthorizationManagementClient } from '@azure/arm-authorization';
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
import { assertRefused, refusal } from './refusals.ts';

describe('@azure/arm-authorization', () => {
  let instance: Instance;
  let client: AuthorizationManagementClient;
  let application: Caller;

  before(async () => {
    instance = await startTrustedInstance();
    await createResourceGroup(instance.owner);
    application = await createApplication(instance.owner, 'roles');
    client = rolesClient(instance, instance.owner);
  });

  after(() => instance?.stop());

  function assignment(role: string) {
    const subscription = `/subscriptions/${instance.subscriptionId}`;
    const definitions = `${subscription}/providers/Microsoft.Authorization`;
    return {
      principalId: application.objectId,
      principalType: 'ServicePrincipal',
      roleDefinitionId: `${definitions}/roleDefinitions/${role}`,
    };
  }

  test('a role is assigned at a subscription, a group, a vault and one secret', async () => {
    const vault = await createVault(instance.owner, { model: 'rbac' });
    const scopes = [
      `/subscriptions/${instance.subscriptionId}`,
      groupScope(instance.owner),
      vaultScope(instance.owner, vault),
      `${vaultScope(instance.owner, vault)}/secrets/only-this`,
    ];
    for (const scope of scopes) {
      const name = randomUUID();
      const created = await client.roleAssignments.create(scope, name, assignment(ROLES.reader));
      assert.equal(created.name, name);
      assert.equal(created.scope?.toLowerCase(), scope.toLowerCase());
      assert.equal(created.principalId, application.objectId);
      const got = await client.roleAssignments.get(scope, name);
      assert.equal(got.id, created.id);
      const listed = await collect(client.roleAssignments.listForScope(scope));
      assert.ok(listed.some((item) => item.name === name));
      await client.roleAssignments.delete(scope, name);
      assert.equal((await refusal(client.roleAssignments.get(scope, name))).status, 404);
    }
  });

  test('the same grant under another name is refused', async () => {
    const scope = groupScope(instance.owner);
    const name = randomUUID();
    await client.roleAssignments.create(scope, name, assignment(ROLES.contributor));
    const again = client.roleAssignments.create(scope, randomUUID(), assignment(ROLES.contributor));
    await assertRefused(again, { status: 409, code: 'RoleAssignmentExists' });
    await client.roleAssignments.deleteById(
      `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    );
  });

  test('a role for nobody, or a role that is none, is refused', async () => {
    const scope = groupScope(instance.owner);
    const nobody = { ...assignment(ROLES.reader), principalId: randomUUID() };
    const toNobody = client.roleAssignments.create(scope, randomUUID(), nobody);
    await assertRefused(toNobody, { status: 400, code: 'PrincipalNotFound' });
    const none = client.roleAssignments.create(scope, randomUUID(), assignment(randomUUID()));
    assert.equal((await refusal(none)).code, 'RoleDefinitionDoesNotExist');
  });

  test('built-in roles are found by name at any scope', async () => {
    const scope = `/subscriptions/${instance.subscriptionId}`;
    const filter = "roleName eq 'Key Vault Secrets User'";
    const found = await collect(client.roleDefinitions.list(scope, { filter }));
    assert.equal(found.length, 1);
    assert.equal(found[0]?.name, ROLES.secretsUser);
    const dataActions = found[0]?.permissions?.flatMap((one) => one.dataActions ?? []);
    assert.ok(
      dataActions?.includes('Microsoft.KeyVault/vaults/secrets/getSecret/action'),
      String(dataActions),
    );
    const everything = await collect(client.roleDefinitions.list(scope));
    assert.ok(everything.some((role) => role.name === ROLES.owner));
    const owner = await client.roleDefinitions.get(scope, ROLES.owner);
    assert.equal(owner.roleName, 'Owner');
  });

  test('assignments are listed for one principal', async () => {
    const scope = groupScope(instance.owner);
    const name = randomUUID();
    await client.roleAssignments.create(scope, name, assignment(ROLES.reader));
    const filter = `principalId eq '${application.objectId}'`;
    const listed = await collect(client.roleAssignments.listForScope(scope, { filter }));
    assert.deepEqual(
      listed.map((item) => item.name),
      [name],
    );
    await client.roleAssignments.delete(scope, name);
  });
});
