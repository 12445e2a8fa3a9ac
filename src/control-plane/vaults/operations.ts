// `Microsoft.KeyVault/vaults`: the rows that Azure documents, by name and in lists.
import { usesRoles } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, type Result, type z } from '#kernel';
import { isSameId, type Vault, vaultResourceId } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { findVault, type VaultAddress } from '../containers.ts';
import { type ArmCall, changeOf, namesOf } from '../handling.ts';
import { isLocation, normalizeLocation } from '../location.ts';
import { callerOf, givingAnyRole, type Management, type ManagementTarget } from '../management.ts';
import { listReadable } from '../resource-list.ts';
import { changeAccessPolicies, type PolicyChange, parseAccessPolicies } from './access-policies.ts';
import { createVault, touch, updateVault, type VaultChanges } from './vault.ts';
import { changeVault, removeVault, restoreVault, saveVault } from './vault-store.ts';
import {
  changeAccessPoliciesSchema,
  isRecovery,
  parseVaultChanges,
  patchVaultSchema,
  putVaultSchema,
  renderAccessPolicies,
  renderVault,
} from './wire.ts';

const GROUP = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}';
const VAULTS = `${GROUP}/providers/Microsoft.KeyVault/vaults`;
const VAULT = `${VAULTS}/{vaultName}`;
const READ = { kind: 'action', action: 'Microsoft.KeyVault/vaults/read' } as const;
const WRITE = { kind: 'action', action: 'Microsoft.KeyVault/vaults/write' } as const;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;

const base: RowBase = { versions: armVersions.keyVault, success: 200, errors: [] };

export function vaultRows(management: Management): readonly ArmRow[] {
  return [
    ...singleRows(management),
    ...changeRows(management),
    ...listRows(management),
    accessPoliciesRow(management),
  ];
}

function addressOf(params: PathParams): VaultAddress {
  return {
    subscriptionId: params.subscriptionId ?? '',
    resourceGroup: params.resourceGroupName ?? '',
    name: params.vaultName ?? '',
  };
}

function singleRows(management: Management): readonly ArmRow[] {
  const { vaultSuffix } = management.endpoints;
  return [
    armRow({
      ...base,
      id: 'Vaults_CreateOrUpdate',
      method: 'PUT',
      path: VAULT,
      access: WRITE,
      audit: 'VaultPut',
      params: namesOf('subscriptionId', 'resourceGroupName', 'vaultName'),
      body: putVaultSchema,
      errors: [
        resourceManagerErrors.vaultNameInvalid,
        resourceManagerErrors.vaultAlreadyExists,
        resourceManagerErrors.vaultSoftDeleted,
        resourceManagerErrors.resourceLocation,
        resourceManagerErrors.permissionModel,
      ],
      handle: (call) => putVault(management, call),
    }),
    armRow({
      ...base,
      id: 'Vaults_Get',
      method: 'GET',
      path: VAULT,
      access: READ,
      audit: 'VaultGet',
      params: namesOf('subscriptionId', 'resourceGroupName', 'vaultName'),
      errors: [resourceManagerErrors.resourceNotFound],
      handle: ({ params }) => ({
        body: renderVault(findVault(management, addressOf(params)), { vaultSuffix }),
      }),
    }),
  ];
}

function changeRows(management: Management): readonly ArmRow[] {
  const { vaultSuffix } = management.endpoints;
  return [
    armRow({
      ...base,
      id: 'Vaults_Update',
      method: 'PATCH',
      path: VAULT,
      access: WRITE,
      audit: 'VaultPatch',
      params: namesOf('subscriptionId', 'resourceGroupName', 'vaultName'),
      body: patchVaultSchema,
      errors: [resourceManagerErrors.resourceNotFound, resourceManagerErrors.permissionModel],
      handle: async (call) => {
        const { tenantId } = management;
        const changes = parseVaultChanges({
          tags: call.body?.tags,
          properties: call.body?.properties ?? {},
          tenantId,
        });
        const change = changeOf(management, call);
        const view = management.storage.view(call.grant);
        const vault = await changeVault(view, addressOf(call.params), (before) => {
          requireModelRight(management, call, { before, changes });
          return updateVault(before, changes, change);
        });
        return { body: renderVault(vault, { vaultSuffix }) };
      },
    }),
    armRow({
      ...base,
      id: 'Vaults_Delete',
      method: 'DELETE',
      path: VAULT,
      access: { kind: 'action', action: 'Microsoft.KeyVault/vaults/delete' },
      audit: 'VaultDelete',
      params: namesOf('subscriptionId', 'resourceGroupName', 'vaultName'),
      handle: async (call) => {
        const view = management.storage.view(call.grant);
        const change = changeOf(management, call);
        const input = { view, resources: management.resources, change };
        return { status: (await removeVault(input, addressOf(call.params))) ? 200 : 204 };
      },
    }),
  ];
}

