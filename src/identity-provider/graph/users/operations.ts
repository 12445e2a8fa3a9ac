// Users in Microsoft Graph v1.0, and `/me`. A user is addressed by id or by user principal name.
// https://learn.microsoft.com/graph/api/resources/user
import { createUser, deleteUser, revokeSignInSessions, type User, updateUser } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation, type Principal } from '#kernel';
import { renderDirectoryObjects } from '../directory-objects/wire.ts';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { type ObjectSpec, objectOperations } from '../object-rows.ts';
import { contextOf, entityQuery, renderEntity } from '../odata/entity.ts';
import { createUserBody, parseUser, renderUser, type UserBody, updateUserBody } from './wire.ts';

const entitySet = 'users';
const writes = { kind: 'directory', permission: 'User.ReadWrite.All' } as const;

export function userOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    ...objectOperations(userSpec(context), context),
    createRow(context),
    sessionRow(context),
    meRow(context),
  ];
}

function userSpec(context: GraphContext): ObjectSpec<User, UserBody> {
  const { directory, clock } = context;
  return {
    noun: 'User',
    entitySet,
    permission: 'User',
    all: () => directory.users(),
    find: (key) => directory.user(key) ?? directory.userByName(key),
    render: renderUser,
    links: {
      memberOf: ({ id }) => renderDirectoryObjects(directory, directory.directMemberOf(id)),
      transitiveMemberOf: ({ id }) => renderDirectoryObjects(directory, directory.memberOf(id)),
    },
    // Nobody changes an administrator but a Global Administrator.
    guard: ({ id }, caller) => requirePrivilegeOver(context, { caller, targets: [id] }),
    update: {
      body: updateUserBody,
      errors: [graphErrors.sameKeyValue, graphErrors.passwordTooWeak],
      apply: async ({ target: { id }, body, view }) => {
        if (body.userPrincipalName) requireOwnDomain(context, body.userPrincipalName);
        await updateUser(view, { id, changes: parseUser(body) }, clock);
      },
    },
    remove: ({ target, view }) => deleteUser(view, target.id, clock),
  };
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

function sessionRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'RevokeSignInSessions',
    method: 'POST',
    path: '/v1.0/users/{id}/revokeSignInSessions',
    access: writes,
    audit: 'UserRevokeSignInSessions',
    success: 200,
    errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
    params: idParams,
    handle: async ({ request, params, grant, principal }) => {
      const { id } = requireTarget(context, params.id, principal);
      await revokeSignInSessions(openView(context, grant), id, context.clock);
      return { body: { '@odata.context': contextOf(request, 'Edm.Boolean'), value: true } };
    },
  });
}

function meRow({ directory }: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'GetMe',
    method: 'GET',
    path: '/v1.0/me',
    access: { kind: 'authenticated' },
    audit: 'MeGet',
    success: 200,
    errors: [graphErrors.meNotUser],
    query: entityQuery,
    handle: ({ request, query, principal }) => {
      // az falls back to looking up the service principal on exactly this refusal.
      const user = principal?.type === 'User' ? directory.user(principal.objectId) : undefined;
      if (user === undefined) throw new ApiError(graphErrors.meNotUser);
      return { body: renderEntity({ request, entitySet, object: renderUser(user), query }) };
    },
  });
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
