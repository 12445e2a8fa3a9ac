// List and get of collections that cannot be changed: roles, domains, the organization, logs.
import { graphErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import { found, type GraphTarget, graphRow, idParams } from './graph-context.ts';
import { entityQuery, renderEntity, type WireObject } from './odata/entity.ts';
import { listErrors, listQuery, renderList } from './odata/page.ts';

export interface Collection {
  /** Ids are `List{noun}s` and `Get{noun}`, audit names `{noun}List` and `{noun}Get`. */
  readonly noun: string;
  /** Path and name of the entity set, for example `directoryRoles`. */
  readonly entitySet: string;
  /** Graph permission that reads it. */
  readonly permission: string;
  readonly all: () => readonly WireObject[];
}

export function collectionRows(collection: Collection): readonly Operation<GraphTarget>[] {
  const { noun, entitySet, permission, all } = collection;
  const path = `/v1.0/${entitySet}`;
  const base = {
    ...graphRow,
    method: 'GET',
    access: { kind: 'directory', permission },
    success: 200,
  } as const;
  return [
    operation({
      ...base,
      id: `List${noun}s`,
      path,
      audit: `${noun}List`,
      errors: listErrors,
      query: listQuery,
      handle: ({ request, query }) => ({
        body: renderList({ request, query, entitySet, objects: all() }),
      }),
    }),
    operation({
      ...base,
      id: `Get${noun}`,
      path: `${path}/{id}`,
      audit: `${noun}Get`,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: entityQuery,
      handle: ({ request, params, query }) => {
        const id = params.id.toLowerCase();
        const object = found(
          all().find((one) => one.id.toLowerCase() === id),
          params.id,
        );
        return { body: renderEntity({ request, entitySet, object, query }) };
      },
    }),
  ];
}
