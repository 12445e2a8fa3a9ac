// Service principals in Microsoft Graph v1.0.
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
import {
  createServicePrincipal,
  deleteServicePrincipal,
  dropPrincipalPasswords,
  type ServicePrincipal,
  updateServicePrincipal,
  wellKnownAppIds,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation } from '#kernel';
import { renderDirectoryObjects } from '../directory-objects/wire.ts';
import {
  firstOwners,
  type GraphContext,
  type GraphTarget,
  graphRow,
  openView,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { type ObjectSpec, objectOperations } from '../object-rows.ts';
import { renderEntity } from '../odata/entity.ts';
import {
  createServicePrincipalBody,
  renderServicePrincipal,
  type ServicePrincipalBody,
  updateServicePrincipalBody,
} from './wire.ts';

const entitySet = 'servicePrincipals';
const MICROSOFTS: ReadonlySet<string> = new Set(Object.values(wellKnownAppIds));
const writes = { kind: 'directory', permission: 'Application.ReadWrite.All' } as const;

export function servicePrincipalOperations(
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [...objectOperations(principalSpec(context), context), createRow(context)];
}

function renderWith({ directory }: GraphContext) {
  return (principal: ServicePrincipal) =>
    renderServicePrincipal(
      principal,
      directory.applicationByAppId(principal.appId),
      directory.tenantId,
    );
}

function principalSpec(context: GraphContext): ObjectSpec<ServicePrincipal, ServicePrincipalBody> {
  const { directory, clock } = context;
  return {
    noun: 'ServicePrincipal',
    entitySet,
    permission: 'Application',
    all: () => directory.servicePrincipals(),
    find: (key) => directory.servicePrincipal(key),
    render: renderWith(context),
    links: {
      owners: ({ owners }) => renderDirectoryObjects(directory, owners),
      memberOf: ({ id }) => renderDirectoryObjects(directory, directory.directMemberOf(id)),
    },
    guard: ({ id }, caller) => requirePrivilegeOver(context, { caller, targets: [id] }),
    update: {
      body: updateServicePrincipalBody,
      errors: [graphErrors.lastAdministrator],
      apply: async ({ target, body, view }) => {
        const { accountEnabled, displayName, appRoleAssignmentRequired, tags } = body;
        await updateServicePrincipal(view, target.id, {
          ...(accountEnabled === undefined ? {} : { accountEnabled }),
          ...(displayName === undefined ? {} : { displayName }),
          ...(appRoleAssignmentRequired === undefined ? {} : { appRoleAssignmentRequired }),
          ...(tags ? { tags } : {}),
        });
      },
    },
    remove: async ({ target, view }) => {
      // A managed identity goes with its resource in Resource Manager, never without it; and what
      // is not this tenant's could not be made again: consent to our planes hangs on theirs.
      const isMicrosofts = MICROSOFTS.has(target.appId);
      if (target.servicePrincipalType === 'ManagedIdentity' || isMicrosofts) {
        throw new ApiError(graphErrors.requestDenied);
      }
      await deleteServicePrincipal(view, target.id, clock);
    },
  };
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
      const { appId } = application;
      // Before anything is touched: the secrets of the one that is there are its own.
      if (directory.servicePrincipalByAppId(appId)) {
        throw new ApiError(graphErrors.servicePrincipalExists, { appId });
      }
      const view = openView(context, grant);
      await dropPrincipalPasswords(view, application.id);
      const created = await createServicePrincipal(
        view,
        {
          appId: application.appId,
          displayName: application.displayName,
          accountEnabled: body.accountEnabled ?? true,
          appRoleAssignmentRequired: body.appRoleAssignmentRequired ?? false,
          tags: body.tags ?? [],
          owners: firstOwners(principal),
        },
        clock,
      );
      return { body: renderEntity({ request, entitySet, object: render(created) }) };
    },
  });
}
