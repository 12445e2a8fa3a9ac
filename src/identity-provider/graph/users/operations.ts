// Users in Microsoft Graph v1.0, and `/me`. A user is addressed by id or by user principal name.
// https://learn.microsoft.com/graph/api/resources/user
import { createUser, deleteUser, revokeSignInSessions, type User, updateUser } from '#directory';
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
import { createUserBody, parseUser, renderUser, updateUserBody } from './wire.ts';

const entitySet = 'users';
const reads = { kind: 'directory', permission: 'User.Read.All' } as const;
const writes = { kind: 'directory', permission: 'User.ReadWrite.All' } as const;

export function userOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [...readRows(context), createRow(context), ...changeRows(context)];
}

function readRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { directory } = context;
  return [
    operation({
      ...graphRow,
      id: 'ListUsers',
      method: 'GET',
      path: '/v1.0/users',
      access: reads,
      audit: 'UserList',
      success: 200,
      errors: [graphErrors.invalidFilter],
      query: listQuery,
      handle: ({ request, query }) => ({
        body: renderList({ request, query, entitySet, objects: directory.users().map(renderUser) }),
      }),
    }),
    operation({
      ...graphRow,
      id: 'GetUser',
      method: 'GET',
      path: '/v1.0/users/{id}',
      access: reads,
      audit: 'UserGet',
      success: 200,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: selectQuery,
      handle: ({ request, params, query }) => ({
        body: renderEntity({
          request,
          entitySet,
          object: renderUser(findUser(context, params.id)),
          selected: query.$select,
        }),
      }),
    }),
    operation({
      ...graphRow,
      id: 'GetMe',
      method: 'GET',
      path: '/v1.0/me',
      access: { kind: 'authenticated' },
      audit: 'MeGet',
      success: 200,
      errors: [graphErrors.meNotUser],
      query: selectQuery,
      handle: ({ request, query, principal }) => {
        // az falls back to looking up the service principal on exactly this refusal.
        const user = principal?.type === 'User' ? directory.user(principal.objectId) : undefined;
        if (user === undefined) throw new ApiError(graphErrors.meNotUser);
        const object = renderUser(user);
        return { body: renderEntity({ request, entitySet, object, selected: query.$select }) };
      },
    }),
  ];
}

function createRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'CreateUser',
    method: 'POST',
    path: '/v1.0/users',
    access: writes,
    audit: 'UserCreate',
    success: 201,
    errors: [graphErrors.invalidProperty, graphErrors.sameKeyValue, graphErrors.passwordTooWeak],
    body: createUserBody,
    handle: async ({ request, body, grant }) => {
      requireOwnDomain(context, body.userPrincipalName);
      const { userPrincipalName, displayName, passwordProfile } = body;
      const input = { ...parseUser(body), userPrincipalName, displayName, passwordProfile };
      const user = await createUser(openView(context, grant), input, context.clock);
      return { body: renderEntity({ request, entitySet, object: renderUser(user) }) };
    },
  });
}

function changeRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { clock } = context;
  const errors = [graphErrors.resourceNotFound, graphErrors.requestDenied];
  return [
    operation({
      ...graphRow,
      id: 'UpdateUser',
      method: 'PATCH',
      path: '/v1.0/users/{id}',
      access: writes,
      audit: 'UserUpdate',
      success: 204,
      errors: [...errors, graphErrors.sameKeyValue, graphErrors.passwordTooWeak],
      params: idParams,
      body: updateUserBody,
      handle: async ({ params, body, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        if (body.userPrincipalName) requireOwnDomain(context, body.userPrincipalName);
        await updateUser(openView(context, grant), { id, changes: parseUser(body) }, clock);
        return {};
      },
    }),
    operation({
      ...graphRow,
      id: 'DeleteUser',
      method: 'DELETE',
      path: '/v1.0/users/{id}',
      access: writes,
      audit: 'UserDelete',
      success: 204,
      errors,
      params: idParams,
      handle: async ({ params, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        await deleteUser(openView(context, grant), id, clock);
        return {};
      },
    }),
    operation({
      ...graphRow,
      id: 'RevokeSignInSessions',
      method: 'POST',
      path: '/v1.0/users/{id}/revokeSignInSessions',
      access: writes,
      audit: 'UserRevokeSignInSessions',
      success: 200,
      errors,
      params: idParams,
      handle: async ({ request, params, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        await revokeSignInSessions(openView(context, grant), id, clock);
        const type = `${request.origin}/v1.0/$metadata#Edm.Boolean`;
        return { body: { '@odata.context': type, value: true } };
      },
    }),
  ];
}

function findUser({ directory }: GraphContext, idOrName: string): User {
  return found(directory.user(idOrName) ?? directory.userByName(idOrName), idOrName);
}

/** Nobody changes an administrator but a Global Administrator. */
function requireTarget(context: GraphContext, id: string, caller: Principal | undefined): User {
  const target = findUser(context, id);
  requirePrivilegeOver(context, { caller, targets: [target.id] });
  return target;
}

function requireOwnDomain({ directory }: GraphContext, userPrincipalName: string): void {
  const domain = userPrincipalName.slice(userPrincipalName.indexOf('@') + 1).toLowerCase();
  if (directory.tenant.domains.some((own) => own.toLowerCase() === domain)) return;
  throw new ApiError(graphErrors.badRequest, {
    detail: 'The domain portion of the userPrincipalName property is invalid.',
  });
}
