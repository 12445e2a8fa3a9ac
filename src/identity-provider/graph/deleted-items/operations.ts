// Deleted users, groups, applications and service principals in Microsoft Graph v1.0: seen,
// restored, removed for good. https://learn.microsoft.com/graph/api/resources/directory
import { type DeletedItem, purgeDeletedItem, restoreDeletedItem } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation, type Principal } from '#kernel';
import { principalsOf } from '../applications/credential-rights.ts';
import { renderApplication } from '../applications/wire.ts';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { renderGroup } from '../groups/wire.ts';
import { entityQuery, renderEntity, type WireObject } from '../odata/entity.ts';
import { listErrors, listQuery, renderList } from '../odata/page.ts';
import { renderServicePrincipal } from '../service-principals/wire.ts';
import { renderUser } from '../users/wire.ts';

const entitySet = 'directoryObjects';
const path = '/v1.0/directory/deletedItems';
const access = { kind: 'directory', permission: 'Directory.Read.All' } as const;

const KINDS = [
  { kind: 'user', noun: 'Users' },
  { kind: 'group', noun: 'Groups' },
  { kind: 'application', noun: 'Applications' },
  { kind: 'servicePrincipal', noun: 'ServicePrincipals' },
] as const;

export function deletedItemOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [...listRows(context), getRow(context), restoreRow(context), purgeRow(context)];
}

function listRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  return KINDS.map(({ kind, noun }) =>
    operation({
      ...graphRow,
      id: `ListDeleted${noun}`,
      method: 'GET',
      path: `${path}/microsoft.graph.${kind}`,
      access,
      audit: 'DeletedItemList',
      success: 200,
      errors: listErrors,
      query: listQuery,
      handle: ({ request, query }) => {
        const items = context.directory.deletedItems().filter((item) => item.kind === kind);
        const objects = items.map(renderWith(context));
        return { body: renderList({ request, query, entitySet, objects, isAdvanced: true }) };
      },
    }),
  );
}

function findItem({ directory }: GraphContext, given: string): DeletedItem {
  const id = given.toLowerCase();
  return found(
    directory.deletedItems().find(({ record }) => record.id === id),
    given,
  );
}

function getRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'GetDeletedItem',
    method: 'GET',
    path: `${path}/{id}`,
    access,
    audit: 'DeletedItemGet',
    success: 200,
    errors: [graphErrors.resourceNotFound],
    params: idParams,
    query: entityQuery,
    handle: ({ request, params, query }) => {
      const object = renderWith(context)(findItem(context, params.id));
      return { body: renderEntity({ request, entitySet, object, query }) };
    },
  });
}

function restoreRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'RestoreDeletedItem',
    method: 'POST',
    path: `${path}/{id}/restore`,
    access,
    audit: 'DeletedItemRestore',
    success: 200,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.requestDenied,
      graphErrors.sameKeyValue,
      graphErrors.servicePrincipalExists,
    ],
    params: idParams,
    handle: async ({ request, params, grant, principal }) => {
      const item = requireChangeable(context, params.id, principal);
      await restoreDeletedItem(openView(context, grant), item);
      const { deletedDateTime: _, ...object } = renderWith(context)(item);
      const restored = { ...object, id: item.record.id, deletedDateTime: null };
      return { body: renderEntity({ request, entitySet, object: restored }) };
    },
  });
}

function purgeRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'DeleteDeletedItem',
    method: 'DELETE',
    path: `${path}/{id}`,
    access,
    audit: 'DeletedItemPurge',
    success: 204,
    errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
    params: idParams,
    handle: async ({ params, grant, principal }) => {
      const item = requireChangeable(context, params.id, principal);
      await purgeDeletedItem(openView(context, grant), context.directory, item);
      return {};
    },
  });
}

const PERMISSIONS = {
  user: 'User.ReadWrite.All',
  group: 'Group.ReadWrite.All',
  application: 'Application.ReadWrite.All',
  servicePrincipal: 'Application.ReadWrite.All',
} as const;

/**
 * The path does not tell of what kind the object is, so its permission is decided on here. What
 * held a directory role holds it again when it is back: only a Global Administrator brings it back.
 */
function requireChangeable(
  context: GraphContext,
  id: string,
  caller: Principal | undefined,
): DeletedItem {
  const item = findItem(context, id);
  const permission = PERMISSIONS[item.kind];
  const decision = caller && context.authorizer.decideDirectory({ principal: caller, permission });
  if (!decision?.allowed) {
    throw new ApiError(graphErrors.requestDenied, {}, { reason: decision?.reason });
  }
  const own = item.kind === 'application' ? principalsOf(context, item.record.appId) : [];
  requirePrivilegeOver(context, { caller, targets: [item.record.id, ...own] });
  return item;
}

function renderWith({ directory }: GraphContext) {
  return (item: DeletedItem): WireObject => {
    const type = { '@odata.type': `#microsoft.graph.${item.kind}` };
    switch (item.kind) {
      case 'user':
        return { ...type, ...renderUser(item.record) };
      case 'group':
        return { ...type, ...renderGroup(item.record) };
      case 'application':
        return { ...type, ...renderApplication(item.record) };
      case 'servicePrincipal': {
        const application = directory.applicationByAppId(item.record.appId);
        return {
          ...type,
          ...renderServicePrincipal(item.record, application, directory.tenantId),
        };
      }
    }
  };
}
