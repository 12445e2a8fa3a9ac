// @azure/arm-keyvault against a served instance.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type {
  AccessPolicyUpdateKind,
  KeyVaultManagementClient,
  VaultProperties,
} from '@azure/arm-keyvault';
import { createApplication, createResourceGroup, newVaultName } from '#test/kit/estate.ts';
import type { Instance } from '#test/kit/instance.ts';
import { collect, startTrustedInstance, vaultsClient } from './clients.ts';
import { assertRefused, refusal } from './refusals.ts';

const GROUP = 'arm-keyvault';
const POLLING = { updateIntervalInMs: 50 };

describe('@azure/arm-keyvault', () => {
  let instance: Instance;
  let client: KeyVaultManagementClient;

  before(async () => {
    instance = await startTrustedInstance();
    await createResourceGroup(instance.owner, GROUP);
    client = vaultsClient(instance, instance.owner);
  });

  after(() => instance?.stop());

  function properties(more: Partial<VaultProperties> = {}): VaultProperties {
    return { tenantId: instance.tenantId, sku: { family: 'A', name: 'standard' }, ...more };
  }

  async function create(name: string, more: Partial<VaultProperties> = {}) {
    const vault = { location: 'westeurope', properties: properties(more) };
    return client.vaults.createOrUpdate(GROUP, name, vault, POLLING);
  }

  test('a vault is created with data roles unless access policies are asked for', async () => {
    const name = newVaultName();
    const vault = await create(name);
    assert.equal(vault.name, name);
    assert.equal(vault.type, 'Microsoft.KeyVault/vaults');
    assert.equal(vault.location, 'westeurope');
    assert.equal(vault.properties.enableRbacAuthorization, true);
    const id = `/subscriptions/${instance.subscriptionId}/resourceGroups/${GROUP}`;
    assert.equal(vault.id, `${id}/providers/Microsoft.KeyVault/vaults/${name}`);
    assert.equal(vault.properties.vaultUri?.replace(/\/$/, ''), instance.vaultUrl(name));
    const again = await client.vaults.get(GROUP, name);
    assert.equal(again.id, vault.id);
    assert.equal(again.properties.provisioningState, 'Succeeded');
    assert.equal(again.properties.enableSoftDelete, true);
    assert.equal(again.properties.softDeleteRetentionInDays, 90);
  });

  test('access policies are added to, replaced and removed', async () => {
    const name = newVaultName();
    await create(name, { enableRbacAuthorization: false, accessPolicies: [] });
    const { tenantId } = instance;
    const [one, two] = await Promise.all([
      createApplication(instance.owner, 'one'),
      createApplication(instance.owner, 'two'),
    ]);
    const change = async (kind: AccessPolicyUpdateKind, objectId: string, secrets: string[]) => {
      const accessPolicies = [{ tenantId, objectId, permissions: { secrets } }];
      const body = { properties: { accessPolicies } };
      return client.vaults.updateAccessPolicy(GROUP, name, kind, body);
    };
    await change('add', one.objectId, ['get']);
    await change('add', one.objectId, ['list']);
    await change('add', two.objectId, ['set']);
    const policies = async () => {
      const vault = await client.vaults.get(GROUP, name);
      const entries = vault.properties.accessPolicies ?? [];
      return entries.map(({ objectId, permissions }) => ({
        objectId,
        secrets: [...(permissions.secrets ?? [])].map((text) => text.toLowerCase()).sort(),
      }));
    };
    const merged = { objectId: one.objectId, secrets: ['get', 'list'] };
    assert.deepEqual(await policies(), [merged, { objectId: two.objectId, secrets: ['set'] }]);
    await change('remove', one.objectId, ['get']);
    assert.deepEqual(await policies(), [
      { objectId: one.objectId, secrets: ['list'] },
      { objectId: two.objectId, secrets: ['set'] },
    ]);
    await change('replace', two.objectId, ['delete']);
    assert.deepEqual(
      (await policies()).filter(({ objectId }) => objectId === two.objectId),
      [{ objectId: two.objectId, secrets: ['delete'] }],
    );
  });

  test('network rules are kept as addresses with a prefix length', async () => {
    const name = newVaultName();
    await create(name, {
      networkAcls: {
        defaultAction: 'Deny',
        bypass: 'None',
        ipRules: [{ value: '203.0.113.7' }, { value: '198.51.100.0/24' }],
      },
    });
    const { networkAcls } = (await client.vaults.get(GROUP, name)).properties;
    assert.equal(networkAcls?.defaultAction, 'Deny');
    assert.equal(networkAcls?.bypass, 'None');
    assert.deepEqual(
      networkAcls?.ipRules?.map(({ value }) => value),
      ['203.0.113.7/32', '198.51.100.0/24'],
    );
  });

  test('a patch changes what it names and leaves the rest', async () => {
    const name = newVaultName();
    await create(name, { softDeleteRetentionInDays: 7 });
    const patched = await client.vaults.update(GROUP, name, {
      tags: { team: 'blue' },
      properties: { publicNetworkAccess: 'Disabled' },
    });
    assert.deepEqual(patched.tags, { team: 'blue' });
    assert.equal(patched.properties.publicNetworkAccess, 'Disabled');
    assert.equal(patched.properties.softDeleteRetentionInDays, 7);
    assert.equal(patched.properties.enableRbacAuthorization, true);
  });

  test('vaults are listed by group, by subscription and as resources', async () => {
    const name = newVaultName();
    await create(name);
    const names = async (pages: AsyncIterable<{ name?: string }>) =>
      (await collect(pages)).map((vault) => vault.name);
    assert.ok((await names(client.vaults.listByResourceGroup(GROUP))).includes(name));
    assert.ok((await names(client.vaults.listBySubscription())).includes(name));
    assert.ok((await names(client.vaults.list())).includes(name));
  });

  test('a deleted vault holds its name, recovers, and is gone once it is purged', async () => {
    const name = newVaultName();
    await create(name, { softDeleteRetentionInDays: 7 });
    await client.vaults.delete(GROUP, name);
    assert.equal((await refusal(client.vaults.get(GROUP, name))).status, 404);
    const deleted = await client.vaults.getDeleted(name, 'westeurope');
    assert.equal(deleted.properties?.location, 'westeurope');
    assert.ok(deleted.properties?.vaultId?.endsWith(`/vaults/${name}`));
    const listed = await collect(client.vaults.listDeleted());
    assert.ok(listed.some((vault) => vault.name === name));
    assert.equal((await refusal(create(name))).status, 409);
    const recovered = await create(name, { createMode: 'recover' });
    assert.equal(recovered.properties.softDeleteRetentionInDays, 7);
    await client.vaults.delete(GROUP, name);
    await client.vaults.purgeDeleted(name, 'westeurope', POLLING);
    assert.equal((await refusal(client.vaults.getDeleted(name, 'westeurope'))).status, 404);
    await create(name);
  });

  test('purge protection can be switched on, but never off, and holds the vault', async () => {
    const name = newVaultName();
    await create(name, { enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
    const off = client.vaults.update(GROUP, name, {
      properties: { enablePurgeProtection: false },
    });
    assert.equal((await refusal(off)).status, 400);
    await client.vaults.delete(GROUP, name);
    const purge = client.vaults.purgeDeleted(name, 'westeurope', POLLING);
    const { code } = await refusal(Promise.resolve(purge));
    assert.equal(code, 'MethodNotAllowed');
    assert.equal((await client.vaults.getDeleted(name, 'westeurope')).name, name);
  });

  test('name availability says whether, and why not', async () => {
    const type = 'Microsoft.KeyVault/vaults';
    const free = await client.vaults.checkNameAvailability({ name: newVaultName(), type });
    assert.equal(free.nameAvailable, true);
    const name = newVaultName();
    await create(name);
    const taken = await client.vaults.checkNameAvailability({ name, type });
    assert.equal(taken.nameAvailable, false);
    assert.equal(taken.reason, 'AlreadyExists');
    const invalid = await client.vaults.checkNameAvailability({ name: '1--', type });
    assert.equal(invalid.nameAvailable, false);
    assert.equal(invalid.reason, 'AccountNameInvalid');
  });

  test('a vault in a group that does not exist is refused', async () => {
    const vault = { location: 'westeurope', properties: properties() };
    const call = client.vaults.createOrUpdate('no-such-group', newVaultName(), vault, POLLING);
    await assertRefused(Promise.resolve(call), { status: 404, code: 'ResourceGroupNotFound' });
  });
});
