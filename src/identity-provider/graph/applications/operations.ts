// Applications in Microsoft Graph v1.0.
// https://learn.microsoft.com/graph/api/resources/application

import { resourceAudiences } from '#authentication';
import {
  addPassword,
  createApplication,
  deleteApplication,
  deleteServicePrincipal,
  removePassword,
  updateApplication,
} from '#directory';
import { graphErrors } from '#errors';
import { type Operation, operation, type Principal } from '#kernel';
import type { LoginEndpoints } from '../../login-context.ts';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import { listQuery, renderEntity, renderList, selectQuery } from '../odata/page.ts';
import { requireOwnIdentifierUris } from './application.ts';
import { requireApplication, requireCredentialRights } from './credential-rights.ts';
import { requireExposable } from './exposed-permissions.ts';
import { federatedCredentialOperations } from './federated-credentials.ts';
import {
  addPasswordBody,
  createApplicationBody,
  parseApplication,
  removePasswordBody,
  renderApplication,
  renderPassword,
  updateApplicationBody,
} from './wire.ts';

const entitySet = 'applications';
const reads = { kind: 'directory', permission: 'Application.Read.All' } as const;
const writes = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;

type Context = GraphContext & { readonly endpoints: LoginEndpoints };

export function applicationOperations(context: Context): readonly Operation<GraphTarget>[] {
  return [
    ...readRows(context),
    createRow(context),
    ...changeRows(context),
    ...passwordRows(context),
    ...federatedCredentialOperations(context),
  ];
}

function readRows({ directory }: Context): readonly Operation<GraphTarget>[] {
  return [
    operation({
      ...graphRow,
      id: 'ListApplications',
      method: 'GET',
      path: '/v1.0/applications',
      access: reads,
      audit: 'ApplicationList',
      success: 200,
      errors: [graphErrors.invalidFilter],
      query: listQuery,
      handle: ({ request, query }) => ({
        body: renderList({
          request,
          query,
          entitySet,
          objects: directory.applications().map(renderApplication),
        }),
      }),
    }),
    operation({
      ...graphRow,
      id: 'GetApplication',
      method: 'GET',
      path: '/v1.0/applications/{id}',
      access: reads,
      audit: 'ApplicationGet',
      success: 200,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: selectQuery,
      handle: ({ request, params, query }) => ({
        body: renderEntity({
          request,
          entitySet,
          object: renderApplication(found(directory.application(params.id), params.id)),
          selected: query.$select,
        }),
      }),
    }),
  ];
}

function createRow(context: Context): Operation<GraphTarget> {
  const { clock } = context;
  const audiences = resourceAudiences(context.endpoints);
  return operation({
    ...graphRow,
    id: 'CreateApplication',
    method: 'POST',
    path: '/v1.0/applications',
    access: writes,
    audit: 'ApplicationCreate',
    success: 201,
    errors: [graphErrors.invalidProperty, graphErrors.sameKeyValue],
    body: createApplicationBody,
    handle: async ({ request, body, grant, principal }) => {
      requireOwnIdentifierUris(body.identifierUris ?? [], audiences);
      const properties = parseApplication(body);
      requireExposable(properties);
      const input = {
        ...properties,
        displayName: body.displayName,
        owners: firstOwners(principal),
      };
      const application = await createApplication(openView(context, grant), input, clock);
      return {
        body: renderEntity({ request, entitySet, object: renderApplication(application) }),
      };
    },
  });
}

function changeRows(context: Context): readonly Operation<GraphTarget>[] {
  const { directory, clock } = context;
  const audiences = resourceAudiences(context.endpoints);
  return [
    operation({
      ...graphRow,
      id: 'UpdateApplication',
      method: 'PATCH',
      path: '/v1.0/applications/{id}',
      access: writes,
      audit: 'ApplicationUpdate',
      success: 204,
      errors: [
        graphErrors.resourceNotFound,
        graphErrors.invalidProperty,
        graphErrors.sameKeyValue,
        graphErrors.entitlementEnabled,
        graphErrors.requestDenied,
      ],
      params: idParams,
      body: updateApplicationBody,
      handle: async ({ params, body, grant, principal }) => {
        const before = found(directory.application(params.id), params.id);
        if (body.keyCredentials) requireCredentialRights(context, before, principal);
        requireOwnIdentifierUris(body.identifierUris ?? [], audiences);
        const changes = parseApplication(body, before);
        requireExposable(changes, before);
        await updateApplication(openView(context, grant), before.id, changes);
        return {};
      },
    }),
    operation({
      ...graphRow,
      id: 'DeleteApplication',
      method: 'DELETE',
      path: '/v1.0/applications/{id}',
      access: writes,
      audit: 'ApplicationDelete',
      success: 204,
      errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
      params: idParams,
      handle: async ({ params, grant, principal }) => {
        const application = found(directory.application(params.id), params.id);
        requireCredentialRights(context, application, principal);
        const view = openView(context, grant);
        // First the principal: access must end even if the second write does not happen.
        const own = directory.servicePrincipalByAppId(application.appId);
        if (own) await deleteServicePrincipal(view, own.id, clock);
        await deleteApplication(view, application.id, clock);
        return {};
      },
    }),
  ];
}

function passwordRows(context: Context): readonly Operation<GraphTarget>[] {
  const { clock } = context;
  return [
    operation({
      ...graphRow,
      id: 'AddApplicationPassword',
      method: 'POST',
      path: '/v1.0/applications/{id}/addPassword',
      access: writes,
      audit: 'ApplicationAddPassword',
      success: 200,
      errors: [graphErrors.resourceNotFound, graphErrors.badRequest, graphErrors.requestDenied],
      params: idParams,
      body: addPasswordBody,
      handle: async ({ request, params, body, grant, principal }) => {
        const { id } = requireApplication(context, { params, principal });
        const given = body?.passwordCredential;
        const password = {
          displayName: given?.displayName,
          startDateTime: given?.startDateTime ?? undefined,
          endDateTime: given?.endDateTime ?? undefined,
        };
        const added = await addPassword(openView(context, grant), { id, password }, clock);
        const type = 'microsoft.graph.passwordCredential';
        return {
          body: {
            '@odata.context': `${request.origin}/v1.0/$metadata#${type}`,
            ...renderPassword(added),
          },
          audit: { keyId: added.credential.keyId },
        };
      },
    }),
    operation({
      ...graphRow,
      id: 'RemoveApplicationPassword',
      method: 'POST',
      path: '/v1.0/applications/{id}/removePassword',
      access: writes,
      audit: 'ApplicationRemovePassword',
      success: 204,
      errors: [
        graphErrors.resourceNotFound,
        graphErrors.credentialNotFound,
        graphErrors.requestDenied,
      ],
      params: idParams,
      body: removePasswordBody,
      handle: async ({ params, body, grant, principal }) => {
        const { id } = requireApplication(context, { params, principal });
        await removePassword(openView(context, grant), id, body.keyId);
        return { audit: { keyId: body.keyId } };
      },
    }),
  ];
}

/** Graph makes the user who registers an application its owner. */
function firstOwners(principal: Principal | undefined): readonly string[] {
  return principal?.type === 'User' ? [principal.objectId] : [];
}
