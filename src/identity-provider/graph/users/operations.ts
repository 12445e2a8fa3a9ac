// Users in Microsoft Graph v1.0, and `/me`. A user is addressed by id or by user principal name.
// https://learn.microsoft.com/graph/api/resources/user
import {
  createUser,
  deleteUser,
  revokeSignInSessions,
  type User,
  updateUser,
  verifyPassword,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation, type Principal, type RawRequest, z } from '#kernel';
import type { View } from '#storage';
import { SignInLimits } from '../../token/sign-in-limits.ts';
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
    ...sessionRows(context),
    meRow(context),
    changePasswordRow(context),
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
      errors: [
        graphErrors.sameKeyValue,
        graphErrors.passwordTooWeak,
        graphErrors.lastAdministrator,
      ],
      apply: async ({ target, body, view }) => {
        if (body.userPrincipalName) requireOwnDomain(context, body.userPrincipalName);
        const changes = parseUser(body, target);
        await updateUser(view, { id: target.id, changes }, clock);
      },
    },
    remove: async ({ target, view }) => {
      await deleteUser(view, target.id, clock);
    },
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

function sessionRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const base = {
    ...graphRow,
    method: 'POST',
    audit: 'UserRevokeSignInSessions',
    success: 200,
  } as const;
  const revoke = async (request: RawRequest, view: View, id: string) => {
    await revokeSignInSessions(view, id, context.clock);
    return { body: { '@odata.context': contextOf(request, 'Edm.Boolean'), value: true } };
  };
  return [
    operation({
      ...base,
      id: 'RevokeSignInSessions',
      path: '/v1.0/users/{id}/revokeSignInSessions',
      access: writes,
      errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
      params: idParams,
      handle: ({ request, params, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        return revoke(request, openView(context, grant), id);
      },
    }),
    operation({
      ...base,
      id: 'RevokeMySignInSessions',
      path: '/v1.0/me/revokeSignInSessions',
      access: { kind: 'authenticated' },
      errors: [graphErrors.meNotUser],
      handle: ({ request, grant, principal }) =>
        revoke(request, openView(context, grant), requireMe(context, principal).id),
    }),
  ];
}

const passwordText = z.string().min(1).max(256);

function changePasswordRow(context: GraphContext): Operation<GraphTarget> {
  // Its own count: whoever has stolen a token must not guess the password here instead.
  const limits = new SignInLimits(context.clock);
  return operation({
    ...graphRow,
    id: 'ChangeMyPassword',
    method: 'POST',
    path: '/v1.0/me/changePassword',
    access: { kind: 'authenticated' },
    audit: 'UserChangePassword',
    success: 204,
    errors: [graphErrors.meNotUser, graphErrors.currentPasswordWrong, graphErrors.passwordTooWeak],
    body: z.object({ currentPassword: passwordText, newPassword: passwordText }),
    handle: async ({ request, body, grant, principal }) => {
      const user = requireMe(context, principal);
      const attempt = limits.begin(user.userPrincipalName, request.clientAddress);
      const isRight =
        attempt !== undefined && (await verifyPassword(user.passwordHash, body.currentPassword));
      if (!isRight) throw new ApiError(graphErrors.currentPasswordWrong);
      attempt.succeeded();
      if (body.newPassword === body.currentPassword)
        throw new ApiError(graphErrors.passwordTooWeak);
      const passwordProfile = { password: body.newPassword, forceChangePasswordNextSignIn: false };
      const target = { id: user.id, changes: { passwordProfile } };
      await updateUser(openView(context, grant), target, context.clock);
      return {};
    },
  });
}

/** Throws `BadRequest` for a caller that is no person. */
function requireMe({ directory }: GraphContext, principal: Principal | undefined): User {
  const user = principal?.type === 'User' ? directory.user(principal.objectId) : undefined;
  if (user === undefined) throw new ApiError(graphErrors.meNotUser);
  return user;
}

function meRow(context: GraphContext): Operation<GraphTarget> {
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
      const object = renderUser(requireMe(context, principal));
      return { body: renderEntity({ request, entitySet, object, query }) };
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
