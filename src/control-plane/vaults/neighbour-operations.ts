// What clients ask for around vaults: whether a name is free, what a private endpoint could connect
// to, and managed HSMs, of which there are none here.
import { resourceManagerErrors } from '#errors';
import { ApiError, fillMessage, type Operation, z } from '#kernel';
import { vaultResourceId } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { findVault } from '../containers.ts';
import { namesOf } from '../handling.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { isVaultName } from './vault.ts';

const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/{vaultName}`;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.keyVault, success: 200, errors: [] };
const vaultNames = namesOf('subscriptionId', 'resourceGroupName', 'vaultName');
const checkNameSchema = z.looseObject({ name: z.string(), type: z.string().nullish() });

export function vaultNeighbourRows(management: Management): readonly ArmRow[] {
  return [...nameRows(management), ...privateLinkRows(management), ...managedHsmRows()];
}

function nameRows(management: Management): readonly ArmRow[] {
  const access = {
    kind: 'action',
    action: 'Microsoft.KeyVault/checkNameAvailability/read',
  } as const;
  return [
    armRow({
      ...base,
      id: 'Vaults_CheckNameAvailability',
      method: 'POST',
      path: `${SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability`,
      access,
      audit: 'VaultCheckNameAvailability',
      params: namesOf('subscriptionId'),
      body: checkNameSchema,
      handle: ({ body }) => {
        const { name, type } = body;
        if (type != null && type.toLowerCase() !== 'microsoft.keyvault/vaults') {
          throw new ApiError(resourceManagerErrors.invalidValue, { property: 'type' });
        }
        return { body: decideName(name, management.resources.vault(name) !== undefined) };
      },
    }),
    armRow({
      ...base,
      id: 'ManagedHsms_CheckMhsmNameAvailability',
      method: 'POST',
      path: `${SUBSCRIPTION}/providers/Microsoft.KeyVault/checkMhsmNameAvailability`,
      access,
      audit: 'ManagedHsmCheckNameAvailability',
      params: namesOf('subscriptionId'),
      body: checkNameSchema,
      handle: ({ body }) => ({ body: decideName(body.name, false) }),
    }),
  ];
}

function decideName(name: string, taken: boolean): unknown {
  if (!isVaultName(name)) {
    const message = fillMessage(resourceManagerErrors.vaultNameInvalid.message, { name });
    return { nameAvailable: false, reason: 'AccountNameInvalid', message };
  }
  if (!taken) return { nameAvailable: true };
  const message = fillMessage(resourceManagerErrors.vaultAlreadyExists.message, { name });
  return { nameAvailable: false, reason: 'AlreadyExists', message };
}

function privateLinkRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'PrivateLinkResources_ListByVault',
      method: 'GET',
      path: `${VAULT}/privateLinkResources`,
      access: { kind: 'action', action: 'Microsoft.KeyVault/vaults/privateLinkResources/read' },
      audit: 'VaultPrivateLinkResourceList',
      params: vaultNames,
      errors: [resourceManagerErrors.resourceNotFound],
      handle: ({ params }) => {
        const id = `${vaultIdOf(management, params)}/privateLinkResources/vault`;
        const properties = {
          groupId: 'vault',
          requiredMembers: ['default'],
          requiredZoneNames: ['privatelink.vaultcore.azure.net'],
        };
        const type = 'Microsoft.KeyVault/vaults/privateLinkResources';
        return { body: { value: [{ id, name: 'vault', type, properties }] } };
      },
    }),
    armRow({
      ...base,
      id: 'PrivateEndpointConnections_ListByResource',
      method: 'GET',
      path: `${VAULT}/privateEndpointConnections`,
      access: {
        kind: 'action',
        action: 'Microsoft.KeyVault/vaults/privateEndpointConnections/read',
      },
      audit: 'VaultPrivateEndpointConnectionList',
      params: vaultNames,
      errors: [resourceManagerErrors.resourceNotFound],
      handle: ({ params }) => {
        vaultIdOf(management, params);
        return { body: { value: [] } };
      },
    }),
  ];
}

function vaultIdOf(management: Management, params: PathParams): string {
  const { subscriptionId = '', resourceGroupName: resourceGroup = '', vaultName = '' } = params;
  return vaultResourceId(findVault(management, { subscriptionId, resourceGroup, name: vaultName }));
}

/** Empty lists: Azure CLI fails `keyvault list-deleted` on a 404 (`azure/clients.md` §4). */
function managedHsmRows(): readonly ArmRow[] {
  const rows = [
    {
      id: 'ManagedHsms_ListBySubscription',
      path: `${SUBSCRIPTION}/providers/Microsoft.KeyVault/managedHSMs`,
      action: 'Microsoft.KeyVault/managedHSMs/read',
    },
    {
      id: 'ManagedHsms_ListByResourceGroup',
      path: `${GROUP}/providers/Microsoft.KeyVault/managedHSMs`,
      action: 'Microsoft.KeyVault/managedHSMs/read',
    },
    {
      id: 'ManagedHsms_ListDeleted',
      path: `${SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedManagedHSMs`,
      action: 'Microsoft.KeyVault/deletedManagedHsms/read',
    },
  ];
  return rows.map(({ id, path, action }) =>
    armRow({
      ...base,
      id,
      method: 'GET',
      path,
      access: { kind: 'action', action },
      audit: 'ManagedHsmList',
      handle: () => ({ body: { value: [] } }),
    }),
  );
}
