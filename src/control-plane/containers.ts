// Does what a request's scope stands in exist? Asked after the decision, so that who may see
// nothing learns nothing. Rights cannot be given in advance at a vault that someone else will
// create.
import { resourceManagerErrors } from '#errors';
import { ApiError } from '#kernel';
import {
  isSameId,
  type Place,
  parseResourceId,
  type ResourceId,
  resourceGroupResourceId,
  scopeParts,
  subscriptionResourceId,
  type Vault,
} from '#resources';
import type { ActionQuestion, ArmContext, Management } from './management.ts';

/** The subscription and resource group that `scope` lies in; throws the 404 of what is missing. */
export function checkContainers(management: Management, scope: string): void {
  const missing = missingContainer(management, scope);
  if (missing !== undefined) throw missing.error;
}

/**
 * The same where nothing has been decided yet: told to those only who may read what is missing.
 * For all others it goes on as if it were there, and ends where it ends for who has no rights.
 */
export function checkVisibleContainers(
  management: Management,
  context: ArmContext,
  scope: string,
): void {
  const missing = missingContainer(management, scope);
  if (missing !== undefined && management.allows(context, missing.read)) throw missing.error;
}

interface MissingContainer {
  readonly read: ActionQuestion;
  readonly error: ApiError;
}

function missingContainer({ resources }: Management, scope: string): MissingContainer | undefined {
  const id = parseResourceId(scope);
  if (id === undefined) throw new ApiError(resourceManagerErrors.resourceIdInvalid);
  const { subscriptionId, resourceGroup } = scopeParts(id);
  if (subscriptionId === undefined) return undefined;
  if (resources.subscription(subscriptionId) === undefined) {
    return {
      read: {
        action: 'Microsoft.Resources/subscriptions/read',
        scope: subscriptionResourceId(subscriptionId),
      },
      error: new ApiError(resourceManagerErrors.subscriptionNotFound, { id: subscriptionId }),
    };
  }
  // The group itself may be about to be made; what lies in it may not.
  if (resourceGroup === undefined || id.segments.length <= RESOURCE_GROUP_SEGMENTS) {
    return undefined;
  }
  if (resources.resourceGroup(subscriptionId, resourceGroup) !== undefined) return undefined;
  return {
    read: {
      action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
      scope: resourceGroupResourceId(subscriptionId, resourceGroup),
    },
    error: new ApiError(resourceManagerErrors.resourceGroupNotFound, { name: resourceGroup }),
  };
}

const RESOURCE_GROUP_SEGMENTS = 4;

/**
 * Throws unless `scope` is one that roles can be assigned at and that exists: `/`, a management
 * group, subscription, resource group, vault, secret, key or certificate in a vault, user-assigned
 * identity or machine.
 */
export function checkAssignableScope(management: Management, scope: string): ResourceId {
  const id = parseResourceId(scope);
  if (id === undefined) throw new ApiError(resourceManagerErrors.resourceIdInvalid);
  checkContainers(management, scope);
  const { subscriptionId, resourceGroup, managementGroup } = scopeParts(id);
  const length = id.segments.length;
  if (length === 0) return id;
  if (managementGroup !== undefined) {
    const known = management.resources.managementGroups().get(managementGroup.toLowerCase());
    if (known !== undefined && length === 4) return id;
    throw new ApiError(resourceManagerErrors.managementGroupNotFound, { name: managementGroup });
  }
  if (subscriptionId !== undefined && length === 2) return id;
  if (subscriptionId !== undefined && resourceGroup !== undefined) {
    if (length === RESOURCE_GROUP_SEGMENTS) {
      if (management.resources.resourceGroup(subscriptionId, resourceGroup)) return id;
      throw new ApiError(resourceManagerErrors.resourceGroupNotFound, { name: resourceGroup });
    }
    const place = { subscriptionId, resourceGroup, name: id.segments[7] ?? '' };
    if (isVaultOrObject(id)) {
      findVault(management, place);
      return id;
    }
    if (isIdentityOrMachine(management, id, place)) return id;
  }
  throw new ApiError(resourceManagerErrors.notFound);
}

const RESOURCE_SEGMENTS = 8;
const OBJECT = /^(secrets|keys|certificates)\/[0-9a-z-]{1,127}$/;

function isVaultOrObject({ key, segments }: ResourceId): boolean {
  const provider = segments.slice(4, 7).join('/').toLowerCase();
  if (provider !== 'providers/microsoft.keyvault/vaults') return false;
  if (segments.length === RESOURCE_SEGMENTS) return true;
  return OBJECT.test(
    key
      .split('/')
      .slice(RESOURCE_SEGMENTS + 1)
      .join('/'),
  );
}

function isIdentityOrMachine({ resources }: Management, id: ResourceId, place: Place): boolean {
  if (id.segments.length !== RESOURCE_SEGMENTS) return false;
  const provider = id.segments.slice(4, 7).join('/').toLowerCase();
  if (provider === 'providers/microsoft.managedidentity/userassignedidentities') {
    return resources.identity(place) !== undefined;
  }
  return (
    provider === 'providers/microsoft.hybridcompute/machines' &&
    resources.machine(place) !== undefined
  );
}

export interface VaultAddress {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** The live vault at that address; throws ResourceNotFound, also if it lives in another group. */
export function findVault({ resources }: Management, address: VaultAddress): Vault {
  const vault = resources.liveVault(address.name);
  if (vault !== undefined && isAt(vault, address)) return vault;
  throw vaultNotFound(address);
}

export function isAt(vault: Vault, { subscriptionId, resourceGroup }: VaultAddress): boolean {
  return (
    isSameId(vault.subscriptionId, subscriptionId) && isSameId(vault.resourceGroup, resourceGroup)
  );
}

export function vaultNotFound({ name, resourceGroup }: VaultAddress): ApiError {
  const args = { type: 'Microsoft.KeyVault/vaults', name, group: resourceGroup };
  return new ApiError(resourceManagerErrors.resourceNotFound, args);
}
