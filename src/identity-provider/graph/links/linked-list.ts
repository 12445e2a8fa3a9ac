// Collections of directory objects that belong to another object: the list, its count, and the list
// of one kind (`/microsoft.graph.user`).
import { graphErrors } from '#errors';
import { type Access, ApiError, type Call, type Operation, operation, z } from '#kernel';
import { type GraphTarget, graphRow } from '../graph-context.ts';
import type { WireObject } from '../odata/entity.ts';
import { countObjects, type ListQuery, listErrors, listQuery, renderList } from '../odata/page.ts';

type Params = Readonly<Record<'id', string>>;

export interface LinkedList {
  /** Without its verb, for example `GroupMembers`. */
  readonly id: string;
  readonly path: string;
  readonly access: Access;
  readonly audit: string;
  readonly objects: (call: Pick<LinkedCall, 'params' | 'principal'>) => readonly WireObject[];
}

type LinkedCall = Call<GraphTarget, Params, ListQuery, unknown>;

const entitySet = 'directoryObjects';
const KINDS = new Set(['user', 'group', 'serviceprincipal', 'application']);
const params = z.object({ id: z.string().max(128).default('') });

export function linkedRows(list: LinkedList): readonly Operation<GraphTarget>[] {
  const base = {
    ...graphRow,
    method: 'GET',
    access: list.access,
    audit: list.audit,
    success: 200,
    query: listQuery,
  } as const;
  const errors = [graphErrors.resourceNotFound, ...listErrors];
  return [
    operation({
      ...base,
      id: `List${list.id}`,
      path: list.path,
      errors,
      params,
      handle: (call) => answer(call, list.objects(call)),
    }),
    operation({
      ...base,
      id: `Count${list.id}`,
      path: `${list.path}/$count`,
      errors,
      params,
      handle: (call) => countObjects({ ...call, objects: list.objects(call) }),
    }),
    operation({
      ...base,
      id: `List${list.id}OfKind`,
      path: `${list.path}/{kind}`,
      errors: [...errors, graphErrors.unknownPath],
      params: params.extend({ kind: z.string().max(64) }),
      handle: (call) => {
        const { kind } = call.params;
        const name = /^microsoft\.graph\.(\w+)$/i.exec(kind)?.[1]?.toLowerCase() ?? '';
        if (!KINDS.has(name)) throw new ApiError(graphErrors.unknownPath, { segment: kind });
        const wanted = `#microsoft.graph.${name}`;
        const objects = list.objects(call).filter(({ '@odata.type': type }) => {
          return typeof type === 'string' && type.toLowerCase() === wanted;
        });
        return answer(call, objects);
      },
    }),
  ];
}

function answer({ request, query }: LinkedCall, objects: readonly WireObject[]) {
  return { body: renderList({ request, query, entitySet, isAdvanced: true, objects }) };
}
