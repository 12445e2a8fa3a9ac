// The main job from start to finish, once in each permission model: register a principal, assign it
// a role, let it into the vault, close the network, and get a secret as an application of its own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NetworkRuleSet } from '@azure/arm-keyvault';
import { z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import {
  admitToSecrets,
  assignRole,
  changePolicy,
  createApplication,
  createResourceGroup,
  createVault,
  groupScope,
  newVaultName,
  RESOURCE_GROUP,
  ROLES,
  removeRole,
  vaultScope,
} from '#test/kit/estate.ts';
import { type Instance, plainEnvironment } from '#test/kit/instance.ts';
import { rolesClient, secretClient, startTrustedInstance, vaultsClient } from './clients.ts';
import { ACTION_DENIED, assertRefused, BY_FIREWALL, BY_POLICY, BY_RBAC } from './refusals.ts';

const PROGRAM = fileURLToPath(new URL('get-secret.ts', import.meta.url));
const NAMES = fileURLToPath(new URL('../kit/resolve-names.ts', import.meta.url));
const APPLICATIONS = z.object({
  value: z.array(
    z.object({ id: z.guid(), passwordCredentials: z.array(z.object({ keyId: z.guid() })) }),
  ),
});
const ELSEWHERE = '203.0.113.7';

interface Program {
  readonly tenant?: string;
  readonly vault: string;
  readonly secret: string;
}

/** Runs the application in a process of its own, with the environment that a user would give it. */
function runApplication(instance: Instance, caller: Caller, program: Program) {
  return run(process.execPath, ['--import', NAMES, PROGRAM], {
    env: {
      ...plainEnvironment(),
      NODE_EXTRA_CA_CERTS: instance.caFile,
      STRONGROOM_TEST_DOMAIN: instance.domain,
      AZURE_AUTHORITY_HOST: instance.login,
      AZURE_TENANT_ID: program.tenant ?? instance.tenantId,
      AZURE_CLIENT_ID: caller.credentials.clientId,
      AZURE_CLIENT_SECRET: caller.credentials.clientSecret,
      VAULT_URL: instance.vaultUrl(program.vault),
      SECRET_NAME: program.secret,
    },
    limitMs: 30_000,
  });
}

let instance: Instance;

before(async () => {
  instance = await startTrustedInstance();
  await createResourceGroup(instance.owner);
});

after(() => instance?.stop());

for (const model of ['policy', 'rbac'] as const) {
  test(`the five steps, from start to finish, with ${model}`, async () => {
    const vault = newVaultName();
    const scope = vaultScope(instance.owner, vault);
    const management = vaultsClient(instance, instance.owner);

    // 1. Register an application as a security principal, with a client secret.
    const application = await createApplication(instance.owner, `five steps, ${model}`);

    // The vault, in the permission model of this run.
    const created = await management.vaults.createOrUpdate(
      RESOURCE_GROUP,
      vault,
      {
        location: 'westeurope',
        properties: {
          tenantId: instance.tenantId,
          sku: { family: 'A', name: 'standard' },
          enableRbacAuthorization: model === 'rbac',
          accessPolicies: [],
        },
      },
      { updateIntervalInMs: 50 },
    );
    assert.equal(created.properties.enableRbacAuthorization, model === 'rbac');

    // 2. Assign the principal a role: it may now look at the vault, and at nothing in it.
    await assertRefused(
      vaultsClient(instance, application).vaults.get(RESOURCE_GROUP, vault),
      ACTION_DENIED,
    );
    await rolesClient(instance, instance.owner).roleAssignments.create(scope, randomUUID(), {
      principalId: application.objectId,
      principalType: 'ServicePrincipal',
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES.reader}`,
    });
    const seen = await vaultsClient(instance, application).vaults.get(RESOURCE_GROUP, vault);
    assert.equal(seen.name, vault);
    const secrets = secretClient(instance, application, vault);
    const refusedBy = model === 'rbac' ? BY_RBAC : BY_POLICY;
    await assertRefused(secrets.getSecret('message'), refusedBy);

    // 3. Let it into the vault: an access policy, or a data role.
    await admitToSecrets(instance.owner, application, { name: vault, model });
    await secrets.setSecret('message', `hello from ${model}`);

    // 4. Close the network; then open it for this machine.
    const closeNetwork = async (networkAcls: NetworkRuleSet) =>
      management.vaults.update(RESOURCE_GROUP, vault, { properties: { networkAcls } });
    const rules = { bypass: 'None', defaultAction: 'Deny' };
    await closeNetwork({ ...rules, ipRules: [{ value: ELSEWHERE }] });
    const firewall = await assertRefused(secrets.getSecret('message'), BY_FIREWALL);
    assert.match(firewall.message, /127\.0\.0\.1/);
    assert.ok(firewall.message.includes(application.objectId));
    await closeNetwork({ ...rules, ipRules: [{ value: ELSEWHERE }, { value: '127.0.0.1' }] });

    // 5. Test the access, as a program that knows only its environment.
    const program = { vault, secret: 'message' };
    const outcome = await runApplication(instance, application, program);
    assert.equal(outcome.stdout, `hello from ${model}`, outcome.stderr);
    assert.equal(outcome.code, 0);
  });
}

test('through the tenant `adfs` a client needs no setting but the authority', async () => {
  const application = await createApplication(instance.owner, 'adfs');
  const vault = await createVault(instance.owner, { model: 'rbac' });
  await admitToSecrets(instance.owner, application, { name: vault, model: 'rbac' });
  await secretClient(instance, application, vault).setSecret('message', 'by way of adfs');
  const program = { tenant: 'adfs', vault, secret: 'message' };
  const outcome = await runApplication(instance, application, program);
  assert.equal(outcome.stdout, 'by way of adfs', outcome.stderr);
});

describe('what a role on the management plane does not open', () => {
  for (const model of ['policy', 'rbac'] as const) {
    for (const role of ['reader', 'contributor', 'owner'] as const) {
      test(`${role} opens no secret of a vault in ${model} mode`, async () => {
        const vault = await createVault(instance.owner, { model });
        const caller = await createApplication(instance.owner, `${role}, ${model}`);
        const scope = `/subscriptions/${instance.subscriptionId}`;
        await assignRole(instance.owner, { to: caller, role: ROLES[role], scope });
        const client = secretClient(instance, caller, vault);
        const expected = model === 'rbac' ? BY_RBAC : BY_POLICY;
        await assertRefused(client.getSecret('any'), expected);
        await assertRefused(client.setSecret('any', 'value'), expected);
        // The client's pager keeps no more than status and code.
        const listing = client.listPropertiesOfSecrets().next();
        await assertRefused(listing, { status: 403, code: 'Forbidden' });
      });
    }
  }

  test('the administrator himself, Owner at `/`, opens no secret without a grant', async () => {
    const vault = await createVault(instance.owner, { model: 'rbac' });
    const client = secretClient(instance, instance.owner, vault);
    await assertRefused(client.getSecret('any'), BY_RBAC);
  });

  test('a grant in the other permission model counts for nothing', async () => {
    const caller = await createApplication(instance.owner, 'other model');
    const byPolicy = await createVault(instance.owner, { model: 'policy' });
    const scope = vaultScope(instance.owner, byPolicy);
    await assignRole(instance.owner, { to: caller, role: ROLES.administrator, scope });
    const policyClient = secretClient(instance, caller, byPolicy);
    await assertRefused(policyClient.getSecret('any'), BY_POLICY);
    const byRole = await createVault(instance.owner, {
      model: 'rbac',
      properties: {
        accessPolicies: [
          {
            tenantId: instance.tenantId,
            objectId: caller.objectId,
            permissions: { secrets: ['get'] },
          },
        ],
      },
    });
    await assertRefused(secretClient(instance, caller, byRole).getSecret('any'), BY_RBAC);
  });
});

describe('who may change access', () => {
  test('Contributor edits access policies, but no role assignments', async () => {
    const vault = await createVault(instance.owner, { model: 'policy' });
    const caller = await createApplication(instance.owner, 'contributor');
    const scope = groupScope(instance.owner);
    await assignRole(instance.owner, { to: caller, role: ROLES.contributor, scope });
    await changePolicy(caller, 'add', { to: caller, vault, secrets: ['get', 'set'] });
    const client = secretClient(instance, caller, vault);
    await client.setSecret('message', 'granted to himself');
    assert.equal((await client.getSecret('message')).value, 'granted to himself');
    const assigning = rolesClient(instance, caller).roleAssignments.create(
      vaultScope(instance.owner, vault),
      randomUUID(),
      {
        principalId: caller.objectId,
        principalType: 'ServicePrincipal',
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES.owner}`,
      },
    );
    await assertRefused(assigning, ACTION_DENIED);
  });

  test('Reader changes neither the firewall nor the policies', async () => {
    const vault = await createVault(instance.owner, { model: 'policy' });
    const caller = await createApplication(instance.owner, 'reader');
    const scope = groupScope(instance.owner);
    await assignRole(instance.owner, { to: caller, role: ROLES.reader, scope });
    const client = vaultsClient(instance, caller);
    await client.vaults.get(RESOURCE_GROUP, vault);
    const opening = client.vaults.update(RESOURCE_GROUP, vault, {
      properties: { publicNetworkAccess: 'Enabled' },
    });
    await assertRefused(opening, ACTION_DENIED);
    const { tenantId } = instance;
    const permissions = { secrets: ['get'] };
    const accessPolicies = [{ tenantId, objectId: caller.objectId, permissions }];
    const body = { properties: { accessPolicies } };
    const granting = client.vaults.updateAccessPolicy(RESOURCE_GROUP, vault, 'add', body);
    await assertRefused(granting, ACTION_DENIED);
  });
});

