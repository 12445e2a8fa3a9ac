// Service principals: an application's identity in this tenant, the thing that roles are given to.
// Managed identities are service principals without an application. Writes only.

import { graphErrors } from '#errors';
import { ApiError, type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import { release } from './claims.ts';
import { requireOtherAdministrator } from './last-administrator.ts';
import { graphTime, update } from './object-store.ts';
import { type Claim, claimPath, recordPath } from './paths.ts';
import type { ServicePrincipal } from './records.ts';

export interface ServicePrincipalInput {
  readonly appId: string;
  readonly displayName: string;
  readonly accountEnabled?: boolean;
  readonly appRoleAssignmentRequired?: boolean;
  readonly tags?: readonly string[];
  readonly owners?: readonly string[];
  /** Set: a managed identity of this ARM resource. */
  readonly managedIdentityResourceId?: string;
}

/** That the application exists is for the caller to see to. One service principal per `appId`. */
export function createServicePrincipal(
  view: View,
  input: ServicePrincipalInput,
  clock: Clock,
): Promise<ServicePrincipal> {
  const { managedIdentityResourceId } = input;
  const principal: ServicePrincipal = {
    id: newGuid(),
    accountEnabled: true,
    createdDateTime: graphTime(clock),
    servicePrincipalType:
      managedIdentityResourceId === undefined ? 'Application' : 'ManagedIdentity',
    tags: [],
    owners: [],
    ...input,
  };
  return view.transact(async (transaction) => {
    const path = claimPath('servicePrincipalAppId', input.appId);
    if ((await transaction.get<Claim>(path)) !== undefined) {
      throw new ApiError(graphErrors.servicePrincipalExists, { appId: input.appId });
    }
    const record: Claim = { ownerId: principal.id };
    transaction.put(path, record);
    transaction.put(recordPath('servicePrincipal', principal.id), principal);
    return principal;
  });
}

/** Throws for the last who administers the tenant. */
export function updateServicePrincipal(
  view: View,
  id: string,
  changes: Partial<
    Pick<
      ServicePrincipal,
      'accountEnabled' | 'displayName' | 'tags' | 'owners' | 'appRoleAssignmentRequired'
    >
  >,
): Promise<ServicePrincipal> {
  const target = { kind: 'servicePrincipal', id } as const;
  return update<ServicePrincipal>(view, target, async (before, transaction) => {
    if (changes.accountEnabled === false) await requireOtherAdministrator(transaction, before.id);
    return { ...before, ...changes };
  });
}

/**
 * Soft-deletes; every token of the principal is refused from the next request on. Throws for the
 * last who administers the tenant.
 */
export async function deleteServicePrincipal(view: View, id: string, clock: Clock): Promise<void> {
  await update<ServicePrincipal>(
    view,
    { kind: 'servicePrincipal', id },
    async (before, transaction) => {
      await requireOtherAdministrator(transaction, before.id);
      await release(transaction, {
        property: 'servicePrincipalAppId',
        value: before.appId,
        ownerId: before.id,
      });
      return { ...before, deletedDateTime: graphTime(clock) };
    },
  );
}
