// `az keyvault`: vaults in both permission models, what is in them, the firewall, and the way back
// from a deletion.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { z } from '#kernel';
import { newVaultName, vaultScope } from '#test/kit/estate.ts';
import type { ClientCase, Place } from '../suite.ts';
import { certificateCases } from './certificates.ts';
import { keyCases } from './keys.ts';
import type { Az } from './shell.ts';

const POLICY = z.object({
  objectId: z.string(),
  permissions: z.object({ secrets: z.array(z.string()).nullish() }),
});
const VAULT = z.object({
  name: z.string(),
  location: z.string(),
  properties: z.object({
    vaultUri: z.string(),
    enableRbacAuthorization: z.boolean(),
    accessPolicies: z.array(POLICY),
  }),
});
const SECRET = z.object({ id: z.string(), name: z.string(), value: z.string() });
const NETWORK = z.object({
  ipRules: z.array(z.object({ value: z.string() })),
  defaultAction: z.string().nullish(),
});
const GROUP = ['-g', 'az'];

export function vaultCases(az: Az, place: Place): ClientCase[] {
  const rbac = newVaultName();
  const policy = newVaultName();
  return [
    {
      name: 'keyvault create with roles, show, list, update',
      run: () => createWithRoles(az, place, rbac),
    },
    {
      name: 'keyvault create with access policies: the creator has one',
      run: () => createWithPolicies(az, place, policy),
    },
    { name: 'keyvault set-policy, delete-policy', run: () => policies(az, place, policy) },
    { name: 'keyvault network-rule add, list, remove', run: () => networkRules(az, rbac) },
    {
      name: 'keyvault secret of a vault with roles',
      run: async () => {
        await admit(az, place, rbac);
        await secrets(az, rbac);
      },
    },
    { name: 'keyvault secret of a vault with policies', run: () => secrets(az, policy) },
    { name: 'keyvault secret backup, restore', run: () => backup(az, policy) },
    { name: 'keyvault key create, sign, verify, rotate', run: () => keys(az, rbac) },
    ...keyCases(az, rbac),
    {
      name: 'keyvault set-policy with certificate permissions',
      run: async () => {
        const who = ['keyvault', 'set-policy', '-n', policy, ...(await me(az))];
        await az.do(...who, '--certificate-permissions', 'all', 'purge');
      },
    },
    ...certificateCases(az, policy),
    {
      name: 'keyvault delete, list-deleted, show-deleted, recover, purge',
      run: () => deletion(az, policy),
    },
  ];
}

async function createWithRoles(az: Az, place: Place, name: string): Promise<void> {
  // Of Managed HSMs, the only names that `az` still asks about; none can be created here.
  await az.read(z.object({ nameAvailable: z.boolean() }), 'keyvault', 'check-name', '-n', 'azhsm');
  const made = await az.read(VAULT, 'keyvault', 'create', '-n', name, ...GROUP, '-l', 'westeurope');
  strictEqual(made.properties.enableRbacAuthorization, true);
  const shown = await az.read(VAULT, 'keyvault', 'show', '-n', name);
  strictEqual(shown.properties.vaultUri, `${place.instance.vaultUrl(name)}/`);
  ok((await az.names('keyvault', 'list')).includes(name));
  deepStrictEqual(await az.names('keyvault', 'list', ...GROUP), [name]);
  const updated = z.object({ properties: z.object({ enablePurgeProtection: z.literal(true) }) });
  await az.read(updated, 'keyvault', 'update', '-n', name, '--enable-purge-protection', 'true');
}

async function createWithPolicies(az: Az, place: Place, name: string): Promise<void> {
  const where = ['-n', name, ...GROUP, '-l', 'westeurope'];
  const model = ['--enable-rbac-authorization', 'false'];
  const { properties } = await az.read(VAULT, 'keyvault', 'create', ...where, ...model);
  strictEqual(properties.enableRbacAuthorization, false);
  const creator = place.instance.administrator.objectId;
  deepStrictEqual(
    properties.accessPolicies.map(({ objectId }) => objectId),
    [creator],
  );
}