async function putVault(
  management: Management,
  call: ArmCall<z.infer<typeof putVaultSchema>>,
): Promise<Result> {
  const { tenantId } = management;
  const { vaultSuffix } = management.endpoints;
  const { location, tags, properties } = call.body;
  const address = addressOf(call.params);
  const change = changeOf(management, call);
  const view = management.storage.view(call.grant);
  if (isRecovery(properties)) {
    return { body: renderVault(await restoreVault(view, address, change), { vaultSuffix }) };
  }
  if (!isLocation(location)) throw new ApiError(resourceManagerErrors.locationRequired);
  const changes = { tags: {}, ...definedOnly(parseVaultChanges({ tags, properties, tenantId })) };
  let created = false;
  const vault = await saveVault(view, address, (before) => {
    created = before === undefined;
    if (before === undefined) {
      const { apiVersion } = call;
      return createVault({ ...address, location, tenantId, apiVersion, changes, change });
    }
    if (normalizeLocation(before.location) !== normalizeLocation(location)) {
      const args = { name: before.name, existing: before.location, location };
      const group = before.resourceGroup;
      throw new ApiError(resourceManagerErrors.resourceLocation, { ...args, group });
    }
    requireModelRight(management, call, { before, changes });
    return updateVault(before, changes, change);
  });
  return { body: renderVault(vault, { vaultSuffix, created }) };
}

/**
 * The permission model says who may open the vault's objects. Whoever may only write the vault
 * would let himself in by turning roles off, so that asks for the right to assign roles there.
 */
function requireModelRight(
  management: Management,
  call: ArmCall,
  { before, changes }: { readonly before: Vault; readonly changes: VaultChanges },
): void {
  const { enableRbacAuthorization: wanted = usesRoles(before) } = changes;
  if (wanted === usesRoles(before)) return;
  const question = givingAnyRole(vaultResourceId(before));
  const decision = management.decide(call, question);
  if (decision.allowed) return;
  const args = { objectId: callerOf(call).objectId, resource: question.scope };
  const { reason } = decision;
  throw new ApiError(resourceManagerErrors.permissionModel, args, { reason });
}

function definedOnly<T extends object>(value: T): Partial<T> {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const defined: Partial<T> = {};
  return Object.assign(defined, Object.fromEntries(entries));
}

function accessPoliciesRow(management: Management): ArmRow {
  return armRow({
    ...base,
    id: 'Vaults_UpdateAccessPolicy',
    method: 'PUT',
    path: `${VAULT}/accessPolicies/{operationKind}`,
    access: { kind: 'action', action: 'Microsoft.KeyVault/vaults/accessPolicies/write' },
    audit: 'VaultAccessPolicyChangedEventGridNotification',
    params: namesOf('subscriptionId', 'resourceGroupName', 'vaultName', 'operationKind'),
    body: changeAccessPoliciesSchema,
    errors: [resourceManagerErrors.resourceNotFound],
    handle: async (call) => {
      const kind = parsePolicyChange(call.params.operationKind ?? '');
      const entries = call.body.properties.accessPolicies;
      const change = changeOf(management, call);
      const view = management.storage.view(call.grant);
      const vault = await changeVault(view, addressOf(call.params), (before) => {
        const parsed = parseAccessPolicies(entries, before.tenantId);
        const accessPolicies = changeAccessPolicies(before.accessPolicies, kind, parsed);
        return touch({ ...before, accessPolicies }, change);
      });
      return { body: renderAccessPolicies(vault) };
    },
  });
}

function parsePolicyChange(text: string): PolicyChange {
  const kind = text.toLowerCase();
  if (kind === 'add' || kind === 'replace' || kind === 'remove') return kind;
  throw new ApiError(resourceManagerErrors.invalidValue, { property: 'operationKind' });
}

function listRows(management: Management): readonly ArmRow[] {
  return [
    armRow(
      {
        ...base,
        id: 'Vaults_ListByResourceGroup',
        method: 'GET',
        path: VAULTS,
        access: READ,
        audit: 'VaultList',
        params: namesOf('subscriptionId', 'resourceGroupName'),
        handle: (call) => listVaults(management, call),
      },
      { decidedBy: 'handler' },
    ),
    armRow(
      {
        ...base,
        id: 'Vaults_ListBySubscription',
        method: 'GET',
        path: '/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/vaults',
        access: READ,
        audit: 'VaultList',
        params: namesOf('subscriptionId'),
        handle: (call) => listVaults(management, call),
      },
      { decidedBy: 'handler' },
    ),
  ];
}

function listVaults(management: Management, call: ArmCall): Result {
  const { subscriptionId = '', resourceGroupName } = call.params;
  const { vaultSuffix } = management.endpoints;
  return listReadable(management, call, {
    items: vaultsIn(management, subscriptionId, resourceGroupName),
    idOf: vaultResourceId,
    render: (vault) => renderVault(vault, { vaultSuffix }),
    action: READ.action,
  });
}

/** Live vaults of a subscription, or of one of its resource groups. */
export function* vaultsIn(
  { resources }: Management,
  subscriptionId: string,
  resourceGroup?: string,
): Iterable<Vault> {
  for (const vault of resources.vaults()) {
    if (vault.deleted !== undefined || !isSameId(vault.subscriptionId, subscriptionId)) continue;
    if (resourceGroup === undefined || isSameId(vault.resourceGroup, resourceGroup)) yield vault;
  }
}
