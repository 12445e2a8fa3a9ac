// `Microsoft.Management/managementGroups`: create, read, change, delete, list, and the
// subscriptions below a group.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, type Result, z } from '#kernel';
import {
  isSameId,
  type ManagementGroup,
  managementGroupResourceId,
  subscriptionResourceId,
} from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { type ArmCall, namesOf } from '../handling.ts';
import { renderList } from '../list.ts';
import { callerOf, givingAnyRole, type Management, type ManagementTarget } from '../management.ts';
import {
  deleteManagementGroup,
  groupNotFound,
  isManagementGroupName,
  moveSubscription,
  parentId,
  parseManagementGroupId,
  putManagementGroup,
  refuseTooMany,
} from './management-group.ts';

const LIST = '/providers/Microsoft.Management/managementGroups';
const ONE = `${LIST}/{groupId}`;
const ACTION = 'Microsoft.Management/managementGroups';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.management, success: 200, errors: [] };
const names = namesOf('groupId');

const groupSchema = z.looseObject({
  properties: z
    .looseObject({
      displayName: z.string().max(128).nullish(),
      details: z.looseObject({ parent: z.looseObject({ id: z.string() }).nullish() }).nullish(),
    })
    .nullish(),
  displayName: z.string().max(128).nullish(),
  parentGroupId: z.string().nullish(),
});

export function managementGroupRows(management: Management): readonly ArmRow[] {
  return [...readRows(management), ...writeRows(management), ...subscriptionRows(management)];
}

function readRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'ManagementGroups_List',
      method: 'GET',
      path: LIST,
      access: { kind: 'authenticated' },
      audit: 'ManagementGroupList',
      handle: (call) =>
        renderList({
          request: call.request,
          items: management.resources.managementGroups().values(),
          key: ({ name }) => name,
          render: (group) => renderGroup(management, group),
          visible: ({ name }) =>
            management.allows(call, {
              action: `${ACTION}/read`,
              scope: managementGroupResourceId(name),
            }),
        }),
    }),
    armRow({
      ...base,
      id: 'ManagementGroups_Get',
      method: 'GET',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/read` },
      audit: 'ManagementGroupGet',
      params: names,
      errors: [resourceManagerErrors.managementGroupNotFound],
      handle: ({ params, request }) => {
        const group = findGroup(management, params.groupId ?? '');
        const children =
          request.query.$expand === undefined ? undefined : childrenOf(management, group.name);
        return { body: renderGroup(management, group, children) };
      },
    }),
  ];
}

function findGroup({ resources }: Management, name: string): ManagementGroup {
  const group = resources.managementGroups().get(name.toLowerCase());
  if (group === undefined) throw groupNotFound(name);
  return group;
}

function writeRows(management: Management): readonly ArmRow[] {
  const errors = [resourceManagerErrors.managementGroupNotFound, resourceManagerErrors.badRequest];
  return [
    armRow({
      ...base,
      id: 'ManagementGroups_CreateOrUpdate',
      method: 'PUT',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'ManagementGroupPut',
      params: names,
      body: groupSchema.optional(),
      errors,
      handle: (call) => putGroup(management, call),
    }),
    armRow({
      ...base,
      id: 'ManagementGroups_Update',
      method: 'PATCH',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/write` },
      audit: 'ManagementGroupPatch',
      params: names,
      body: groupSchema,
      errors,
      handle: (call) => {
        findGroup(management, call.params.groupId ?? '');
        return putGroup(management, call);
      },
    }),
    armRow({
      ...base,
      id: 'ManagementGroups_Delete',
      method: 'DELETE',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'ManagementGroupDelete',
      params: names,
      errors: [resourceManagerErrors.badRequest],
      handle: async (call) => {
        const { resources, storage, tenantId } = management;
        const name = call.params.groupId ?? '';
        if (resources.managementGroups().get(name.toLowerCase()) === undefined) {
          return { status: 204 };
        }
        if (isSameId(name, tenantId)) throw rootStays();
        await storage
          .view(call.grant)
          .transact((transaction) => deleteManagementGroup(transaction, resources, name));
        return {};
      },
    }),
  ];
}

/** A group under another parent inherits other rights: that asks for `write` there, too. */
async function putGroup(
  management: Management,
  call: ArmCall<z.infer<typeof groupSchema> | undefined>,
): Promise<Result> {
  const { resources, storage, tenantId } = management;
  const name = call.params.groupId ?? '';
  if (!isManagementGroupName(name)) {
    throw new ApiError(resourceManagerErrors.invalidValue, { property: 'groupId' });
  }
  const before = resources.managementGroups().get(name.toLowerCase());
  if (before === undefined) refuseTooMany(resources);
  const asked = call.body?.properties?.details?.parent?.id ?? call.body?.parentGroupId;
  const isRoot = isSameId(name, tenantId);
  if (isRoot && asked != null) throw rootStays();
  const parent =
    asked == null
      ? (before?.parent ?? (isRoot ? undefined : tenantId))
      : parseManagementGroupId(asked);
  if (parent !== undefined && !(before?.parent !== undefined && isSameId(parent, before.parent))) {
    const scope = managementGroupResourceId(parent);
    management.require(call, { action: `${ACTION}/write`, scope });
    if (before !== undefined) requireMove(management, call, before);
  }
  const displayName = call.body?.properties?.displayName ?? call.body?.displayName;
  const group: ManagementGroup = {
    name: before?.name ?? name,
    displayName: displayName ?? before?.displayName ?? name,
    ...(parent !== undefined && { parent }),
    updatedOn: new Date(management.clock.now()).toISOString(),
    updatedBy: callerOf(call).objectId,
  };
  await storage
    .view(call.grant)
    .transact((transaction) => putManagementGroup(transaction, resources, group));
  return { body: renderGroup(management, group) };
}

