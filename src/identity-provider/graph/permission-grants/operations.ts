// Delegated permission grants (consent) in Microsoft Graph v1.0.
// https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant
import {
  grantPermission,
  type OAuth2PermissionGrant,
  revokePermission,
  updatePermissionGrant,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, type Operation, operation, type Principal, z } from '#kernel';
import { givesDirectory } from '../../consent/consent.ts';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
  requireGlobalAdministrator,
} from '../graph-context.ts';
import { entityQuery, renderEntity } from '../odata/entity.ts';
import { listErrors, listQuery, renderList } from '../odata/page.ts';

const entitySet = 'oauth2PermissionGrants';
const path = '/v1.0/oauth2PermissionGrants';
const reads = { kind: 'directory', permission: 'Directory.Read.All' } as const;
const writes = { kind: 'directory', permission: 'DelegatedPermissionGrant.ReadWrite.All' } as const;

const guid = z.string().refine(isGuid);
const scope = z.string().max(4096);
const createBody = z.object({
  clientId: guid,
  consentType: z.enum(['AllPrincipals', 'Principal']),
  principalId: guid.nullish(),
  resourceId: guid,
  scope: scope.default(''),
});
const updateBody = z.object({ scope: scope.optional() });

export function permissionGrantOperations(
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [...readRows(context), createRow(context), ...changeRows(context)];
}

function readRows({ directory }: GraphContext): readonly Operation<GraphTarget>[] {
  const base = {
    ...graphRow,
    method: 'GET',
    access: reads,
    audit: 'PermissionGrantList',
    success: 200,
    query: listQuery,
  } as const;
  const of = (kind: 'servicePrincipals' | 'users', noun: string) =>
    operation<GraphTarget, z.infer<typeof idParams>, z.infer<typeof listQuery>>({
      ...base,
      id: `List${noun}PermissionGrants`,
      path: `/v1.0/${kind}/{id}/oauth2PermissionGrants`,
      errors: [graphErrors.resourceNotFound, ...listErrors],
      params: idParams,
      handle: ({ request, params, query }) => {
        const user = directory.user(params.id) ?? directory.userByName(params.id);
        const owner = kind === 'users' ? user : directory.servicePrincipal(params.id);
        const { id } = found<{ readonly id: string }>(owner, params.id);
        const end = kind === 'users' ? 'principalId' : 'clientId';
        const objects = directory.permissionGrants().filter((grant) => grant[end] === id);
        return { body: renderList({ request, query, entitySet, objects: objects.map(render) }) };
      },
    });
  return [
    operation({
      ...base,
      id: 'ListPermissionGrants',
      path,
      errors: listErrors,
      handle: ({ request, query }) => {
        const objects = directory.permissionGrants().map(render);
        return { body: renderList({ request, query, entitySet, objects }) };
      },
    }),
    of('servicePrincipals', 'ServicePrincipal'),
    of('users', 'User'),
    operation({
      ...base,
      id: 'GetPermissionGrant',
      path: `${path}/{id}`,
      audit: 'PermissionGrantGet',
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: entityQuery,
      handle: ({ request, params, query }) => {
        const object = render(found(directory.permissionGrant(params.id), params.id));
        return { body: renderEntity({ request, entitySet, object, query }) };
      },
    }),
  ];
}

function createRow(context: GraphContext): Operation<GraphTarget> {
  const { directory } = context;
  return operation({
    ...graphRow,
    id: 'CreatePermissionGrant',
    method: 'POST',
    path,
    access: writes,
    audit: 'PermissionGrantCreate',
    success: 201,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.invalidProperty,
      graphErrors.permissionGranted,
      graphErrors.requestDenied,
    ],
    body: createBody,
    handle: async ({ request, body, grant, principal }) => {
      const { consentType } = body;
      const clientId = found(directory.servicePrincipal(body.clientId), body.clientId).id;
      const resourceId = found(directory.servicePrincipal(body.resourceId), body.resourceId).id;
      const given = body.principalId ?? undefined;
      if ((consentType === 'Principal') !== (given !== undefined)) {
        const property = 'principalId';
        const resource = 'OAuth2PermissionGrant';
        throw new ApiError(graphErrors.invalidProperty, { property, resource });
      }
      const principalId = given === undefined ? null : found(directory.user(given), given).id;
      requireConsentRight(context, { resourceId, scope: body.scope }, principal);
      const isThere = directory
        .permissionsGrantedTo(clientId)
        .some((one) => one.resourceId === resourceId && one.principalId === principalId);
      if (isThere) throw new ApiError(graphErrors.permissionGranted);
      const input = { clientId, consentType, principalId, resourceId, scope: body.scope };
      const object = render(await grantPermission(openView(context, grant), input));
      return { body: renderEntity({ request, entitySet, object }) };
    },
  });
}

/**
 * What an application may do in the directory in an administrator's name is what he may do, one
 * link away: nobody lesser gives that, to everyone or to him.
 */
function requireConsentRight(
  context: GraphContext,
  { resourceId, scope }: Pick<OAuth2PermissionGrant, 'resourceId' | 'scope'>,
  caller: Principal | undefined,
): void {
  const scopes = scope.split(/\s+/);
  if (!givesDirectory(context.directory, { resourceId, scopes })) return;
  requireGlobalAdministrator(context, caller);
}

function changeRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const base = {
    ...graphRow,
    path: `${path}/{id}`,
    access: writes,
    success: 204,
    errors: [graphErrors.resourceNotFound],
    params: idParams,
  } as const;
  return [
    operation({
      ...base,
      id: 'UpdatePermissionGrant',
      method: 'PATCH',
      audit: 'PermissionGrantUpdate',
      errors: [...base.errors, graphErrors.requestDenied],
      body: updateBody,
      handle: async ({ params, body, grant, principal }) => {
        const before = found(context.directory.permissionGrant(params.id), params.id);
        const { id, resourceId } = before;
        const after = body.scope ?? before.scope;
        requireConsentRight(context, { resourceId, scope: after }, principal);
        await updatePermissionGrant(openView(context, grant), id, after);
        return {};
      },
    }),
    operation({
      ...base,
      id: 'DeletePermissionGrant',
      method: 'DELETE',
      audit: 'PermissionGrantDelete',
      handle: async ({ params, grant }) => {
        const { id } = found(context.directory.permissionGrant(params.id), params.id);
        await revokePermission(openView(context, grant), id);
        return {};
      },
    }),
  ];
}

function render(grant: OAuth2PermissionGrant) {
  return { ...grant };
}
