// Members and owners of a group: lists, `$ref` links, and the way up (`memberOf`, getMemberGroups,
// checkMemberGroups).
import { addGroupReference, removeGroupReference } from '#directory';
import { graphErrors } from '#errors';
import { type Operation, operation, type RawRequest, z } from '#kernel';
import type { View } from '#storage';
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
import { listQuery, renderList } from '../odata/page.ts';
import { parseReference, referenceBody } from './wire.ts';

/** Graph's limit for one question. */
const CHECKED_MAX = 20;
const entitySet = 'directoryObjects';
const reads = { kind: 'directory', permission: 'GroupMember.Read.All' } as const;
const writes = { kind: 'directory', permission: 'GroupMember.ReadWrite.All' } as const;

const LINKS = [
  { property: 'members', name: 'Member' },
  { property: 'owners', name: 'Owner' },
] as const;

export function memberOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    ...LINKS.flatMap((link) => [
      listRow(context, link),
      addRow(context, link),
      removeRow(context, link),
    ]),
    transitiveRow(context),
    ...memberOfRows(context),
    ...memberGroupRows(context),
  ];
}

type Link = (typeof LINKS)[number];

function listRow({ directory }: GraphContext, link: Link): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `ListGroup${link.name}s`,
    method: 'GET',
    path: `/v1.0/groups/{id}/${link.property}`,
    access: reads,
    audit: `Group${link.name}sList`,
    success: 200,
    errors: [graphErrors.resourceNotFound],
    params: idParams,
    query: listQuery,
    handle: ({ request, params, query }) => {
      const group = found(directory.group(params.id), params.id);
      const objects = renderDirectoryObjects(directory, group[link.property]);
      return { body: renderList({ request, query, entitySet, objects }) };
    },
  });
}

function addRow(context: GraphContext, { property, name }: Link): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `AddGroup${name}`,
    method: 'POST',
    path: `/v1.0/groups/{id}/${property}/$ref`,
    access: writes,
    audit: `Group${name}Add`,
    success: 204,
    errors: [graphErrors.resourceNotFound, graphErrors.referenceExists, graphErrors.requestDenied],
    params: idParams,
    body: referenceBody,
    handle: async ({ params, body, grant, principal }) => {
      const { id } = found(context.directory.group(params.id), params.id);
      requirePrivilegeOver(context, { caller: principal, targets: [id] });
      const added = [parseReference(body['@odata.id'])];
      await addReferences(context, { view: openView(context, grant), id, property, added });
      return { audit: { memberId: added[0] } };
    },
  });
}

function removeRow(context: GraphContext, { property, name }: Link): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `RemoveGroup${name}`,
    method: 'DELETE',
    path: `/v1.0/groups/{id}/${property}/{member}/$ref`,
    access: writes,
    audit: `Group${name}Remove`,
    success: 204,
    errors: [graphErrors.resourceNotFound, graphErrors.requestDenied],
    params: idParams.extend({ member: z.string().max(128) }),
    handle: async ({ params, grant, principal }) => {
      const { id } = found(context.directory.group(params.id), params.id);
      requirePrivilegeOver(context, { caller: principal, targets: [id] });
      const objectId = params.member.toLowerCase();
      await removeGroupReference(openView(context, grant), { id, property, objectId });
      return { audit: { memberId: objectId } };
    },
  });
}

interface AddedReferences {
  readonly view: View;
  readonly id: string;
  readonly property: 'members' | 'owners';
  readonly added: readonly string[];
}

/** Throws `Request_ResourceNotFound` for an object that does not exist. */
export async function addReferences(
  { directory }: GraphContext,
  { view, id, property, added }: AddedReferences,
): Promise<void> {
  for (const objectId of added) {
    found(directory.principalType(objectId), objectId);
    await addGroupReference(view, { id, property, objectId });
  }
}

