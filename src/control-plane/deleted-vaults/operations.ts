// Soft-deleted vaults: listed, read, purged. Purging answers 202 and a place to ask for the
// outcome, as Azure does; here it has happened before the answer is sent.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { isSameId, type Vault, vaultResourceId } from '#resources';
import { armVersions, isVersionSince } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { namesOf } from '../handling.ts';
import { renderList } from '../list.ts';
import { normalizeLocation } from '../location.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { openOperationResult, sealOperationResult } from '../operation-result.ts';
import { purgeVault } from '../vaults/vault-store.ts';

const PROVIDER = '/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault';
const DELETED_VAULT = `${PROVIDER}/locations/{location}/deletedVaults/{vaultName}`;
/** Older api-versions answered a plain ResourceNotFound (recorded up to 2021). */
const OWN_NOT_FOUND_SINCE = '2021-10-01';
const PURGE_RETRY_S = '5';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.keyVault, success: 200, errors: [] };

export function deletedVaultRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Vaults_ListDeleted',
      method: 'GET',
      path: `${PROVIDER}/deletedVaults`,
      access: { kind: 'action', action: 'Microsoft.KeyVault/deletedVaults/read' },
      audit: 'VaultListDeleted',
      params: namesOf('subscriptionId'),
      handle: ({ params, request }) =>
        renderList({
          request,
          items: [...management.resources.vaults()].filter(
            (vault) =>
              vault.deleted !== undefined &&
              isSameId(vault.subscriptionId, params.subscriptionId ?? ''),
          ),
          key: (vault) => vault.name,
          render: renderDeletedVault,
        }),
    }),
    armRow({
      ...base,
      id: 'Vaults_GetDeleted',
      method: 'GET',
      path: DELETED_VAULT,
      access: { kind: 'action', action: 'Microsoft.KeyVault/locations/deletedVaults/read' },
      audit: 'VaultGetDeleted',
      params: namesOf('subscriptionId', 'location', 'vaultName'),
      errors: [resourceManagerErrors.deletedVaultNotFound],
      handle: ({ params, apiVersion }) => ({
        body: renderDeletedVault(findDeleted(management, params, apiVersion)),
      }),
    }),
    purgeRow(management),
    operationResultRow(management),
  ];
}

function purgeRow(management: Management): ArmRow {
  return armRow({
    ...base,
    id: 'Vaults_PurgeDeleted',
    method: 'POST',
    path: `${DELETED_VAULT}/purge`,
    access: { kind: 'action', action: 'Microsoft.KeyVault/locations/deletedVaults/purge/action' },
    audit: 'VaultPurge',
    success: 202,
    params: namesOf('subscriptionId', 'location', 'vaultName'),
    errors: [resourceManagerErrors.deletedVaultNotFound, resourceManagerErrors.purgeNotAllowed],
    handle: async ({ params, apiVersion, request }) => {
      const vault = findDeleted(management, params, apiVersion);
      if (vault.enablePurgeProtection) throw new ApiError(resourceManagerErrors.purgeNotAllowed);
      await purgeVault(management, vault);
      const id = sealOperationResult(management, params.subscriptionId ?? '');
      const provider = `/subscriptions/${params.subscriptionId}/providers/Microsoft.KeyVault`;
      const place = `${provider}/locations/${normalizeLocation(vault.location)}/operationResults`;
      return {
        headers: {
          Location: `${request.origin}${place}/${id}?api-version=${apiVersion}`,
          'Retry-After': PURGE_RETRY_S,
        },
      };
    },
  });
}

function operationResultRow(management: Management): ArmRow {
  return armRow({
    ...base,
    id: 'Vaults_GetPurgeResult',
    method: 'GET',
    path: `${PROVIDER}/locations/{location}/operationResults/{operationId}`,
    access: { kind: 'action', action: 'Microsoft.KeyVault/locations/operationResults/read' },
    audit: 'VaultPurgeResultGet',
    params: namesOf('subscriptionId', 'location', 'operationId'),
    errors: [resourceManagerErrors.notFound],
    handle: ({ params }) => {
      const { subscriptionId = '', operationId = '' } = params;
      const atMs = openOperationResult(management, subscriptionId, operationId);
      const at = new Date(atMs)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d{3}Z$/, 'Z');
      return { body: { createdDateTime: at, lastActionDateTime: at, status: 'Succeeded' } };
    },
  });
}

function findDeleted(management: Management, params: PathParams, apiVersion: string): Vault {
  const { subscriptionId = '', location = '', vaultName = '' } = params;
  const vault = management.resources.vault(vaultName);
  const found =
    vault?.deleted !== undefined &&
    isSameId(vault.subscriptionId, subscriptionId) &&
    normalizeLocation(vault.location) === normalizeLocation(location);
  if (found) return vault;
  if (!isVersionSince(apiVersion, OWN_NOT_FOUND_SINCE)) {
    throw new ApiError(resourceManagerErrors.notFound);
  }
  throw new ApiError(resourceManagerErrors.deletedVaultNotFound, { name: vaultName });
}

function renderDeletedVault(vault: Vault): unknown {
  const { subscriptionId, name, location, tags, deleted } = vault;
  const place = `locations/${normalizeLocation(location)}/deletedVaults/${name}`;
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/${place}`,
    name,
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: vaultResourceId(vault),
      location,
      tags,
      deletionDate: seconds(deleted?.deletedAtMs ?? 0),
      scheduledPurgeDate: seconds(deleted?.scheduledPurgeAtMs ?? 0),
      purgeProtectionEnabled: vault.enablePurgeProtection,
    },
  };
}

function seconds(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
