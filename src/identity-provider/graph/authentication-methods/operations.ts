// What a person proves himself with, in Microsoft Graph v1.0: seen by himself, and taken away by a
// Global Administrator when it is lost. A User Administrator resets passwords; if he could remove
// the second factor as well, no account but an administrator's would be safe from him.
// https://learn.microsoft.com/graph/api/resources/authenticationmethod
import { removeAuthenticator, removePasskey, type User } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Operation, operation, z } from '#kernel';
import type { View } from '#storage';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import type { WireObject } from '../odata/entity.ts';
import { listErrors, listQuery, renderList } from '../odata/page.ts';

/** Of the password, the same for everybody: Entra's. */
const PASSWORD_METHOD_ID = '28c10230-6103-485e-b985-444c60001490';
const reads = { kind: 'directory', permission: 'UserAuthenticationMethod.Read.All' } as const;
const writes = { kind: 'directory', permission: 'UserAuthenticationMethod.ReadWrite.All' } as const;

interface Collection {
  /** Last path segment. */
  readonly name: string;
  readonly noun: string;
  readonly all: (user: User) => readonly WireObject[];
  readonly remove?: (view: View, userId: string, id: string) => Promise<void>;
}

export function authenticationMethodOperations(
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [
    ...collections(context).flatMap((collection) => [
      listRow(context, collection),
      ...removeRows(context, collection),
    ]),
    ownRow(context),
  ];
}

function collections({ directory }: GraphContext): readonly Collection[] {
  const passwords: Collection = {
    name: 'passwordMethods',
    noun: 'PasswordMethod',
    all: ({ createdDateTime }) => [{ id: PASSWORD_METHOD_ID, password: null, createdDateTime }],
  };
  const authenticators: Collection = {
    name: 'softwareOathMethods',
    noun: 'SoftwareOathMethod',
    all: (user) => {
      const { authenticator } = directory.authenticationMethods(user.id);
      return authenticator ? [{ ...authenticator, secretKey: null }] : [];
    },
    remove: removeAuthenticator,
  };
  const passkeys: Collection = {
    name: 'fido2Methods',
    noun: 'Fido2Method',
    all: (user) =>
      directory
        .authenticationMethods(user.id)
        .passkeys.map(({ id, displayName, createdDateTime }) => ({
          id,
          displayName,
          createdDateTime,
        })),
    remove: removePasskey,
  };
  const types = [
    ['#microsoft.graph.passwordAuthenticationMethod', passwords],
    ['#microsoft.graph.softwareOathAuthenticationMethod', authenticators],
    ['#microsoft.graph.fido2AuthenticationMethod', passkeys],
  ] as const;
  const everything: Collection = {
    name: 'methods',
    noun: 'AuthenticationMethod',
    all: (user) =>
      types.flatMap(([type, { all }]) => all(user).map((one) => ({ '@odata.type': type, ...one }))),
  };
  return [everything, passwords, authenticators, passkeys];
}

/** Throws `Request_ResourceNotFound`. */
function findUser({ directory }: GraphContext, idOrName: string): User {
  return found(directory.user(idOrName) ?? directory.userByName(idOrName), idOrName);
}

function entitySetOf(name: string): string {
  return `users/authentication/${name}`;
}

function listRow(context: GraphContext, collection: Collection): Operation<GraphTarget> {
  const { name, noun, all } = collection;
  return operation({
    ...graphRow,
    id: `List${noun}s`,
    method: 'GET',
    path: `/v1.0/users/{id}/authentication/${name}`,
    access: reads,
    audit: 'AuthenticationMethodList',
    success: 200,
    errors: [graphErrors.resourceNotFound, ...listErrors],
    params: idParams,
    query: listQuery,
    handle: ({ request, params, query }) => {
      const objects = all(findUser(context, params.id));
      return { body: renderList({ request, query, entitySet: entitySetOf(name), objects }) };
    },
  });
}

function removeRows(
  context: GraphContext,
  { name, noun, remove }: Collection,
): readonly Operation<GraphTarget>[] {
  if (remove === undefined) return [];
  return [
    operation({
      ...graphRow,
      id: `Delete${noun}`,
      method: 'DELETE',
      path: `/v1.0/users/{id}/authentication/${name}/{method}`,
      access: writes,
      audit: 'AuthenticationMethodRemove',
      success: 204,
      errors: [graphErrors.resourceNotFound],
      params: idParams.extend({ method: z.string().max(128) }),
      handle: async ({ params, grant }) => {
        const { id } = findUser(context, params.id);
        await remove(openView(context, grant), id, params.method.toLowerCase());
        return {};
      },
    }),
  ];
}

function ownRow(context: GraphContext): Operation<GraphTarget> {
  const [everything] = collections(context);
  return operation({
    ...graphRow,
    id: 'ListMyAuthenticationMethods',
    method: 'GET',
    path: '/v1.0/me/authentication/methods',
    access: { kind: 'authenticated' },
    audit: 'AuthenticationMethodList',
    success: 200,
    errors: [graphErrors.meNotUser, ...listErrors],
    query: listQuery,
    handle: ({ request, query, principal }) => {
      const isPerson = principal?.type === 'User';
      const user = isPerson ? context.directory.user(principal.objectId) : undefined;
      if (user === undefined) throw new ApiError(graphErrors.meNotUser);
      const entitySet = entitySetOf('methods');
      return {
        body: renderList({ request, query, entitySet, objects: everything?.all(user) ?? [] }),
      };
    },
  });
}
