// Groups in Microsoft Graph v1.0 and who belongs to them.
// https://learn.microsoft.com/graph/api/resources/group
import { addReferences, createGroup, deleteGroup, type Group, updateGroup } from '#directory';
import { graphErrors } from '#errors';
import { type Operation, operation } from '#kernel';
import { renderDirectoryObjects } from '../directory-objects/wire.ts';
import {
  firstOwners,
  type GraphContext,
  type GraphTarget,
  graphRow,
  openView,
  requireGlobalAdministrator,
  requirePrivilegeOver,
} from '../graph-context.ts';
import { parseReference, requireLinkable } from '../links/link-rows.ts';
import { type ObjectSpec, objectOperations } from '../object-rows.ts';
import { renderEntity } from '../odata/entity.ts';
import { createGroupBody, type GroupBody, renderGroup, updateGroupBody } from './wire.ts';

const entitySet = 'groups';
const writes = { kind: 'directory', permission: 'Group.ReadWrite.All' } as const;

export function groupOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return [...objectOperations(groupSpec(context), context), createRow(context)];
}

function groupSpec(context: GraphContext): ObjectSpec<Group, GroupBody> {
  const { directory, clock } = context;
  return {
    noun: 'Group',
    entitySet,
    permission: 'Group',
    all: () => directory.groups(),
    find: (key) => directory.group(key),
    render: renderGroup,
    links: {
      members: ({ members }) => renderDirectoryObjects(directory, members),
      owners: ({ owners }) => renderDirectoryObjects(directory, owners),
      memberOf: ({ id }) => renderDirectoryObjects(directory, directory.directMemberOf(id)),
    },
    // A group that holds a directory role is changed by a Global Administrator only.
    guard: ({ id }, caller) => requirePrivilegeOver(context, { caller, targets: [id] }),
    update: {
      body: updateGroupBody,
      errors: [graphErrors.referenceExists],
      apply: async ({ target: { id }, body, view }) => {
        const { displayName, mailNickname, description } = body;
        await updateGroup(view, id, {
          ...(displayName === undefined ? {} : { displayName }),
          ...(mailNickname === undefined ? {} : { mailNickname }),
          ...(description === undefined ? {} : { description }),
        });
        for (const property of ['members', 'owners'] as const) {
          const objectIds = body[`${property}@odata.bind`]?.map(parseReference) ?? [];
          if (objectIds.length === 0) continue;
          requireLinkable(context, property, objectIds);
          await addReferences(view, { kind: 'group', id, property, objectIds });
        }
      },
    },
    remove: ({ target, view }) => deleteGroup(view, target.id, clock),
  };
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
    errors: [graphErrors.invalidProperty, graphErrors.resourceNotFound, graphErrors.requestDenied],
    body: createGroupBody,
    handle: async ({ request, body, grant, principal }) => {
      if (body.isAssignableToRole) requireGlobalAdministrator(context, principal);
      const bound = (property: 'members' | 'owners') => {
        const ids = [...new Set(body[`${property}@odata.bind`]?.map(parseReference))];
        requireLinkable(context, property, ids);
        return ids;
      };
      const input = {
        displayName: body.displayName,
        mailNickname: body.mailNickname,
        description: body.description ?? null,
        ...(body.isAssignableToRole ? { isAssignableToRole: true } : {}),
        members: bound('members'),
        owners: [...new Set([...firstOwners(principal), ...bound('owners')])],
      };
      const group = await createGroup(openView(context, grant), input, context.clock);
      return { body: renderEntity({ request, entitySet, object: renderGroup(group) }) };
    },
  });
}