function transitiveRow({ directory }: GraphContext): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: 'ListGroupTransitiveMembers',
    method: 'GET',
    path: '/v1.0/groups/{id}/transitiveMembers',
    access: reads,
    audit: 'GroupMembersList',
    success: 200,
    errors: [graphErrors.resourceNotFound],
    params: idParams,
    query: listQuery,
    handle: ({ request, params, query }) => {
      const start = found(directory.group(params.id), params.id);
      const members = new Set<string>();
      const open = [start];
      for (let group = open.pop(); group !== undefined; group = open.pop()) {
        for (const id of group.members) {
          if (members.has(id)) continue;
          members.add(id);
          const nested = directory.group(id);
          if (nested) open.push(nested);
        }
      }
      const objects = renderDirectoryObjects(directory, members);
      return { body: renderList({ request, query, entitySet, objects }) };
    },
  });
}

const KINDS = ['users', 'servicePrincipals', 'groups'] as const;

function memberOfRows({ directory }: GraphContext): readonly Operation<GraphTarget>[] {
  return KINDS.flatMap((kind) =>
    (['memberOf', 'transitiveMemberOf'] as const).map((relation) =>
      operation({
        ...graphRow,
        id: `List_${kind}_${relation}`,
        method: 'GET',
        path: `/v1.0/${kind}/{id}/${relation}`,
        access: reads,
        audit: 'MemberOfList',
        success: 200,
        errors: [graphErrors.resourceNotFound],
        params: idParams,
        query: listQuery,
        handle: ({ request, params, query }) => {
          const id = findMember(directory, { kind, given: params.id });
          const ids =
            relation === 'memberOf' ? directory.directMemberOf(id) : directory.memberOf(id);
          const objects = renderDirectoryObjects(directory, ids);
          return { body: renderList({ request, query, entitySet, objects }) };
        },
      }),
    ),
  );
}

/** The object's id; a user is also found by name. Throws `Request_ResourceNotFound`. */
function findMember(
  directory: GraphContext['directory'],
  { kind, given }: { readonly kind: string; readonly given: string },
): string {
  const named = kind === 'users' ? directory.userByName(given)?.id : undefined;
  const id = named ?? given.toLowerCase();
  found(directory.principalType(id), given);
  return id;
}

const memberGroupsBody = z.object({ securityEnabledOnly: z.boolean().optional() });

const checkGroupsBody = z.object({ groupIds: z.array(z.string().max(64)).max(CHECKED_MAX) });

function memberGroupRows({ directory }: GraphContext): readonly Operation<GraphTarget>[] {
  const base = {
    ...graphRow,
    method: 'POST',
    access: reads,
    success: 200,
    errors: [graphErrors.resourceNotFound],
    params: idParams,
  } as const;
  const groupsOf = (kind: string, given: string): ReadonlySet<string> =>
    directory.memberOf(findMember(directory, { kind, given }));
  const render = ({ origin }: Pick<RawRequest, 'origin'>, value: readonly string[]) => ({
    body: { '@odata.context': `${origin}/v1.0/$metadata#Collection(Edm.String)`, value },
  });
  return [...KINDS, 'directoryObjects' as const].flatMap((kind) => [
    operation({
      ...base,
      id: `GetMemberGroups_${kind}`,
      path: `/v1.0/${kind}/{id}/getMemberGroups`,
      audit: 'MemberGroupsGet',
      body: memberGroupsBody,
      handle: ({ request, params }) => render(request, [...groupsOf(kind, params.id)]),
    }),
    operation({
      ...base,
      id: `CheckMemberGroups_${kind}`,
      path: `/v1.0/${kind}/{id}/checkMemberGroups`,
      audit: 'MemberGroupsCheck',
      body: checkGroupsBody,
      handle: ({ request, params, body }) => {
        const groups = groupsOf(kind, params.id);
        return render(
          request,
          body.groupIds.filter((id) => groups.has(id.toLowerCase())),
        );
      },
    }),
  ]);
}
