// What most tests need before they start: an application with a secret, a resource group, a vault
// in one of its two permission models, a grant. Everything goes over the wire, as the owner.
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from '#kernel';
import { ARM_VERSIONS, Caller } from './caller.ts';

export const ROLES = {
  owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6',
  cryptoUser: '12338af0-0e69-4776-bea7-57ae8d297424',
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
  administrator: '00482a5a-887f-4fb3-b363-3b7fe8e74483',
} as const;

const SECRET_PERMISSIONS = [
  'get',
  'list',
  'set',
  'delete',
  'backup',
  'restore',
  'recover',
  'purge',
] as const;

export const RESOURCE_GROUP = 'tests';

const APPLICATION = z.object({ id: z.guid(), appId: z.guid() });
const PASSWORD = z.object({ secretText: z.string(), keyId: z.guid() });
const SERVICE_PRINCIPAL = z.object({ id: z.guid() });

/** Registers an application with a client secret and a service principal: step one of five. */
export async function createApplication(owner: Caller, displayName: string): Promise<Caller> {
  const created = await owner.graph({
    method: 'POST',
    path: '/applications',
    json: { displayName },
  });
  const application = created.expect(201).read(APPLICATION);
  const password = await owner.graph({
    method: 'POST',
    path: `/applications/${application.id}/addPassword`,
    json: { passwordCredential: { displayName: 'tests' } },
  });
  const principal = await owner.graph({
    method: 'POST',
    path: '/servicePrincipals',
    json: { appId: application.appId },
  });
  return new Caller(owner.endpoints, {
    clientId: application.appId,
    clientSecret: password.expect(200).read(PASSWORD).secretText,
    objectId: principal.expect(201).read(SERVICE_PRINCIPAL).id,
  });
}

export async function createResourceGroup(owner: Caller, name = RESOURCE_GROUP): Promise<void> {
  const answer = await owner.arm({
    method: 'PUT',
    path: `/subscriptions/${owner.endpoints.subscriptionId}/resourceGroups/${name}`,
    json: { location: 'westeurope' },
    apiVersion: ARM_VERSIONS.resources,
  });
  answer.expect(200, 201);
}

export interface VaultOptions {
  readonly name?: string;
  readonly resourceGroup?: string;
  /** `rbac`: data roles. `policy`: access policies. */
  readonly model: 'rbac' | 'policy';
  /** Further properties of the vault. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

export function newVaultName(): string {
  return `v${randomBytes(8).toString('hex')}`;
}

/** Creates the vault, and its resource group if need be; gives its name. */
export async function createVault(owner: Caller, options: VaultOptions): Promise<string> {
  const { name = newVaultName(), resourceGroup = RESOURCE_GROUP, model } = options;
  await createResourceGroup(owner, resourceGroup);
  const answer = await owner.arm({
    method: 'PUT',
    path: `${groupScope(owner, resourceGroup)}/providers/Microsoft.KeyVault/vaults/${name}`,
    json: {
      location: 'westeurope',
      properties: {
        tenantId: owner.endpoints.tenantId,
        sku: { family: 'A', name: 'standard' },
        enableRbacAuthorization: model === 'rbac',
        ...(model === 'policy' && { accessPolicies: [] }),
        ...options.properties,
      },
    },
  });
  answer.expect(200, 201);
  return name;
}

export function groupScope(caller: Caller, resourceGroup = RESOURCE_GROUP): string {
  return `/subscriptions/${caller.endpoints.subscriptionId}/resourceGroups/${resourceGroup}`;
}

export function vaultScope(caller: Caller, name: string, resourceGroup = RESOURCE_GROUP): string {
  return `${groupScope(caller, resourceGroup)}/providers/Microsoft.KeyVault/vaults/${name}`;
}

/** Whom a role is given to; a service principal, unless it says otherwise. */
export interface Grantee {
  readonly objectId: string;
  readonly type?: 'ServicePrincipal' | 'User';
}

export interface RoleGrant {
  readonly to: Grantee;
  /** GUID of the role definition. */
  readonly role: string;
  readonly scope: string;
}

/** Assigns the role; gives the assignment's path, to be deleted later. */
export async function assignRole(owner: Caller, grant: RoleGrant): Promise<string> {
  const path = `${grant.scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
  const answer = await owner.arm({
    method: 'PUT',
    path: path.replace(/^\/+/, '/'),
    json: {
      properties: {
        principalId: grant.to.objectId,
        principalType: grant.to.type ?? 'ServicePrincipal',
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${grant.role}`,
      },
    },
    apiVersion: ARM_VERSIONS.authorization,
  });
  answer.expect(201);
  return path;
}

export async function removeRole(owner: Caller, path: string): Promise<void> {
  const answer = await owner.arm({
    method: 'DELETE',
    path,
    apiVersion: ARM_VERSIONS.authorization,
  });
  answer.expect(200, 204);
}

export interface PolicyGrant {
  readonly to: Caller;
  readonly vault: string;
  /** Permissions on secrets, for example `get`, `list`, `all`. */
  readonly secrets: readonly string[];
}

/** Adds to (or with `remove` takes from) the vault's access policies. */
export async function changePolicy(
  owner: Caller,
  kind: 'add' | 'replace' | 'remove',
  grant: PolicyGrant,
): Promise<void> {
  const { tenantId } = owner.endpoints;
  const permissions = { secrets: grant.secrets };
  const entry = { tenantId, objectId: grant.to.objectId, permissions };
  const answer = await owner.arm({
    method: 'PUT',
    path: `${vaultScope(owner, grant.vault)}/accessPolicies/${kind}`,
    json: { properties: { accessPolicies: [entry] } },
  });
  answer.expect(200, 201);
}

/** Lets the caller do everything with the vault's secrets, in whichever model the vault has. */
export async function admitToSecrets(
  owner: Caller,
  to: Caller,
  vault: { readonly name: string; readonly model: 'rbac' | 'policy' },
): Promise<void> {
  if (vault.model === 'policy') {
    await changePolicy(owner, 'add', { to, vault: vault.name, secrets: SECRET_PERMISSIONS });
    return;
  }
  const scope = vaultScope(owner, vault.name);
  await assignRole(owner, { to, role: ROLES.administrator, scope });
}

/** Lets the caller do everything with everything in a vault that uses roles. */
export async function admitToVault(owner: Caller, to: Caller, vault: string): Promise<void> {
  await assignRole(owner, { to, role: ROLES.administrator, scope: vaultScope(owner, vault) });
}
