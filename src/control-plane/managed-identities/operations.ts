// `Microsoft.ManagedIdentity/userAssignedIdentities`: the rows that Azure documents.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { identityResourceId, type Place } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { type ArmCall, namesOf } from '../handling.ts';
import { isLocation } from '../location.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { inPlace, listReadable } from '../resource-list.ts';
import { parseTags } from '../tags.ts';
import { federatedCredentialRows } from './federated-operations.ts';
import { changeIdentityTags, findIdentity, putIdentity, removeIdentity } from './identity-store.ts';
import { systemAssignedRow } from './system-assigned.ts';
import { patchIdentitySchema, putIdentitySchema, renderIdentity } from './wire.ts';

const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const TYPE = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const IN_GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}/${TYPE}`;
const ONE = `${IN_GROUP}/{resourceName}`;
const ACTION = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const READ = { kind: 'action', action: `${ACTION}/read` } as const;
const WRITE = { kind: 'action', action: `${ACTION}/write` } as const;

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors'>;
const base: RowBase = { versions: armVersions.managedIdentity, success: 200, errors: [] };
const names = namesOf('subscriptionId', 'resourceGroupName', 'resourceName');

export function managedIdentityRows(management: Management): readonly ArmRow[] {
  return [
    ...readRows(management),
    ...writeRows(management),
    ...listRows(management),
    ...federatedCredentialRows(management),
    systemAssignedRow(management),
  ];
}

function placeOf(params: PathParams): Place {
  const { subscriptionId = '', resourceGroupName: resourceGroup = '' } = params;
  return { subscriptionId, resourceGroup, name: params.resourceName ?? '' };
}

function readRows(management: Management): readonly ArmRow[] {
  const { tenantId } = management;
  return [
    armRow({
      ...base,
      id: 'UserAssignedIdentities_Get',
      method: 'GET',
      path: ONE,
      access: READ,
      audit: 'UserAssignedIdentityGet',
      params: names,
      errors: [resourceManagerErrors.resourceNotFound],
      handle: ({ params }) => ({
        body: renderIdentity(findIdentity(management, placeOf(params)), tenantId),
      }),
    }),
  ];
}

function writeRows(management: Management): readonly ArmRow[] {
  const { tenantId } = management;
  return [
    armRow({
      ...base,
      id: 'UserAssignedIdentities_CreateOrUpdate',
      method: 'PUT',
      path: ONE,
      access: WRITE,
      audit: 'UserAssignedIdentityPut',
      params: names,
      body: putIdentitySchema,
      errors: [
        resourceManagerErrors.identityNameInvalid,
        resourceManagerErrors.locationRequired,
        resourceManagerErrors.resourceLocation,
      ],
      handle: async (call) => {
        const { location } = call.body;
        if (!isLocation(location)) throw new ApiError(resourceManagerErrors.locationRequired);
        const input = { ...placeOf(call.params), location, tags: parseTags(call.body.tags) };
        const view = management.storage.view(call.grant);
        const { created, identity } = await putIdentity(view, management, input);
        return { status: created ? 201 : 200, body: renderIdentity(identity, tenantId) };
      },
    }),
    armRow({
      ...base,
      id: 'UserAssignedIdentities_Update',
      method: 'PATCH',
      path: ONE,
      access: WRITE,
      audit: 'UserAssignedIdentityPatch',
      params: names,
      body: patchIdentitySchema,
      errors: [resourceManagerErrors.resourceNotFound],
      handle: async (call) => {
        const place = placeOf(call.params);
        const { tags } = findIdentity(management, place);
        const wanted = call.body?.tags == null ? tags : parseTags(call.body.tags);
        const view = management.storage.view(call.grant);
        const identity = await changeIdentityTags(view, place, wanted);
        return { body: renderIdentity(identity, tenantId) };
      },
    }),
    armRow({
      ...base,
      id: 'UserAssignedIdentities_Delete',
      method: 'DELETE',
      path: ONE,
      access: { kind: 'action', action: `${ACTION}/delete` },
      audit: 'UserAssignedIdentityDelete',
      params: names,
      handle: async (call) => {
        const view = management.storage.view(call.grant);
        const removed = await removeIdentity(view, management, placeOf(call.params));
        return { status: removed ? 200 : 204 };
      },
    }),
  ];
}

function listRows(management: Management): readonly ArmRow[] {
  const row = { ...base, method: 'GET', access: READ, audit: 'UserAssignedIdentityList' } as const;
  const handle = (call: ArmCall) =>
    listReadable(management, call, {
      items: inPlace(management.resources.identities(), call.params),
      idOf: identityResourceId,
      render: (identity) => renderIdentity(identity, management.tenantId),
      action: READ.action,
    });
  return [
    armRow(
      {
        ...row,
        id: 'UserAssignedIdentities_ListByResourceGroup',
        path: IN_GROUP,
        params: namesOf('subscriptionId', 'resourceGroupName'),
        handle,
      },
      { decidedBy: 'handler' },
    ),
    armRow(
      {
        ...row,
        id: 'UserAssignedIdentities_ListBySubscription',
        path: `${SUBSCRIPTION}/${TYPE}`,
        params: namesOf('subscriptionId'),
        handle,
      },
      { decidedBy: 'handler' },
    ),
  ];
}
