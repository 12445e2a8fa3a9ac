// Objects of any kind by id: what clients use to put names to the ids in role assignments.
import { graphErrors } from '#errors';
import { type Operation, operation, z } from '#kernel';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
} from '../graph-context.ts';
import { renderEntity } from '../odata/entity.ts';
import { renderDirectoryObject, renderDirectoryObjects } from './wire.ts';

const IDS_MAX = 1000;
const reads = { kind: 'directory', permission: 'Directory.Read.All' } as const;
const entitySet = 'directoryObjects';

const getByIdsBody = z.object({
  ids: z.array(z.string().max(64)).max(IDS_MAX),
  types: z.array(z.string().max(64)).max(32).optional(),
});

export function directoryObjectOperations({
  directory,
}: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    operation({
      ...graphRow,
      id: 'GetDirectoryObject',
      method: 'GET',
      path: '/v1.0/directoryObjects/{id}',
      access: reads,
      audit: 'DirectoryObjectGet',
      success: 200,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      handle: ({ request, params }) => ({
        body: renderEntity({
          request,
          entitySet,
          object: found(renderDirectoryObject(directory, params.id), params.id),
        }),
      }),
    }),
    operation({
      ...graphRow,
      id: 'GetDirectoryObjectsByIds',
      method: 'POST',
      path: '/v1.0/directoryObjects/getByIds',
      access: reads,
      audit: 'DirectoryObjectsGetByIds',
      success: 200,
      errors: [],
      body: getByIdsBody,
      handle: ({ request, body }) => {
        const wanted = body.types?.map((type) => `#microsoft.graph.${type}`.toLowerCase());
        const value = renderDirectoryObjects(directory, new Set(body.ids)).filter(
          (object) => wanted?.includes(String(object['@odata.type']).toLowerCase()) ?? true,
        );
        const context = `${request.origin}/v1.0/$metadata#${entitySet}`;
        return { body: { '@odata.context': context, value } };
      },
    }),
  ];
}