async function policies(az: Az, place: Place, name: string): Promise<void> {
  const which = ['-n', name, '--spn', place.clientId];
  const grant = ['--secret-permissions', 'get', 'list'];
  const { properties } = await az.read(VAULT, 'keyvault', 'set-policy', ...which, ...grant);
  const added = properties.accessPolicies.at(-1);
  deepStrictEqual(added?.permissions.secrets?.toSorted(), ['get', 'list']);
  strictEqual(properties.accessPolicies.length, 2);
  const after = await az.read(VAULT, 'keyvault', 'delete-policy', ...which);
  strictEqual(after.properties.accessPolicies.length, 1);
  const byId = ['-n', name, '--object-id', added?.objectId ?? ''];
  await az.read(VAULT, 'keyvault', 'set-policy', ...byId, '--secret-permissions', 'all');
  await az.read(VAULT, 'keyvault', 'delete-policy', ...byId);
}

async function networkRules(az: Az, name: string): Promise<void> {
  const rule = ['keyvault', 'network-rule'];
  const withRules = z.object({ properties: z.object({ networkAcls: NETWORK }) });
  const address = ['-n', name, '--ip-address', '203.0.113.0/24'];
  const added = await az.read(withRules, ...rule, 'add', ...address);
  deepStrictEqual(added.properties.networkAcls.ipRules, [{ value: '203.0.113.0/24' }]);
  const listed = await az.read(NETWORK, ...rule, 'list', '-n', name);
  deepStrictEqual(listed.ipRules, [{ value: '203.0.113.0/24' }]);
  const action = ['--default-action', 'Deny'];
  const denied = await az.read(withRules, 'keyvault', 'update', '-n', name, ...action);
  strictEqual(denied.properties.networkAcls.defaultAction, 'Deny');
  await az.refused(['keyvault', 'secret', 'list', '--vault-name', name], /not authorized/i);
  await az.do('keyvault', 'update', '-n', name, '--default-action', 'Allow');
  await az.do(...rule, 'remove', ...address);
  deepStrictEqual((await az.read(NETWORK, ...rule, 'list', '-n', name)).ipRules, []);
}

async function admit(az: Az, { instance }: Place, name: string): Promise<void> {
  const listing = ['keyvault', 'secret', 'list', '--vault-name', name];
  await az.refused(listing, /ForbiddenByRbac/);
  const scope = vaultScope(instance.owner, name, 'az');
  const which = ['--assignee', instance.administrator.clientId, '--scope', scope];
  await az.do('role', 'assignment', 'create', ...which, '--role', 'Key Vault Administrator');
}

async function secrets(az: Az, vault: string): Promise<void> {
  const secret = ['keyvault', 'secret'];
  const one = ['--vault-name', vault, '-n', 'greeting'];
  const first = await az.read(SECRET, ...secret, 'set', ...one, '--value', 'hello');
  deepStrictEqual([first.name, first.value], ['greeting', 'hello']);
  const second = await az.read(SECRET, ...secret, 'set', ...one, '--value', 'again');
  strictEqual((await az.read(SECRET, ...secret, 'show', ...one)).value, 'again');
  strictEqual((await az.read(SECRET, ...secret, 'show', '--id', first.id)).value, 'hello');
  deepStrictEqual(await az.names(...secret, 'list', '--vault-name', vault), ['greeting']);
  const versions = await az.read(
    z.array(z.object({ id: z.string() })),
    ...secret,
    'list-versions',
    ...one,
  );
  deepStrictEqual(versions.map(({ id }) => id).sort(), [first.id, second.id].sort());
  const attributes = z.object({ attributes: z.object({ enabled: z.literal(false) }) });
  await az.read(attributes, ...secret, 'set-attributes', ...one, '--enabled', 'false');
  await az.refused([...secret, 'show', ...one], /disabled/i);
  await az.do(...secret, 'set-attributes', ...one, '--enabled', 'true');

  await az.do(...secret, 'delete', ...one);
  await az.refused([...secret, 'show', ...one], /SecretNotFound/);
  deepStrictEqual(await az.names(...secret, 'list-deleted', '--vault-name', vault), ['greeting']);
  await az.read(z.object({ recoveryId: z.string() }), ...secret, 'show-deleted', ...one);
  await az.do(...secret, 'recover', ...one);
  strictEqual((await az.read(SECRET, ...secret, 'show', ...one)).value, 'again');
}