/**
 * Who has rights above the new parent gets them in the group and all below it: moving it is giving
 * rights there. It also takes it out from under what is denied above the old parent.
 */
function requireMove(
  management: Management,
  call: ArmCall,
  { name, parent }: ManagementGroup,
): void {
  const scope = managementGroupResourceId(name);
  management.require(call, givingAnyRole(scope));
  if (parent === undefined || isSameId(parent, management.tenantId)) return;
  management.require(call, { action: `${ACTION}/write`, scope: managementGroupResourceId(parent) });
}

function subscriptionRows(management: Management): readonly ArmRow[] {
  const path = `${ONE}/subscriptions/{subscriptionId}`;
  const rowNames = namesOf('groupId', 'subscriptionId');
  return [
    armRow({
      ...base,
      id: 'ManagementGroupSubscriptions_Create',
      method: 'PUT',
      path,
      access: { kind: 'action', action: `${ACTION}/subscriptions/write` },
      audit: 'ManagementGroupSubscriptionPut',
      params: rowNames,
      errors: [
        resourceManagerErrors.subscriptionNotFound,
        resourceManagerErrors.managementGroupNotFound,
      ],
      handle: async (call) => {
        const { groupId = '', subscriptionId = '' } = call.params;
        const { name } = findGroup(management, groupId);
        requireAtSubscription(management, call, subscriptionId);
        const below = isSameId(name, management.tenantId) ? undefined : name;
        await management.storage
          .view(call.grant)
          .transact((transaction) => moveSubscription(transaction, subscriptionId, below));
        return { body: renderMembership(management, name, subscriptionId) };
      },
    }),
    armRow({
      ...base,
      id: 'ManagementGroupSubscriptions_Delete',
      method: 'DELETE',
      path,
      access: { kind: 'action', action: `${ACTION}/subscriptions/delete` },
      audit: 'ManagementGroupSubscriptionDelete',
      params: rowNames,
      handle: async (call) => {
        const { groupId = '', subscriptionId = '' } = call.params;
        const held = management.resources.subscription(subscriptionId)?.managementGroup;
        if (held === undefined || !isSameId(held, groupId)) return { status: 204 };
        requireAtSubscription(management, call, subscriptionId);
        await management.storage
          .view(call.grant)
          .transact((transaction) => moveSubscription(transaction, subscriptionId, undefined));
        return {};
      },
    }),
  ];
}

/** Azure asks for Owner of the subscription: the right to decide who has rights in it. */
function requireAtSubscription(
  management: Management,
  call: ArmCall,
  subscriptionId: string,
): void {
  management.require(call, givingAnyRole(subscriptionResourceId(subscriptionId)));
}

function rootStays(): ApiError {
  return new ApiError(resourceManagerErrors.badRequest, {
    detail: "The tenant's root management group cannot be moved or deleted.",
  });
}

function childrenOf({ resources }: Management, name: string): readonly unknown[] {
  const groups = [...resources.managementGroups().values()]
    .filter(({ parent }) => parent !== undefined && isSameId(parent, name))
    .map((group) => ({
      type: 'Microsoft.Management/managementGroups',
      id: managementGroupResourceId(group.name),
      name: group.name,
      displayName: group.displayName,
    }));
  const subscriptions = [...resources.subscriptions()]
    .filter(({ managementGroup = resources.tenantId }) => isSameId(managementGroup, name))
    .map(({ subscriptionId, displayName }) => ({
      type: '/subscriptions',
      id: subscriptionResourceId(subscriptionId),
      name: subscriptionId,
      displayName,
    }));
  return [...groups, ...subscriptions];
}

function renderGroup(
  { tenantId, resources }: Management,
  group: ManagementGroup,
  children?: readonly unknown[],
): unknown {
  const { name, displayName, parent, updatedOn, updatedBy } = group;
  const above =
    parent === undefined ? undefined : resources.managementGroups().get(parent.toLowerCase());
  return {
    id: managementGroupResourceId(name),
    type: 'Microsoft.Management/managementGroups',
    name,
    properties: {
      tenantId,
      displayName,
      details: {
        version: 1,
        updatedTime: updatedOn,
        updatedBy,
        ...(parent !== undefined && {
          parent: { id: parentId(group), name: parent, displayName: above?.displayName ?? parent },
        }),
      },
      ...(children && { children }),
    },
  };
}

function renderMembership(
  { tenantId, resources }: Management,
  group: string,
  subscriptionId: string,
): unknown {
  return {
    id: `${managementGroupResourceId(group)}/subscriptions/${subscriptionId}`,
    type: 'Microsoft.Management/managementGroups/subscriptions',
    name: subscriptionId,
    properties: {
      tenant: tenantId,
      displayName: resources.subscription(subscriptionId)?.displayName ?? '',
      parent: { id: managementGroupResourceId(group) },
      state: 'Active',
    },
  };
}
