// Vaults on the wire: request bodies to changes, records to answers. Properties that were never set
// are left out, as recorded; `createMode` is never answered.
import { resourceManagerErrors } from '#errors';
import { ApiError, z } from '#kernel';
import { type Vault, vaultResourceId } from '#resources';
import { parseTags, tagsSchema } from '../tags.ts';
import { accessPoliciesSchema, parseAccessPolicies } from './access-policies.ts';
import { networkAclsSchema, parseNetworkAcls } from './network-acls.ts';
import type { VaultChanges } from './vault.ts';

const flag = z.boolean().nullish();

const propertiesSchema = z.looseObject({
  tenantId: z.string().nullish(),
  sku: z.looseObject({ family: z.string().nullish(), name: z.string() }).nullish(),
  accessPolicies: accessPoliciesSchema.nullish(),
  enabledForDeployment: flag,
  enabledForDiskEncryption: flag,
  enabledForTemplateDeployment: flag,
  enableSoftDelete: flag,
  softDeleteRetentionInDays: z.number().int().nullish(),
  enableRbacAuthorization: flag,
  createMode: z.string().nullish(),
  enablePurgeProtection: flag,
  networkAcls: networkAclsSchema.nullish(),
  publicNetworkAccess: z.string().nullish(),
  /** Ours, not Azure's. */
  enablePostQuantumKeys: flag,
});

export const putVaultSchema = z.looseObject({
  location: z.string(),
  tags: tagsSchema,
  properties: propertiesSchema.extend({
    tenantId: z.string(),
    sku: z.looseObject({ family: z.string().nullish(), name: z.string() }),
  }),
});

/** No body at all is no change. */
export const patchVaultSchema = z
  .looseObject({ tags: tagsSchema, properties: propertiesSchema.nullish() })
  .optional();

export const changeAccessPoliciesSchema = z.looseObject({
  properties: z.looseObject({ accessPolicies: accessPoliciesSchema }),
});

type PropertiesInput = z.infer<typeof propertiesSchema>;

export interface ChangesInput {
  readonly tags: z.infer<typeof tagsSchema>;
  readonly properties: PropertiesInput;
  /** The only tenant that a vault here can belong to. */
  readonly tenantId: string;
}

export function parseVaultChanges({ tags, properties, tenantId }: ChangesInput): VaultChanges {
  const { accessPolicies, networkAcls, publicNetworkAccess } = properties;
  const given = properties.tenantId ?? undefined;
  if (given !== undefined && given.toLowerCase() !== tenantId.toLowerCase()) {
    const args = { tenantId: given.slice(0, 40), what: 'vault' };
    throw new ApiError(resourceManagerErrors.tenantInvalid, args);
  }
  return {
    tenantId: given,
    sku: parseSku(properties.sku),
    accessPolicies:
      accessPolicies == null ? undefined : parseAccessPolicies(accessPolicies, tenantId),
    enableRbacAuthorization: properties.enableRbacAuthorization ?? undefined,
    enabledForDeployment: properties.enabledForDeployment ?? undefined,
    enabledForDiskEncryption: properties.enabledForDiskEncryption ?? undefined,
    enabledForTemplateDeployment: properties.enabledForTemplateDeployment ?? undefined,
    enableSoftDelete: properties.enableSoftDelete ?? undefined,
    softDeleteRetentionDays: properties.softDeleteRetentionInDays ?? undefined,
    enablePurgeProtection: properties.enablePurgeProtection ?? undefined,
    networkAcls: networkAcls == null ? undefined : parseNetworkAcls(networkAcls),
    publicNetworkAccess:
      publicNetworkAccess == null ? undefined : parsePublicNetworkAccess(publicNetworkAccess),
    enablePostQuantumKeys: properties.enablePostQuantumKeys ?? undefined,
    tags: tags == null ? undefined : parseTags(tags),
  };
}

export function isRecovery(properties: PropertiesInput): boolean {
  const mode = properties.createMode?.toLowerCase() ?? 'default';
  if (mode !== 'default' && mode !== 'recover') throw invalid('createMode');
  return mode === 'recover';
}

function parseSku(sku: PropertiesInput['sku']): VaultChanges['sku'] {
  if (sku == null) return undefined;
  if ((sku.family ?? 'A').toUpperCase() !== 'A') throw invalid('sku');
  const name = sku.name.toLowerCase();
  if (name === 'standard' || name === 'premium') return name;
  throw invalid('sku');
}

const PUBLIC_NETWORK_ACCESS = ['Enabled', 'Disabled', 'SecuredByPerimeter'] as const;

function parsePublicNetworkAccess(text: string): string {
  const found = PUBLIC_NETWORK_ACCESS.find((value) => value.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw invalid('publicNetworkAccess');
  return found;
}

function invalid(property: string): ApiError {
  return new ApiError(resourceManagerErrors.invalidValue, { property });
}

export interface RenderVaultOptions {
  /** What follows the vault's name in its host. */
  readonly vaultSuffix: string;
  /** The answer to the PUT that made it: recorded without the final slash. */
  readonly created?: boolean;
}

export function renderVault(vault: Vault, { vaultSuffix, created }: RenderVaultOptions): unknown {
  const uri = `https://${vault.name.toLowerCase()}${vaultSuffix}`;
  return {
    id: vaultResourceId(vault),
    name: vault.name,
    type: 'Microsoft.KeyVault/vaults',
    location: vault.location,
    tags: vault.tags,
    systemData: vault.systemData,
    properties: {
      sku: { family: 'A', name: vault.sku },
      tenantId: vault.tenantId,
      // `undefined` is left out of JSON.
      networkAcls: vault.networkAcls,
      accessPolicies: vault.accessPolicies,
      enabledForDeployment: vault.enabledForDeployment ?? false,
      enabledForDiskEncryption: vault.enabledForDiskEncryption,
      enabledForTemplateDeployment: vault.enabledForTemplateDeployment,
      enableSoftDelete: vault.enableSoftDelete ?? true,
      softDeleteRetentionInDays: vault.softDeleteRetentionDays,
      enableRbacAuthorization: vault.enableRbacAuthorization,
      enablePurgeProtection: vault.enablePurgeProtection,
      vaultUri: created ? uri : `${uri}/`,
      provisioningState: 'Succeeded',
      publicNetworkAccess: vault.publicNetworkAccess ?? 'Enabled',
      enablePostQuantumKeys: vault.enablePostQuantumKeys,
    },
  };
}

/** As `/resources` lists it: without properties. */
export function renderAccessPolicies(vault: Vault): unknown {
  return {
    id: `${vaultResourceId(vault)}/accessPolicies/`,
    type: 'Microsoft.KeyVault/vaults/accessPolicies',
    properties: { accessPolicies: vault.accessPolicies },
  };
}
