// Service principals in Microsoft Graph v1.0.
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
import {
  createServicePrincipal,
  deleteServicePrincipal,
  type ServicePrincipal,
  updateServicePrincipal,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation, type Principal } from '#kernel';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { listQuery, renderEntity, renderList, selectQuery } from '../odata/page.ts';
import {
  createServicePrincipalBody,
  renderServicePrincipal,
  updateServicePrincipalBody,
} from './wire.ts';

const entitySet = 'servicePrincipals';
const reads = { kind: 'directory', permission: 'Application.Read.All' } as const;
const writes = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;

export function servicePrincipalOperations(
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [...readRows(context), createRow(context), ...changeRows(context)];
}

function renderWith({ directory }: GraphContext) {
  return (principal: ServicePrincipal) =>
    renderServicePrincipal(
      principal,
      directory.applicationByAppId(principal.appId),
      directory.tenantId,
    );
}

function readRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { directory } = context;
  const render = renderWith(context);
  return [
    operation({
      ...graphRow,
      id: 'ListServicePrincipals',
      method: 'GET',
      path: '/v1.0/servicePrincipals',
      access: reads,
      audit: 'ServicePrincipalList',
      success: 200,
      errors: [graphErrors.invalidFilter],
      query: listQuery,
      handle: ({ request, query }) => ({
        body: renderList({
          request,
          query,
          entitySet,
          objects: directory.servicePrincipals().map(render),
        }),
      }),
    }),
    operation({
      ...graphRow,
      id: 'GetServicePrincipal',
      method: 'GET',
      path: '/v1.0/servicePrincipals/{id}',
      access: reads,
      audit: 'ServicePrincipalGet',
      success: 200,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: selectQuery,
      handle: ({ request, params, query }) => ({
        body: renderEntity({
          request,
          entitySet,
          object: render(found(directory.servicePrincipal(params.id), params.id)),
          selected: query.$select,
        }),
      }),
    }),
  ];
}

function createRow(context: GraphContext): Operation<GraphTarget> {
  const { directory, clock } = context;
  const render = renderWith(context);
  return operation({
    ...graphRow,
    id: 'CreateServicePrincipal',
    method: 'POST',
    path: '/v1.0/servicePrincipals',
    access: writes,
    audit: 'ServicePrincipalCreate',
    success: 201,
    errors: [graphErrors.applicationUnknown, graphErrors.servicePrincipalExists],
    body: createServicePrincipalBody,
    handle: async ({ request, body, grant, principal }) => {
      const application = directory.applicationByAppId(body.appId);
      if (application === undefined) {
        throw new ApiError(graphErrors.applicationUnknown, { appId: body.appId });
      }
      const created = await createServicePrincipal(
        openView(context, grant),
        {
          appId: application.appId,
          displayName: application.displayName,
          accountEnabled: body.accountEnabled ?? true,
          appRoleAssignmentRequired: body.appRoleAssignmentRequired ?? false,
          tags: body.tags ?? [],
          owners: principal?.type === 'User' ? [principal.objectId] : [],
        },
        clock,
      );
      return { body: renderEntity({ request, entitySet, object: render(created) }) };
    },
  });
}

function changeRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { clock } = context;
  const errors = [graphErrors.resourceNotFound, graphErrors.requestDenied];
  return [
    operation({
      ...graphRow,
      id: 'UpdateServicePrincipal',
      method: 'PATCH',
      path: '/v1.0/servicePrincipals/{id}',
      access: writes,
      audit: 'ServicePrincipalUpdate',
      success: 204,
      errors,
      params: idParams,
      body: updateServicePrincipalBody,
      handle: async ({ params, body, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        const { accountEnabled, displayName, appRoleAssignmentRequired, tags } = body;
        await updateServicePrincipal(openView(context, grant), id, {
          ...(accountEnabled === undefined ? {} : { accountEnabled }),
          ...(displayName === undefined ? {} : { displayName }),
          ...(appRoleAssignmentRequired === undefined ? {} : { appRoleAssignmentRequired }),
          ...(tags ? { tags } : {}),
        });
        return {};
      },
    }),
    operation({
      ...graphRow,
      id: 'DeleteServicePrincipal',
      method: 'DELETE',
      path: '/v1.0/servicePrincipals/{id}',
      access: writes,
      audit: 'ServicePrincipalDelete',
      success: 204,
      errors,
      params: idParams,
      handle: async ({ params, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        await deleteServicePrincipal(openView(context, grant), id, clock);
        return {};
      },
    }),
  ];
}

function requireTarget(
  context: GraphContext,
  id: string,
  caller: Principal | undefined,
): ServicePrincipal {
  const target = found(context.directory.servicePrincipal(id), id);
  requirePrivilegeOver(context, { caller, targets: [target.id] });
  return target;
}
