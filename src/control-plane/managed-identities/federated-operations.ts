// Federated credentials of a user-assigned identity. Whoever may write one can have the identity
// act for whom he names, so that has an action of its own.
import { changeFederatedCredentials, type FederatedIdentityCredential } from '#directory';
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { identityResourceId, type UserAssignedIdentity } from '#resources';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow, type PathParams } from '../arm-row.ts';
import { namesOf } from '../handling.ts';
import { renderList } from '../list.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { findCredential, withCredential, withoutCredential } from './federated-credential.ts';
import { findIdentity } from './identity-store.ts';
import { putCredentialSchema, renderCredential } from './wire.ts';

const IDENTITY =
  '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}';
const LIST = `${IDENTITY}/federatedIdentityCredentials`;
const ONE = `${LIST}/{federatedIdentityCredentialResourceName}`;
const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success'>;
const base: RowBase = { versions: armVersions.federatedCredentials, success: 200 };
const notFound = [resourceManagerErrors.resourceNotFound];
const identityNames = ['subscriptionId', 'resourceGroupName', 'resourceName'];
const names = namesOf(...identityNames, 'federatedIdentityCredentialResourceName');

export function federatedCredentialRows(management: Management): readonly ArmRow[] {
  return [...readRows(management), putRow(management), deleteRow(management)];
}

interface Found {
  readonly identity: UserAssignedIdentity;
  readonly credentials: readonly FederatedIdentityCredential[];
  readonly name: string;
}

function find(management: Management, params: PathParams): Found {
  const { subscriptionId = '', resourceGroupName: resourceGroup = '' } = params;
  const place = { subscriptionId, resourceGroup, name: params.resourceName ?? '' };
  const identity = findIdentity(management, place);
  const principal = management.directory.servicePrincipal(identity.principalId);
  return {
    identity,
    credentials: principal?.federatedIdentityCredentials ?? [],
    name: params.federatedIdentityCredentialResourceName ?? '',
  };
}

function readRows(management: Management): readonly ArmRow[] {
  const access = { kind: 'action', action: `${TYPE}/read` } as const;
  return [
    armRow({
      ...base,
      id: 'FederatedIdentityCredentials_Get',
      method: 'GET',
      path: ONE,
      access,
      audit: 'FederatedIdentityCredentialGet',
      params: names,
      errors: notFound,
      handle: ({ params }) => {
        const { identity, credentials, name } = find(management, params);
        const credential = findCredential(credentials, name);
        if (credential === undefined) throw credentialNotFound(identity, name);
        return { body: renderCredential(identity, credential) };
      },
    }),
    armRow({
      ...base,
      id: 'FederatedIdentityCredentials_List',
      method: 'GET',
      path: LIST,
      access,
      audit: 'FederatedIdentityCredentialList',
      params: namesOf(...identityNames),
      errors: notFound,
      handle: ({ request, params }) => {
        const { identity, credentials } = find(management, params);
        return renderList({
          request,
          items: credentials,
          key: ({ name }) => name,
          render: (credential) => renderCredential(identity, credential),
        });
      },
    }),
  ];
}

function putRow(management: Management): ArmRow {
  return armRow({
    ...base,
    id: 'FederatedIdentityCredentials_CreateOrUpdate',
    method: 'PUT',
    path: ONE,
    access: { kind: 'action', action: `${TYPE}/write` },
    audit: 'FederatedIdentityCredentialPut',
    params: names,
    body: putCredentialSchema,
    errors: [
      ...notFound,
      resourceManagerErrors.federatedCredentialNameInvalid,
      resourceManagerErrors.federatedCredentialExists,
      resourceManagerErrors.federatedCredentialsTooMany,
    ],
    handle: async (call) => {
      const { identity, credentials, name } = find(management, call.params);
      const isNew = findCredential(credentials, name) === undefined;
      const change = { identityName: identity.name, name, input: call.body.properties };
      const view = management.storage.view(call.grant);
      await changeFederatedCredentials(view, identity.principalId, (before) =>
        withCredential(before, change),
      );
      const after = find(management, call.params);
      const credential = findCredential(after.credentials, name);
      if (credential === undefined) throw credentialNotFound(identity, name);
      return { status: isNew ? 201 : 200, body: renderCredential(identity, credential) };
    },
  });
}

function deleteRow(management: Management): ArmRow {
  return armRow({
    ...base,
    id: 'FederatedIdentityCredentials_Delete',
    method: 'DELETE',
    path: ONE,
    access: { kind: 'action', action: `${TYPE}/delete` },
    audit: 'FederatedIdentityCredentialDelete',
    params: names,
    errors: notFound,
    handle: async (call) => {
      const { identity, credentials, name } = find(management, call.params);
      if (findCredential(credentials, name) === undefined) return { status: 204 };
      const view = management.storage.view(call.grant);
      await changeFederatedCredentials(view, identity.principalId, (before) =>
        withoutCredential(before, name),
      );
      return {};
    },
  });
}

function credentialNotFound(identity: UserAssignedIdentity, name: string): ApiError {
  return new ApiError(resourceManagerErrors.resourceNotFound, {
    type: `${identityResourceId(identity).split('/providers/')[1]}/federatedIdentityCredentials`,
    name,
    group: identity.resourceGroup,
  });
}
