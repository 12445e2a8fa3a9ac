// Groups in Microsoft Graph v1.0 and who belongs to them.
// https://learn.microsoft.com/graph/api/resources/group
import { createGroup, deleteGroup, type Group, updateGroup } from '#directory';
import { graphErrors } from '#errors';
import { type Operation, operation, type Principal } from '#kernel';
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
import { addReferences, memberOperations } from './members.ts';
import { createGroupBody, parseReference, renderGroup, updateGroupBody } from './wire.ts';

const entitySet = 'groups';
const reads = { kind: 'directory', permission: 'Group.Read.All' } as const;
const writes = { kind: 'directory', permission: 'Group.ReadWrite.All' } as const;

export function groupOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    ...readRows(context),
    createRow(context),
    ...changeRows(context),
    ...memberOperations(context),
  ];
}

function readRows({ directory }: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    operation({
      ...graphRow,
      id: 'ListGroups',
      method: 'GET',
      path: '/v1.0/groups',
      access: reads,
      audit: 'GroupList',
      success: 200,
      errors: [graphErrors.invalidFilter],
      query: listQuery,
      handle: ({ request, query }) => ({
        body: renderList({
          request,
          query,
          entitySet,
          objects: directory.groups().map(renderGroup),
        }),
      }),
    }),
    operation({
      ...graphRow,
      id: 'GetGroup',
      method: 'GET',
      path: '/v1.0/groups/{id}',
      access: reads,
      audit: 'GroupGet',
      success: 200,
      errors: [graphErrors.resourceNotFound],
      params: idParams,
      query: selectQuery,
      handle: ({ request, params, query }) => ({
        body: renderEntity({
          request,
          entitySet,
          object: renderGroup(found(directory.group(params.id), params.id)),
          selected: query.$select,
        }),
      }),
    }),
  ];
}

function createRow(context: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'CreateGroup',
    method: 'POST',
    path: '/v1.0/groups',
    access: writes,
    audit: 'GroupCreate',
    success: 201,
    errors: [graphErrors.invalidProperty, graphErrors.resourceNotFound],
    body: createGroupBody,
    handle: async ({ request, body, grant }) => {
      const bound = (addresses: readonly string[] | undefined) =>
        [...new Set(addresses?.map(parseReference))].map((id) => {
          found(context.directory.principalType(id), id);
          return id;
        });
      const input = {
        displayName: body.displayName,
        mailNickname: body.mailNickname,
        description: body.description ?? null,
        members: bound(body['members@odata.bind']),
        owners: bound(body['owners@odata.bind']),
      };
      const group = await createGroup(openView(context, grant), input, context.clock);
      return { body: renderEntity({ request, entitySet, object: renderGroup(group) }) };
    },
  });
}

function changeRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const errors = [graphErrors.resourceNotFound, graphErrors.requestDenied];
  return [
    operation({
      ...graphRow,
      id: 'UpdateGroup',
      method: 'PATCH',
      path: '/v1.0/groups/{id}',
      access: writes,
      audit: 'GroupUpdate',
      success: 204,
      errors: [...errors, graphErrors.referenceExists],
      params: idParams,
      body: updateGroupBody,
      handle: async ({ params, body, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        const view = openView(context, grant);
        const { displayName, mailNickname, description } = body;
        await updateGroup(view, id, {
          ...(displayName === undefined ? {} : { displayName }),
          ...(mailNickname === undefined ? {} : { mailNickname }),
          ...(description === undefined ? {} : { description }),
        });
        const added = body['members@odata.bind']?.map(parseReference) ?? [];
        await addReferences(context, { view, id, property: 'members', added });
        return {};
      },
    }),
    operation({
      ...graphRow,
      id: 'DeleteGroup',
      method: 'DELETE',
      path: '/v1.0/groups/{id}',
      access: writes,
      audit: 'GroupDelete',
      success: 204,
      errors,
      params: idParams,
      handle: async ({ params, grant, principal }) => {
        const { id } = requireTarget(context, params.id, principal);
        await deleteGroup(openView(context, grant), id, context.clock);
        return {};
      },
    }),
  ];
}

/** A group that holds a directory role is changed by a Global Administrator only. */
export function requireTarget(
  context: GraphContext,
  id: string,
  caller: Principal | undefined,
): Group {
  const target = found(context.directory.group(id), id);
  requirePrivilegeOver(context, { caller, targets: [target.id] });
  return target;
}