async function backup(az: Az, vault: string): Promise<void> {
  const secret = ['keyvault', 'secret'];
  const one = ['--vault-name', vault, '-n', 'kept'];
  await az.do(...secret, 'set', ...one, '--value', 'kept');
  await az.do(...secret, 'backup', ...one, '-f', 'kept.bin');
  await az.do(...secret, 'delete', ...one);
  const grant = ['keyvault', 'set-policy', '-n', vault, ...(await me(az)), '--secret-permissions'];
  // As in Azure, `all` is all but the right to purge.
  await az.do(...grant, 'all');
  await az.refused([...secret, 'purge', ...one], /ForbiddenByPolicy/);
  await az.do(...grant, 'all', 'purge');
  await az.do(...secret, 'purge', ...one);
  await az.do(...secret, 'restore', '--vault-name', vault, '-f', 'kept.bin');
  strictEqual((await az.read(SECRET, ...secret, 'show', ...one)).value, 'kept');
}

async function me(az: Az): Promise<string[]> {
  const account = z.object({ user: z.object({ name: z.string() }) });
  return ['--spn', (await az.read(account, 'account', 'show')).user.name];
}

async function keys(az: Az, vault: string): Promise<void> {
  const shape = z.object({ key: z.object({ kid: z.string(), kty: z.literal('EC') }) });
  const one = ['--vault-name', vault, '-n', 'signer'];
  const curve = ['--kty', 'EC', '--curve', 'P-256'];
  const { key } = await az.read(shape, 'keyvault', 'key', 'create', ...one, ...curve);
  const digest = Buffer.alloc(32, 7).toString('base64');
  const how = ['-a', 'ES256', '--digest', digest];
  const signature = z.object({ signature: z.string() });
  const signed = await az.read(signature, 'keyvault', 'key', 'sign', ...one, ...how);
  const verdict = z.object({ isValid: z.literal(true) });
  const given = ['--signature', signed.signature];
  await az.read(verdict, 'keyvault', 'key', 'verify', ...one, ...how, ...given);
  const rotated = await az.read(shape, 'keyvault', 'key', 'rotate', ...one);
  ok(rotated.key.kid !== key.kid);
  deepStrictEqual(await az.names('keyvault', 'key', 'list', '--vault-name', vault), ['signer']);
  await az.do('keyvault', 'key', 'delete', ...one);
}

async function deletion(az: Az, name: string): Promise<void> {
  const deleted = ['keyvault', 'list-deleted', '--resource-type', 'vault'];
  await az.do('keyvault', 'delete', '-n', name);
  deepStrictEqual(await az.names(...deleted), [name]);
  deepStrictEqual(await az.names('keyvault', 'list-deleted'), [name]);
  const shape = z.object({ name: z.literal(name), type: z.string() });
  await az.read(shape, 'keyvault', 'show-deleted', '-n', name);
  await az.read(VAULT, 'keyvault', 'recover', '-n', name);
  const one = ['--vault-name', name, '-n', 'greeting'];
  strictEqual((await az.read(SECRET, 'keyvault', 'secret', 'show', ...one)).value, 'again');
  await az.do('keyvault', 'delete', '-n', name);
  await az.do('keyvault', 'purge', '-n', name);
  deepStrictEqual(await az.names('keyvault', 'list-deleted'), []);
}
