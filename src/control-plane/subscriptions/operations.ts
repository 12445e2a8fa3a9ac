// Tenants and subscriptions: what every client asks for right after signing in, and the resources
// of a subscription, by which clients find a vault whose group they do not know.
import { lapseOf } from '#authorization';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { type Subscription, subscriptionResourceId } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { namesOf } from '../handling.ts';
import { renderList } from '../list.ts';
import { knownLocations } from '../location.ts';
import type { ArmContext, Management, ManagementTarget } from '../management.ts';
import { listSummaries } from './resource-summaries.ts';

const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const READ_ACTION = 'Microsoft.Resources/subscriptions/read';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.resources, success: 200, errors: [] };

export function subscriptionRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Tenants_List',
      method: 'GET',
      path: '/tenants',
      access: { kind: 'authenticated' },
      audit: 'TenantList',
      handle: () => ({ body: { value: [renderTenant(management)] } }),
    }),
    armRow({
      ...base,
      id: 'Subscriptions_List',
      method: 'GET',
      path: '/subscriptions',
      access: { kind: 'authenticated' },
      audit: 'SubscriptionList',
      handle: (call) =>
        renderList({
          request: call.request,
          items: management.resources.subscriptions(),
          key: ({ subscriptionId }) => subscriptionId,
          render: renderSubscription,
          visible: ({ subscriptionId }) => maySee(management, call, subscriptionId),
        }),
    }),
    armRow(
      {
        ...base,
        id: 'Subscriptions_Get',
        method: 'GET',
        path: SUBSCRIPTION,
        access: { kind: 'action', action: READ_ACTION },
        audit: 'SubscriptionGet',
        params: namesOf('subscriptionId'),
        errors: [resourceManagerErrors.subscriptionNotFound],
        handle: (call) => {
          const { subscriptionId: id = '' } = call.params;
          if (!maySee(management, call, id)) {
            management.require(call, { action: READ_ACTION, scope: subscriptionResourceId(id) });
          }
          const subscription = management.resources.subscription(id);
          if (subscription === undefined) {
            throw new ApiError(resourceManagerErrors.subscriptionNotFound, { id });
          }
          return { body: renderSubscription(subscription) };
        },
      },
      { decidedBy: 'handler' },
    ),
    armRow({
      ...base,
      id: 'Subscriptions_ListLocations',
      method: 'GET',
      path: `${SUBSCRIPTION}/locations`,
      access: { kind: 'authenticated' },
      audit: 'SubscriptionListLocations',
      params: namesOf('subscriptionId'),
      handle: ({ params }) => ({ body: { value: renderLocations(params.subscriptionId ?? '') } }),
    }),
    ...resourceListRows(management),
  ];
}

function resourceListRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Resources_List',
      method: 'GET',
      path: `${SUBSCRIPTION}/resources`,
      access: { kind: 'authenticated' },
      audit: 'ResourceList',
      params: namesOf('subscriptionId'),
      handle: (call) => listSummaries(management, call),
    }),
    armRow({
      ...base,
      id: 'Resources_ListByResourceGroup',
      method: 'GET',
      path: `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}/resources`,
      access: { kind: 'authenticated' },
      audit: 'ResourceList',
      params: namesOf('subscriptionId', 'resourceGroupName'),
      handle: (call) => listSummaries(management, call),
    }),
  ];
}

/** Azure shows a subscription to whoever holds any role in it, however far below. */
function maySee(management: Management, call: ArmContext, subscriptionId: string): boolean {
  const scope = subscriptionResourceId(subscriptionId);
  if (management.allows(call, { action: READ_ACTION, scope })) return true;
  const prefix = `${scope}/`.toLowerCase();
  const objectId = call.principal?.objectId ?? '';
  const groups = management.directory.memberOf(objectId);
  const nowMs = management.clock.now();
  const ids = new Set([objectId.toLowerCase(), ...groups]);
  for (const assignment of management.resources.assignmentIndex().of(ids)) {
    if (lapseOf(assignment, groups, nowMs) !== undefined) continue;
    if (assignment.scope.toLowerCase().startsWith(prefix)) return true;
  }
  return false;
}

function renderTenant({ directory, tenantId }: Management): unknown {
  const { displayName, domains } = directory.tenant;
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    countryCode: null,
    displayName,
    domains,
    defaultDomain: domains[0],
    tenantCategory: 'Home',
    tenantType: 'AAD',
  };
}

function renderSubscription({ subscriptionId, tenantId, displayName }: Subscription): unknown {
  return {
    id: subscriptionResourceId(subscriptionId),
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId,
    tenantId,
    displayName,
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
  };
}

function renderLocations(subscriptionId: string): unknown {
  return knownLocations.map(({ name, displayName }) => ({
    id: `${subscriptionResourceId(subscriptionId)}/locations/${name}`,
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: displayName,
    metadata: { regionType: 'Physical', regionCategory: 'Other' },
  }));
}
