// Resource providers: listed as registered, always. Registering one changes nothing and succeeds.
import { resourceManagerErrors } from '#errors';
import { ApiError, type ApiVersions, type Operation } from '#kernel';
import { armVersions } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import { namesOf } from '../handling.ts';
import { renderList } from '../list.ts';
import { knownLocations } from '../location.ts';
import type { Management, ManagementTarget } from '../management.ts';
import { type ActionDefinition, actionsByNamespace } from './actions.ts';
import { findProvider, listedVersions, type Provider, providers } from './catalog.ts';

type RowBase = Pick<Operation<ManagementTarget>, 'versions' | 'success' | 'errors' | 'access'>;
const base: RowBase = {
  versions: armVersions.resources,
  success: 200,
  errors: [],
  // What this product can do is no secret.
  access: { kind: 'authenticated' },
};
const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const PROVIDER = `${SUBSCRIPTION}/providers/{resourceProviderNamespace}`;

export function providerRows(_management: Management): readonly ArmRow[] {
  return [...subscriptionRows(), ...operationRows()];
}

function subscriptionRows(): readonly ArmRow[] {
  return [
    armRow({
      ...base,
      id: 'Providers_List',
      method: 'GET',
      path: `${SUBSCRIPTION}/providers`,
      audit: 'ProviderList',
      params: namesOf('subscriptionId'),
      handle: ({ request, params }) =>
        renderList({
          request,
          items: providers,
          key: ({ namespace }) => namespace,
          render: (provider) => renderProvider(provider, params.subscriptionId ?? ''),
        }),
    }),
    armRow({
      ...base,
      id: 'Providers_Get',
      method: 'GET',
      path: PROVIDER,
      audit: 'ProviderGet',
      params: namesOf('subscriptionId', 'resourceProviderNamespace'),
      errors: [resourceManagerErrors.namespaceInvalid],
      handle: ({ params }) => ({ body: renderNamed(params) }),
    }),
    armRow({
      ...base,
      id: 'Providers_Register',
      method: 'POST',
      path: `${PROVIDER}/register`,
      access: { kind: 'action', action: 'Microsoft.KeyVault/register/action' },
      audit: 'ProviderRegister',
      params: namesOf('subscriptionId', 'resourceProviderNamespace'),
      errors: [resourceManagerErrors.namespaceInvalid],
      handle: ({ params }) => ({ body: renderNamed(params) }),
    }),
  ];
}

function operationListRow(id: string, namespace: string, versions: ApiVersions): ArmRow {
  return armRow({
    ...base,
    id,
    method: 'GET',
    path: `/providers/${namespace}/operations`,
    versions,
    audit: 'OperationList',
    handle: ({ request }) =>
      renderList({
        request,
        items: actionsByNamespace[namespace] ?? [],
        key: ({ name }) => name,
        render: renderOperation,
      }),
  });
}

function operationRows(): readonly ArmRow[] {
  return [
    operationListRow('Operations_List', 'Microsoft.KeyVault', armVersions.keyVault),
    operationListRow(
      'ManagedIdentity_Operations_List',
      'Microsoft.ManagedIdentity',
      armVersions.managedIdentity,
    ),
    armRow({
      ...base,
      id: 'ProviderOperationsMetadata_List',
      method: 'GET',
      path: '/providers/Microsoft.Authorization/providerOperations',
      versions: armVersions.authorization,
      audit: 'ProviderOperationsList',
      handle: ({ request }) =>
        renderList({
          request,
          items: providers,
          key: ({ namespace }) => namespace,
          render: renderProviderOperations,
        }),
    }),
    armRow({
      ...base,
      id: 'ProviderOperationsMetadata_Get',
      method: 'GET',
      path: '/providers/Microsoft.Authorization/providerOperations/{resourceProviderNamespace}',
      versions: armVersions.authorization,
      audit: 'ProviderOperationsGet',
      params: namesOf('resourceProviderNamespace'),
      errors: [resourceManagerErrors.providerNotFound],
      handle: ({ params }) => {
        const name = params.resourceProviderNamespace ?? '';
        const provider = findProvider(name);
        if (provider === undefined) {
          throw new ApiError(resourceManagerErrors.providerNotFound, { name });
        }
        return { body: renderProviderOperations(provider) };
      },
    }),
  ];
}

function renderNamed(params: Readonly<Record<string, string>>): unknown {
  const { subscriptionId = '', resourceProviderNamespace: namespace = '' } = params;
  const provider = findProvider(namespace);
  if (provider === undefined) {
    throw new ApiError(resourceManagerErrors.namespaceInvalid, { namespace });
  }
  return renderProvider(provider, subscriptionId);
}

function renderProvider({ namespace, types }: Provider, subscriptionId: string): unknown {
  const locations = knownLocations.map(({ displayName }) => displayName);
  const apiVersions = listedVersions[namespace] ?? [];
  return {
    id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
    namespace,
    registrationState: 'Registered',
    registrationPolicy: 'RegistrationRequired',
    resourceTypes: types.map((resourceType) => ({ resourceType, locations, apiVersions })),
  };
}

function renderOperation({ name, isDataAction }: ActionDefinition): unknown {
  const [provider = '', ...rest] = name.split('/');
  const resource = rest.slice(0, -1).join('/');
  return {
    name,
    isDataAction,
    display: { provider, resource, operation: rest.at(-1) ?? '', description: name },
  };
}

function renderProviderOperations({ namespace }: Provider): unknown {
  return {
    id: `/providers/Microsoft.Authorization/providerOperations/${namespace}`,
    type: 'Microsoft.Authorization/providerOperations',
    name: namespace,
    displayName: namespace,
    resourceTypes: [],
    operations: (actionsByNamespace[namespace] ?? []).map(({ name, isDataAction }) => ({
      name,
      displayName: name,
      description: name,
      isDataAction,
    })),
  };
}
