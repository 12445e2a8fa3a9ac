// Directory roles in Microsoft Graph v1.0, in both forms: `directoryRoles` with members, and
// `roleManagement/directory` with definitions and assignments. Every role is there from the start,
// under its template's id. Only a Global Administrator says who holds one.
// https://learn.microsoft.com/graph/api/resources/directoryrole
import { addRoleMember, directoryRoleDefinitions, removeRoleMember } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, type Operation, operation, z } from '#kernel';
import { collectionRows } from '../collection-rows.ts';
import { renderDirectoryObjects, renderDirectoryRole } from '../directory-objects/wire.ts';
import {
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import { parseReference } from '../links/link-rows.ts';
import { linkedRows } from '../links/linked-list.ts';
import { renderEntity, type WireObject } from '../odata/entity.ts';
import { requireHeld, requireHolder } from './role-holders.ts';

const READ = 'Directory.Read.All';
const reads = { kind: 'directory', permission: READ } as const;
const writes = { kind: 'directory', permission: 'RoleManagement.ReadWrite.Directory' } as const;
const MANAGEMENT = 'roleManagement/directory';

export function directoryRoleOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  const roles = directoryRoleDefinitions.map(renderDirectoryRole);
  return [
    ...collectionRows({
      noun: 'DirectoryRole',
      entitySet: 'directoryRoles',
      permission: READ,
      all: () => roles,
    }),
    ...collectionRows({
      noun: 'DirectoryRoleTemplate',
      entitySet: 'directoryRoleTemplates',
      permission: READ,
      all: () => roles.map(({ roleTemplateId: _, ...template }) => template),
    }),
    ...collectionRows({
      noun: 'RoleDefinition',
      entitySet: `${MANAGEMENT}/roleDefinitions`,
      permission: READ,
      all: () => roles.map(renderDefinition),
    }),
    ...collectionRows({
      noun: 'DirectoryRoleAssignment',
      entitySet: `${MANAGEMENT}/roleAssignments`,
      permission: READ,
      all: () => assignments(context),
    }),
    ...memberRows(context),
    ...assignmentRows(context),
  ];
}

function renderDefinition({ id, displayName, description }: WireObject): WireObject {
  return {
    id,
    description,
    displayName,
    isBuiltIn: true,
    isEnabled: true,
    resourceScopes: ['/'],
    rolePermissions: [],
    templateId: id,
    version: '1',
  };
}

function assignments({ directory }: GraphContext): readonly WireObject[] {
  return directoryRoleDefinitions.flatMap(({ roleTemplateId }) =>
    (directory.directoryRole(roleTemplateId)?.members ?? [])
      .filter((principalId) => directory.principalExists(principalId))
      .map((principalId) => renderAssignment(roleTemplateId, principalId)),
  );
}

function renderAssignment(roleDefinitionId: string, principalId: string): WireObject {
  const id = `${roleDefinitionId}.${principalId}`;
  return { id, principalId, roleDefinitionId, directoryScopeId: '/' };
}

function memberRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { directory } = context;
  const path = '/v1.0/directoryRoles/{id}/members';
  const base = { ...graphRow, access: writes, success: 204 } as const;
  return [
    ...linkedRows({
      id: 'DirectoryRoleMembers',
      path,
      access: reads,
      audit: 'DirectoryRoleMembersList',
      objects: ({ params }) => {
        const role = directory.directoryRole(requireRole(params.id));
        return renderDirectoryObjects(directory, role?.members ?? []);
      },
    }),
    operation({
      ...base,
      id: 'AddDirectoryRoleMember',
      method: 'POST',
      path: `${path}/$ref`,
      audit: 'DirectoryRoleMemberAdd',
      errors: [
        graphErrors.resourceNotFound,
        graphErrors.referenceExists,
        graphErrors.invalidProperty,
        graphErrors.groupNotAssignable,
      ],
      params: idParams,
      body: z.object({ '@odata.id': z.string().max(2048) }),
      handle: async ({ params, body, grant }) => {
        const role = requireRole(params.id);
        const member = parseReference(body['@odata.id']);
        requireHolder(context, role, member);
        await addRoleMember(openView(context, grant), role, member);
        return {};
      },
    }),
    operation({
      ...base,
      id: 'RemoveDirectoryRoleMember',
      method: 'DELETE',
      path: `${path}/{member}/$ref`,
      audit: 'DirectoryRoleMemberRemove',
      errors: [graphErrors.resourceNotFound, graphErrors.lastAdministrator],
      params: idParams.extend({ member: z.string().max(128) }),
      handle: async ({ params, grant }) => {
        const role = requireRole(params.id);
        const member = params.member.toLowerCase();
        requireHeld(context, role, member);
        await removeRoleMember(openView(context, grant), role, member);
        return {};
      },
    }),
  ];
}

const assignmentBody = z.object({
  principalId: z.string().refine(isGuid),
  roleDefinitionId: z.string().refine(isGuid),
  /** The whole directory: there are no administrative units. */
  directoryScopeId: z.literal('/').default('/'),
});

function assignmentRows(context: GraphContext): readonly Operation<GraphTarget>[] {
  const entitySet = `${MANAGEMENT}/roleAssignments`;
  const path = `/v1.0/${entitySet}`;
  return [
    operation({
      ...graphRow,
      id: 'CreateDirectoryRoleAssignment',
      method: 'POST',
      path,
      access: writes,
      audit: 'DirectoryRoleMemberAdd',
      success: 201,
      errors: [
        graphErrors.resourceNotFound,
        graphErrors.referenceExists,
        graphErrors.groupNotAssignable,
      ],
      body: assignmentBody,
      handle: async ({ request, body, grant }) => {
        const role = requireRole(body.roleDefinitionId);
        const member = body.principalId.toLowerCase();
        requireHolder(context, role, member);
        await addRoleMember(openView(context, grant), role, member);
        const object = renderAssignment(role, member);
        return { body: renderEntity({ request, entitySet, object }) };
      },
    }),
    operation({
      ...graphRow,
      id: 'DeleteDirectoryRoleAssignment',
      method: 'DELETE',
      path: `${path}/{id}`,
      access: writes,
      audit: 'DirectoryRoleMemberRemove',
      success: 204,
      errors: [graphErrors.resourceNotFound, graphErrors.lastAdministrator],
      params: idParams,
      handle: async ({ params, grant }) => {
        const [role = '', member = ''] = params.id.toLowerCase().split('.');
        requireHeld(context, requireRole(role), member);
        await removeRoleMember(openView(context, grant), role, member);
        return {};
      },
    }),
  ];
}

/** The role's id. Throws `Request_ResourceNotFound`. */
function requireRole(given: string): string {
  const id = given.toLowerCase();
  const known = directoryRoleDefinitions.some(({ roleTemplateId }) => roleTemplateId === id);
  if (!known) throw new ApiError(graphErrors.resourceNotFound, { id: given });
  return id;
}
