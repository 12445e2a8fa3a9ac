// The first start: one subscription, the tenant's root management group, and Owner at `/` for those
// who set up everything else.
import { type Clock, isGuid, newGuid } from '#kernel';
import type { View } from '#storage';
import { builtInRoleNames } from './built-in-roles.ts';
import { resourcePath } from './paths.ts';
import type { ManagementGroup, RoleAssignment, Subscription } from './records.ts';
import { putRoleAssignment } from './role-assignment-store.ts';

export interface SubscriptionInput {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly displayName: string;
  /** Become Owner at `/`. */
  readonly owners: readonly { readonly principalId: string; readonly principalType: string }[];
  readonly clock: Clock;
}

/** All of it or nothing, in one commit. Throws if the subscription exists already. */
export async function bootstrapSubscription(view: View, input: SubscriptionInput): Promise<void> {
  const { subscriptionId, tenantId, displayName } = input;
  if (!isGuid(subscriptionId)) throw new Error('a subscription id is a GUID');
  const now = new Date(input.clock.now()).toISOString();
  await view.transact(async (transaction) => {
    const path = resourcePath('subscription', subscriptionId);
    if ((await transaction.get(path)) !== undefined) throw new Error('the subscription exists');
    transaction.put<Subscription>(path, { subscriptionId, tenantId, displayName });
    transaction.put<ManagementGroup>(resourcePath('managementGroup', tenantId), {
      name: tenantId,
      displayName: 'Tenant Root Group',
      updatedOn: now,
      updatedBy: tenantId,
    });
    for (const owner of input.owners) {
      const assignment: RoleAssignment = {
        name: newGuid(),
        scope: '/',
        roleDefinitionName: builtInRoleNames.owner,
        principalId: owner.principalId,
        principalType: owner.principalType,
        createdOn: now,
        updatedOn: now,
        createdBy: owner.principalId,
        updatedBy: owner.principalId,
      };
      await putRoleAssignment(transaction, assignment);
    }
  });
}
