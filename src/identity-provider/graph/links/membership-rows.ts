// The way up: which groups and directory roles somebody belongs to, and what he owns. Asked of
// users, groups and service principals by id, of `directoryObjects` of any kind, and of oneself.
import { directoryRoleDefinitions } from '#directory';
import { graphErrors } from '#errors';
import { type Access, ApiError, type Operation, operation, type Principal, z } from '#kernel';
import { renderDirectoryObjects, renderDirectoryRole } from '../directory-objects/wire.ts';
import { found, type GraphContext, type GraphTarget, graphRow } from '../graph-context.ts';
import { contextOf, type WireObject } from '../odata/entity.ts';
import { linkedRows } from './linked-list.ts';

/** Graph's limit for one question. */
const CHECKED_MAX = 20;

interface Subject {
  /** For ids of operations. */
  readonly noun: 'User' | 'Group' | 'ServicePrincipal' | 'DirectoryObject' | 'My';
  readonly path: string;
  readonly access: Access;
}

const reads = { kind: 'directory', permission: 'GroupMember.Read.All' } as const;
const SUBJECTS: readonly Subject[] = [
  { noun: 'User', path: '/v1.0/users/{id}', access: reads },
  { noun: 'Group', path: '/v1.0/groups/{id}', access: reads },
  { noun: 'ServicePrincipal', path: '/v1.0/servicePrincipals/{id}', access: reads },
  { noun: 'DirectoryObject', path: '/v1.0/directoryObjects/{id}', access: reads },
  { noun: 'My', path: '/v1.0/me', access: { kind: 'authenticated' } },
];

export function membershipOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    ...SUBJECTS.flatMap((subject) => [
      ...upwardRows(context, subject),
      ...memberGroupRows(context, subject),
    ]),
    ...transitiveMemberRows(context),
  ];
}

interface Asked {
  readonly params: { readonly id: string };
  readonly principal: Principal | undefined;
}

/** Throws `Request_ResourceNotFound`. A user is also found by name. */
function idOf({ directory }: GraphContext, { noun }: Subject, asked: Asked): string {
  if (noun === 'My') {
    const { principal } = asked;
    if (principal?.type !== 'User') throw new ApiError(graphErrors.meNotUser);
    return principal.objectId;
  }
  const given = asked.params.id;
  const named = noun === 'User' ? directory.userByName(given)?.id : undefined;
  const id = named ?? given.toLowerCase();
  const type = found(directory.principalType(id), given);
  return found(noun === 'DirectoryObject' || type === noun ? id : undefined, given);
}

function upwardRows(context: GraphContext, subject: Subject): readonly Operation<GraphTarget>[] {
  const { directory } = context;
  const relations = [
    {
      name: 'memberOf',
      of: (id: string) => [
        ...renderDirectoryObjects(directory, directory.directMemberOf(id)),
        ...renderRoles(directory.directDirectoryRoles(id)),
      ],
    },
    {
      name: 'transitiveMemberOf',
      of: (id: string) => [
        ...renderDirectoryObjects(directory, directory.memberOf(id)),
        ...renderRoles(directory.directoryRoles(id)),
      ],
    },
    {
      name: 'ownedObjects',
      of: (id: string) => renderDirectoryObjects(directory, directory.ownedBy(id)),
    },
  ];
  return relations.flatMap(({ name, of }) =>
    linkedRows({
      id: `${subject.noun}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      path: `${subject.path}/${name}`,
      access: subject.access,
      audit: name === 'ownedObjects' ? 'OwnedObjectsList' : 'MemberOfList',
      objects: (call) => of(idOf(context, subject, call)),
    }),
  );
}

function renderRoles(templateIds: Iterable<string>): readonly WireObject[] {
  const held = new Set(templateIds);
  return directoryRoleDefinitions
    .filter(({ roleTemplateId }) => held.has(roleTemplateId))
    .map((role) => ({
      '@odata.type': '#microsoft.graph.directoryRole',
      ...renderDirectoryRole(role),
    }));
}

const params = z.object({ id: z.string().max(128).default('') });
const memberGroupsBody = z.object({ securityEnabledOnly: z.boolean().nullish() });
const checkGroupsBody = z.object({ groupIds: z.array(z.string().max(64)).max(CHECKED_MAX) });
const checkObjectsBody = z.object({ ids: z.array(z.string().max(64)).max(CHECKED_MAX) });

function memberGroupRows(
  context: GraphContext,
  subject: Subject,
): readonly Operation<GraphTarget>[] {
  const { noun, path, access } = subject;
  const base = {
    ...graphRow,
    method: 'POST',
    access,
    success: 200,
    errors: [noun === 'My' ? graphErrors.meNotUser : graphErrors.resourceNotFound],
    params,
  } as const;
  const answer = (call: Asked & { readonly request: { readonly origin: string } }) => {
    const groups = context.directory.memberOf(idOf(context, subject, call));
    return (ids: readonly string[] = [...groups]) => ({
      body: {
        '@odata.context': contextOf(call.request, 'Collection(Edm.String)'),
        value: ids.filter((id) => groups.has(id.toLowerCase())),
      },
    });
  };
  return [
    operation({
      ...base,
      id: `Get${noun}MemberGroups`,
      path: `${path}/getMemberGroups`,
      audit: 'MemberGroupsGet',
      body: memberGroupsBody,
      handle: (call) => answer(call)(),
    }),
    operation({
      ...base,
      id: `Get${noun}MemberObjects`,
      path: `${path}/getMemberObjects`,
      audit: 'MemberObjectsGet',
      body: memberGroupsBody,
      handle: (call) => answer(call)(),
    }),
    operation({
      ...base,
      id: `Check${noun}MemberGroups`,
      path: `${path}/checkMemberGroups`,
      audit: 'MemberGroupsCheck',
      body: checkGroupsBody,
      handle: (call) => answer(call)(call.body.groupIds),
    }),
    operation({
      ...base,
      id: `Check${noun}MemberObjects`,
      path: `${path}/checkMemberObjects`,
      audit: 'MemberObjectsCheck',
      body: checkObjectsBody,
      handle: (call) => answer(call)(call.body.ids),
    }),
  ];
}

function transitiveMemberRows({ directory }: GraphContext): readonly Operation<GraphTarget>[] {
  return linkedRows({
    id: 'GroupTransitiveMembers',
    path: '/v1.0/groups/{id}/transitiveMembers',
    access: reads,
    audit: 'GroupMembersList',
    objects: (call) => {
      const start = found(directory.group(call.params.id), call.params.id);
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
      return renderDirectoryObjects(directory, members);
    },
  });
}
