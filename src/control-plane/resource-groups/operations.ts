// Resource groups: create or update, read, check, change tags, delete, list.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation, z } from '#kernel';
import { isSameId, type ResourceGroup, resourceGroupResourceId } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { type FilterClause, invalidFilter, parseFilter } from '../filter.ts';
import { changeOf, namesOf } from '../handling.ts';
import { renderList } from '../list.ts';
import { isLocation } from '../location.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { openOperationResult, sealOperationResult } from '../operation-result.ts';
import { parseTags, tagsSchema } from '../tags.ts';
import {
  changeResourceGroup,
  groupNotFound,
  putResourceGroup,
  removeResourceGroup,
} from './resource-group.ts';

const GROUP = '/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}';
const ACTION = 'Microsoft.Resources/subscriptions/resourceGroups';
const READ = { kind: 'action', action: `${ACTION}/read` } as const;
const WRITE = { kind: 'action', action: `${ACTION}/write` } as const;
const DELETION_RETRY_S = '15';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.resources, success: 200, errors: [] };
const names = namesOf('subscriptionId', 'resourceGroupName');

const putSchema = z.looseObject({
  location: z.string(),
  tags: tagsSchema,
  managedBy: z.string().max(1024).nullish(),
});
const patchSchema = z.looseObject({ tags: tagsSchema, managedBy: z.string().max(1024).nullish() });

export function resourceGroupRows(management: Management): readonly ArmRow[] {
  return [...readRows(management), ...writeRows(management), ...deleteRows(management)];
}

function findGroup({ resources }: Management, params: PathParams): ResourceGroup {
  const { subscriptionId = '', resourceGroupName = '' } = params;
  const group = resources.resourceGroup(subscriptionId, resourceGroupName);
  if (group === undefined) throw groupNotFound(resourceGroupName);
  return group;
}

function readRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'ResourceGroups_Get',
      method: 'GET',
      path: GROUP,
      access: READ,
      audit: 'ResourceGroupGet',
      params: names,
      errors: [resourceManagerErrors.resourceGroupNotFound],
      handle: ({ params }) => ({ body: renderGroup(findGroup(management, params)) }),
    }),
    armRow({
      ...base,
      id: 'ResourceGroups_CheckExistence',
      method: 'HEAD',
      path: GROUP,
      access: READ,
      audit: 'ResourceGroupGet',
      success: 204,
      params: names,
      handle: ({ params }) => {
        findGroup(management, params);
        return {};
      },
    }),
    armRow({
      ...base,
      id: 'ResourceGroups_List',
      method: 'GET',
      path: '/subscriptions/{subscriptionId}/resourcegroups',
      access: { kind: 'authenticated' },
      audit: 'ResourceGroupList',
      params: namesOf('subscriptionId'),
      handle: (call) => {
        const matches = tagFilter(call.request.query.$filter);
        const { subscriptionId = '' } = call.params;
        return renderList({
          request: call.request,
          items: [...management.resources.resourceGroups()].filter((group) =>
            isSameId(group.subscriptionId, subscriptionId),
          ),
          key: (group) => group.name,
          render: renderGroup,
          visible: (group) =>
            matches(group) && management.allows(call, { action: READ.action, scope: idOf(group) }),
        });
      },
    }),
  ];
}

function writeRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'ResourceGroups_CreateOrUpdate',
      method: 'PUT',
      path: GROUP,
      access: WRITE,
      audit: 'ResourceGroupPut',
      params: names,
      body: putSchema,
      errors: [
        resourceManagerErrors.resourceGroupNameInvalid,
        resourceManagerErrors.resourceGroupLocation,
      ],
      handle: async (call) => {
        const { subscriptionId = '', resourceGroupName = '' } = call.params;
        const { location, tags, managedBy } = call.body;
        if (!isLocation(location)) throw new ApiError(resourceManagerErrors.locationRequired);
        const { created, group } = await putResourceGroup(management.storage.view(call.grant), {
          subscriptionId,
          name: resourceGroupName,
          location,
          tags: parseTags(tags),
          ...(managedBy != null && { managedBy }),
        });
        return { status: created ? 201 : 200, body: renderGroup(group) };
      },
    }),
    armRow({
      ...base,
      id: 'ResourceGroups_Update',
      method: 'PATCH',
      path: GROUP,
      access: WRITE,
      audit: 'ResourceGroupPatch',
      params: names,
      body: patchSchema,
      errors: [resourceManagerErrors.resourceGroupNotFound],
      handle: async (call) => {
        const { subscriptionId = '', resourceGroupName: name = '' } = call.params;
        const { tags, managedBy } = call.body;
        const view = management.storage.view(call.grant);
        const group = await changeResourceGroup(view, { subscriptionId, name }, (before) => ({
          ...before,
          ...(tags != null && { tags: parseTags(tags) }),
          ...(managedBy != null && { managedBy }),
        }));
        return { body: renderGroup(group) };
      },
    }),
  ];
}

function deleteRows(management: Management): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'ResourceGroups_Delete',
      method: 'DELETE',
      path: GROUP,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'ResourceGroupDelete',
      success: 202,
      params: names,
      errors: [resourceManagerErrors.resourceGroupNotFound],
      handle: async (call) => {
        const group = findGroup(management, call.params);
        const { storage, resources } = management;
        const change = changeOf(management, call);
        await removeResourceGroup({ view: storage.view(call.grant), resources, change }, group);
        const { subscriptionId } = group;
        const id = sealOperationResult(management, subscriptionId);
        const place = `${call.request.origin}/subscriptions/${subscriptionId}/operationresults`;
        return {
          headers: {
            Location: `${place}/${id}?api-version=${call.apiVersion}`,
            'Retry-After': DELETION_RETRY_S,
          },
        };
      },
    }),
    armRow({
      ...base,
      id: 'ResourceGroups_GetDeletionResult',
      method: 'GET',
      path: '/subscriptions/{subscriptionId}/operationresults/{operationId}',
      // The id is sealed and tells only that something is over.
      access: { kind: 'authenticated' },
      audit: 'OperationResultGet',
      params: namesOf('subscriptionId', 'operationId'),
      errors: [resourceManagerErrors.notFound],
      handle: ({ params }) => {
        openOperationResult(management, params.subscriptionId ?? '', params.operationId ?? '');
        return {};
      },
    }),
  ];
}

function idOf(group: ResourceGroup): string {
  return resourceGroupResourceId(group.subscriptionId, group.name);
}

export function renderGroup(group: ResourceGroup): unknown {
  return {
    id: idOf(group),
    name: group.name,
    type: 'Microsoft.Resources/resourceGroups',
    location: group.location,
    managedBy: group.managedBy,
    tags: group.tags,
    properties: { provisioningState: 'Succeeded' },
  };
}

/** `tagname eq 'a'`, alone or with `tagvalue eq 'b'`. */
function tagFilter(filter: string | undefined): (group: ResourceGroup) => boolean {
  const clauses = parseFilter(filter);
  if (clauses.length === 0) return () => true;
  const name = equalsValue(clauses, 'tagname');
  const value = equalsValue(clauses, 'tagvalue');
  const understood = Number(name !== undefined) + Number(value !== undefined);
  if (name === undefined || understood !== clauses.length) throw invalidFilter(filter ?? '');
  return ({ tags }) =>
    Object.entries(tags).some(
      ([key, text]) =>
        key.toLowerCase() === name.toLowerCase() && (value === undefined || text === value),
    );
}

function equalsValue(clauses: readonly FilterClause[], name: string): string | undefined {
  const clause = clauses.find((one) => one.kind === 'equals' && one.name === name);
  return clause?.kind === 'equals' ? clause.value : undefined;
}
