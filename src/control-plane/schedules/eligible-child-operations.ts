// Where below a scope somebody may activate a role: the management groups, subscriptions, resource
// groups or vaults directly in it that he is eligible in, above or below. For the caller himself
// only, so no right is needed; who is eligible nowhere sees nothing.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, type Result } from '#kernel';
import {
  isSameId,
  isWithin,
  managementGroupResourceId,
  parseResourceId,
  type RoleSchedule,
  resourceGroupResourceId,
  scopeParts,
  subscriptionResourceId,
  vaultResourceId,
} from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { invalidFilter, parseFilter } from '../filter.ts';
import { type ArmCall, scopedNames } from '../handling.ts';
import { renderList } from '../list.ts';
import { callerOf, type Management, type ManagementTarget } from '../management.ts';
import { outerScopes } from '../role-assignments/operations.ts';
import { vaultsIn } from '../vaults/operations.ts';
import { isEffective } from './schedule.ts';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = {
  versions: armVersions.schedules,
  success: 200,
  errors: [resourceManagerErrors.invalidFilter],
};

export function eligibleChildRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...{ ...base, id: 'EligibleChildResources_Get', method: 'GET' },
      path: '/{scope}/providers/Microsoft.Authorization/eligibleChildResources',
      ...{ access: { kind: 'authenticated' }, audit: 'EligibleChildResourceList' },
      params: scopedNames(),
      handle: (call) => listChildren(management, call),
    }),
  ];
}

interface Child {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

function listChildren(management: Management, call: ArmCall): Result {
  const { scope = '/' } = call.params;
  const types = typesIn(call.request.query.$filter);
  const eligibilities = eligibilitiesOf(management, callerOf(call).objectId);
  return renderList({
    request: call.request,
    items: eligibilities.length === 0 ? [] : childrenOf(management, scope),
    key: ({ id }) => id,
    render: (child) => child,
    visible: ({ id, type }) =>
      (types.length === 0 || types.includes(type.toLowerCase())) &&
      isEligibleAround(management, id, eligibilities),
  });
}

/** `resourceType eq '…'`, several joined by `or`. */
function typesIn(filter: string | undefined): readonly string[] {
  if (filter === undefined || filter.trim() === '') return [];
  return filter.split(/\s+or\s+/i).map((text) => {
    const [clause, ...others] = parseFilter(text);
    if (clause?.kind !== 'equals' || clause.name !== 'resourcetype' || others.length > 0) {
      throw invalidFilter(filter);
    }
    return clause.value.toLowerCase();
  });
}

function eligibilitiesOf(
  { resources, directory, clock }: Management,
  objectId: string,
): readonly RoleSchedule[] {
  const ids = new Set([objectId.toLowerCase(), ...directory.memberOf(objectId)]);
  const nowMs = clock.now();
  return [...resources.roleSchedules().values()].filter(
    (schedule) =>
      schedule.kind === 'eligibility' &&
      ids.has(schedule.principalId.toLowerCase()) &&
      isEffective(schedule, nowMs),
  );
}

function isEligibleAround(
  { resources }: Management,
  id: string,
  eligibilities: readonly RoleSchedule[],
): boolean {
  const outer = new Set(outerScopes(id, resources.groupsAbove(id)));
  return eligibilities.some(({ scope }) => {
    if (outer.has(scope.toLowerCase()) || isWithin(scope, id)) return true;
    return resources
      .groupsAbove(scope)
      .some((group) => isSameId(managementGroupResourceId(group), id));
  });
}

function* childrenOf(management: Management, scope: string): Iterable<Child> {
  const { resources, tenantId } = management;
  const id = parseResourceId(scope);
  if (id === undefined) throw new ApiError(resourceManagerErrors.resourceIdInvalid);
  const { subscriptionId, resourceGroup, managementGroup } = scopeParts(id);
  if (subscriptionId === undefined) {
    yield* containersIn(management, managementGroup ?? tenantId);
  } else if (resourceGroup === undefined) {
    for (const group of resources.resourceGroups()) {
      if (!isSameId(group.subscriptionId, subscriptionId)) continue;
      const { name } = group;
      yield { id: resourceGroupResourceId(subscriptionId, name), name, type: 'resourcegroup' };
    }
  } else {
    for (const vault of vaultsIn(management, subscriptionId, resourceGroup)) {
      const type = 'Microsoft.KeyVault/vaults';
      yield { id: vaultResourceId(vault), name: vault.name, type };
    }
  }
}

function* containersIn({ resources, tenantId }: Management, parent: string): Iterable<Child> {
  for (const { name, parent: above } of resources.managementGroups().values()) {
    if (above === undefined || !isSameId(above, parent)) continue;
    yield { id: managementGroupResourceId(name), name, type: 'managementgroup' };
  }
  for (const { subscriptionId, displayName, managementGroup } of resources.subscriptions()) {
    if (!isSameId(managementGroup ?? tenantId, parent)) continue;
    yield { id: subscriptionResourceId(subscriptionId), name: displayName, type: 'subscription' };
  }
}
