// The rows that users, groups, applications and service principals have in the same form: list,
// count, get, change, delete. Ids and audit names follow one pattern:
//
//   List{Noun}s  Count{Noun}s  Get{Noun}  Update{Noun}  Delete{Noun}
import { graphErrors } from '#errors';
import {
  type Call,
  type ErrorDefinition,
  type Operation,
  operation,
  type Principal,
  type Schema,
} from '#kernel';
import type { View } from '#storage';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from './graph-context.ts';
import { entityQuery, renderEntity, type WireObject } from './odata/entity.ts';
import { countObjects, listErrors, listQuery, renderList } from './odata/page.ts';

export interface Change<T, Body> {
  readonly target: T;
  readonly body: Body;
  readonly view: View;
  readonly caller: Principal | undefined;
}

export interface ObjectSpec<T, Body> {
  readonly noun: 'Application' | 'Group' | 'ServicePrincipal' | 'User';
  readonly entitySet: 'applications' | 'groups' | 'servicePrincipals' | 'users';
  /** Noun of the Graph permission, for example `User` of `User.Read.All`. */
  readonly permission: 'Application' | 'Group' | 'User';
  readonly all: () => readonly T[];
  /** By id, or by another key that Graph takes. */
  readonly find: (key: string) => T | undefined;
  readonly render: (object: T) => WireObject;
  /** What `$expand` can show with an object: directory objects, by the name of the link. */
  readonly links: Readonly<Record<string, (object: T) => readonly WireObject[]>>;
  /** Throws unless this caller may change or delete this object. */
  readonly guard: (target: T, caller: Principal | undefined) => void;
  readonly update: {
    readonly body: Schema<Body>;
    readonly errors: readonly ErrorDefinition[];
    readonly apply: (change: Change<T, Body>) => Promise<void>;
  };
  readonly remove: (change: Change<T, unknown>) => Promise<void>;
}

export function objectOperations<T, Body>(
  spec: ObjectSpec<T, Body>,
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  return [...collectionRows(spec), getRow(spec), ...changeRows(spec, context)];
}

function collectionRows<T, Body>(spec: ObjectSpec<T, Body>): readonly Operation<GraphTarget>[] {
  const { noun, entitySet, permission, all, render } = spec;
  const base = {
    ...graphRow,
    method: 'GET',
    access: { kind: 'directory', permission: `${permission}.Read.All` },
    success: 200,
    errors: listErrors,
    query: listQuery,
  } as const;
  return [
    operation({
      ...base,
      id: `List${noun}s`,
      path: `/v1.0/${entitySet}`,
      audit: `${noun}List`,
      handle: ({ request, query }) => ({
        body: renderList({
          request,
          query,
          entitySet,
          isAdvanced: true,
          objects: all().map(render),
          expand: expander(spec),
        }),
      }),
    }),
    operation({
      ...base,
      id: `Count${noun}s`,
      path: `/v1.0/${entitySet}/$count`,
      audit: `${noun}Count`,
      handle: ({ request, query }) => countObjects({ request, query, objects: all().map(render) }),
    }),
  ];
}

function getRow<T, Body>(spec: ObjectSpec<T, Body>): Operation<GraphTarget> {
  const { noun, entitySet, permission, find, render } = spec;
  return operation({
    ...graphRow,
    id: `Get${noun}`,
    method: 'GET',
    path: `/v1.0/${entitySet}/{id}`,
    access: { kind: 'directory', permission: `${permission}.Read.All` },
    audit: `${noun}Get`,
    success: 200,
    errors: [graphErrors.resourceNotFound, graphErrors.unsupportedQuery],
    params: idParams,
    query: entityQuery,
    handle: ({ request, params, query }) => {
      const object = render(found(find(params.id), params.id));
      const expand = expander(spec);
      return { body: renderEntity({ request, entitySet, object, query, expand }) };
    },
  });
}

function expander<T, Body>({ find, links }: ObjectSpec<T, Body>) {
  return (object: WireObject, link: string): readonly WireObject[] | undefined => {
    const expanded = Object.hasOwn(links, link) ? find(object.id) : undefined;
    return expanded && links[link]?.(expanded);
  };
}

function changeRows<T, Body>(
  spec: ObjectSpec<T, Body>,
  context: GraphContext,
): readonly Operation<GraphTarget>[] {
  const { noun, entitySet, permission, update } = spec;
  const base = {
    ...graphRow,
    path: `/v1.0/${entitySet}/{id}`,
    access: { kind: 'directory', permission: `${permission}.ReadWrite.All` },
    success: 204,
    params: idParams,
  } as const;
  const errors = [graphErrors.resourceNotFound, graphErrors.requestDenied];
  const changeOf = <B>(call: Call<GraphTarget, { readonly id: string }, unknown, B>) => {
    const target = found(spec.find(call.params.id), call.params.id);
    const caller = call.principal;
    spec.guard(target, caller);
    return { target, caller, body: call.body, view: openView(context, call.grant) };
  };
  return [
    operation({
      ...base,
      id: `Update${noun}`,
      method: 'PATCH',
      audit: `${noun}Update`,
      errors: [...errors, ...update.errors],
      body: update.body,
      handle: async (call) => {
        await update.apply(changeOf(call));
        return {};
      },
    }),
    operation({
      ...base,
      id: `Delete${noun}`,
      method: 'DELETE',
      audit: `${noun}Delete`,
      errors: [...errors, graphErrors.lastAdministrator],
      handle: async (call) => {
        await spec.remove(changeOf(call));
        return {};
      },
    }),
  ];
}