describe('a revocation bites at the very next request', () => {
  /** An application that has just read a secret, with a token that stays valid for an hour. */
  async function admitted(model: 'policy' | 'rbac') {
    const vault = await createVault(instance.owner, { model });
    const caller = await createApplication(instance.owner, `revoked, ${model}`);
    const client = secretClient(instance, caller, vault);
    return { vault, caller, client };
  }

  test('when the role assignment is deleted', async () => {
    const { vault, caller, client } = await admitted('rbac');
    const scope = vaultScope(instance.owner, vault);
    const grant = { to: caller, role: ROLES.secretsOfficer, scope };
    const assignment = await assignRole(instance.owner, grant);
    await client.setSecret('message', 'still here');
    await client.getSecret('message');
    await removeRole(instance.owner, assignment);
    await assertRefused(client.getSecret('message'), BY_RBAC);
  });

  test('when the access policy is taken away', async () => {
    const { vault, caller, client } = await admitted('policy');
    const grant = { to: caller, vault, secrets: ['get', 'set'] };
    await changePolicy(instance.owner, 'add', grant);
    await client.setSecret('message', 'still here');
    await client.getSecret('message');
    await changePolicy(instance.owner, 'remove', grant);
    await assertRefused(client.getSecret('message'), BY_POLICY);
  });

  test('when the service principal is disabled, and when it is deleted', async () => {
    const { vault, caller, client } = await admitted('rbac');
    await admitToSecrets(instance.owner, caller, { name: vault, model: 'rbac' });
    await client.setSecret('message', 'still here');
    const { owner } = instance;
    const secret = { path: '/secrets/message' };
    (await caller.vault(vault, secret)).expect(200);
    const path = `/servicePrincipals/${caller.objectId}`;
    const enable = async (accountEnabled: boolean) =>
      (await owner.graph({ method: 'PATCH', path, json: { accountEnabled } })).expect(204);
    await enable(false);
    (await caller.vault(vault, secret)).expect(401);
    await assert.rejects(client.getSecret('message'));
    await enable(true);
    (await caller.vault(vault, secret)).expect(200);
    (await owner.graph({ method: 'DELETE', path })).expect(204);
    (await caller.vault(vault, secret)).expect(401);
  });

  test('when the client secret that its token was issued for is removed', async () => {
    const { vault, caller } = await admitted('rbac');
    await admitToSecrets(instance.owner, caller, { name: vault, model: 'rbac' });
    (await caller.vault(vault, { path: '/secrets' })).expect(200);
    const { owner } = instance;
    const filter = encodeURIComponent(`appId eq '${caller.credentials.clientId}'`);
    const found = await owner.graph({ path: `/applications?$filter=${filter}` });
    const [application] = found.expect(200).read(APPLICATIONS).value;
    assert.ok(application !== undefined);
    const [password] = application.passwordCredentials;
    const removed = await owner.graph({
      method: 'POST',
      path: `/applications/${application.id}/removePassword`,
      json: { keyId: password?.keyId },
    });
    removed.expect(204);
    (await caller.vault(vault, { path: '/secrets' })).expect(401);
    assert.equal((await caller.requestToken(instance.management)).status, 401);
  });

  test('when the vault is deleted', async () => {
    const { vault, caller, client } = await admitted('rbac');
    await admitToSecrets(instance.owner, caller, { name: vault, model: 'rbac' });
    await client.setSecret('message', 'still here');
    await vaultsClient(instance, instance.owner).vaults.delete(RESOURCE_GROUP, vault);
    await assert.rejects(client.getSecret('message'));
    const answer = await caller.vault(vault, { path: '/secrets/message' });
    assert.notEqual(answer.status, 200);
    assert.ok(!answer.text.includes('still here'));
  });
});

test('a wrong client secret gets no token', async () => {
  const application = await createApplication(instance.owner, 'wrong secret');
  const vault = await createVault(instance.owner, { model: 'rbac' });
  const client = secretClient(instance, application, vault, { clientSecret: 'not-the-secret' });
  await assert.rejects(client.getSecret('any'), /AADSTS7000215/);
});
