// App role assignments in Microsoft Graph v1.0: what a principal holds (`appRoleAssignments`) and
// who holds roles of a resource (`appRoleAssignedTo`).
// https://learn.microsoft.com/graph/api/resources/approleassignment
import {
  type AppRoleAssignment,
  assignAppRole,
  DEFAULT_APP_ROLE,
  unassignAppRole,
} from '#directory';
import { graphErrors } from '#errors';
import { ApiError, isGuid, type Operation, operation, z } from '#kernel';
import {
  found,
  type GraphContext,
  type GraphTarget,
  graphRow,
  idParams,
  openView,
} from '../graph-context.ts';
import { entityQuery, renderEntity, type WireObject } from '../odata/entity.ts';
import { listErrors, listQuery, renderList } from '../odata/page.ts';

const entitySet = 'appRoleAssignments';
const reads = { kind: 'directory', permission: 'Directory.Read.All' } as const;
const writes = { kind: 'directory', permission: 'AppRoleAssignment.ReadWrite.All' } as const;

interface Place {
  readonly noun: string;
  readonly path: string;
  /** Which end of the assignment the path's id is. */
  readonly end: 'principalId' | 'resourceId';
  readonly type: 'User' | 'Group' | 'ServicePrincipal';
}

const PLACES: readonly Place[] = [
  {
    noun: 'UserAppRoleAssignment',
    path: '/v1.0/users/{id}/appRoleAssignments',
    end: 'principalId',
    type: 'User',
  },
  {
    noun: 'GroupAppRoleAssignment',
    path: '/v1.0/groups/{id}/appRoleAssignments',
    end: 'principalId',
    type: 'Group',
  },
  {
    noun: 'ServicePrincipalAppRoleAssignment',
    path: '/v1.0/servicePrincipals/{id}/appRoleAssignments',
    end: 'principalId',
    type: 'ServicePrincipal',
  },
  {
    noun: 'ServicePrincipalAppRoleAssignedTo',
    path: '/v1.0/servicePrincipals/{id}/appRoleAssignedTo',
    end: 'resourceId',
    type: 'ServicePrincipal',
  },
];

const guid = z.string().refine(isGuid);
const body = z.object({
  principalId: guid,
  resourceId: guid,
  appRoleId: guid.default(DEFAULT_APP_ROLE),
});
const oneParams = idParams.extend({ assignment: z.string().max(128) });

export function appRoleOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  return PLACES.flatMap((place) => [
    ...readRows(context, place),
    addRow(context, place),
    removeRow(context, place),
  ]);
}

/** The assignments of the object that the path names. Throws `Request_ResourceNotFound`. */
function assignmentsOf(
  { directory }: GraphContext,
  { end, type }: Place,
  given: string,
): readonly AppRoleAssignment[] {
  const id = (type === 'User' ? directory.userByName(given)?.id : undefined) ?? given;
  found(directory.principalType(id) === type ? id : undefined, given);
  const all = end === 'principalId' ? directory.appRolesHeldBy(id) : directory.appRolesOf(id);
  // An assignment outlives the soft deletion of either end; it is seen again when both are back.
  return all.filter(
    ({ principalId, resourceId }) =>
      directory.principalExists(principalId) && directory.servicePrincipal(resourceId),
  );
}

function findAssignment(
  context: GraphContext,
  place: Place,
  params: { readonly id: string; readonly assignment: string },
): AppRoleAssignment {
  const all = assignmentsOf(context, place, params.id);
  const { assignment } = params;
  return found(
    all.find(({ id }) => id === assignment.toLowerCase()),
    assignment,
  );
}

function readRows(context: GraphContext, place: Place): readonly Operation<GraphTarget>[] {
  const base = { ...graphRow, method: 'GET', access: reads, success: 200 } as const;
  return [
    operation({
      ...base,
      id: `List${place.noun}s`,
      path: place.path,
      audit: 'AppRoleAssignmentList',
      errors: [graphErrors.resourceNotFound, ...listErrors],
      params: idParams,
      query: listQuery,
      handle: ({ request, params, query }) => {
        const objects = assignmentsOf(context, place, params.id).map(renderWith(context));
        return { body: renderList({ request, query, entitySet, objects }) };
      },
    }),
    operation({
      ...base,
      id: `Get${place.noun}`,
      path: `${place.path}/{assignment}`,
      audit: 'AppRoleAssignmentGet',
      errors: [graphErrors.resourceNotFound],
      params: oneParams,
      query: entityQuery,
      handle: ({ request, params, query }) => {
        const object = renderWith(context)(findAssignment(context, place, params));
        return { body: renderEntity({ request, entitySet, object, query }) };
      },
    }),
  ];
}

function addRow(context: GraphContext, place: Place): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `Add${place.noun}`,
    method: 'POST',
    path: place.path,
    access: writes,
    audit: 'AppRoleAssignmentAdd',
    success: 201,
    errors: [
      graphErrors.resourceNotFound,
      graphErrors.invalidProperty,
      graphErrors.appRoleUnknown,
      graphErrors.sameKeyValue,
    ],
    params: idParams,
    body,
    handle: async (call) => {
      assignmentsOf(context, place, call.params.id);
      const { principalId, resourceId, appRoleId } = call.body;
      const named = place.type === 'User' ? context.directory.userByName(call.params.id)?.id : '';
      const id = named || call.params.id;
      if (call.body[place.end].toLowerCase() !== id.toLowerCase()) {
        throw new ApiError(graphErrors.invalidProperty, {
          property: place.end,
          resource: 'AppRoleAssignment',
        });
      }
      requireAssignable(context, call.body);
      const assignment = await assignAppRole(
        openView(context, call.grant),
        { principalId: principalId.toLowerCase(), resourceId: resourceId.toLowerCase(), appRoleId },
        context.clock,
      );
      const object = renderWith(context)(assignment);
      return { body: renderEntity({ request: call.request, entitySet, object }) };
    },
  });
}

/** That both ends exist, and that the role is one this principal can have. */
function requireAssignable(
  { directory }: GraphContext,
  { principalId, resourceId, appRoleId }: z.infer<typeof body>,
): void {
  const type = found(directory.principalType(principalId), principalId);
  const { appId } = found(directory.servicePrincipal(resourceId), resourceId);
  if (appRoleId === DEFAULT_APP_ROLE) return;
  const roles = directory.applicationByAppId(appId)?.appRoles ?? [];
  const role = roles.find(({ id }) => id.toLowerCase() === appRoleId.toLowerCase());
  const member = type === 'ServicePrincipal' ? 'Application' : 'User';
  if (!role?.isEnabled || !role.allowedMemberTypes.includes(member)) {
    throw new ApiError(graphErrors.appRoleUnknown, { appId });
  }
}

function removeRow(context: GraphContext, place: Place): Operation<GraphTarget> {
  return operation({
    ...graphRow,
    id: `Remove${place.noun}`,
    method: 'DELETE',
    path: `${place.path}/{assignment}`,
    access: writes,
    audit: 'AppRoleAssignmentRemove',
    success: 204,
    errors: [graphErrors.resourceNotFound],
    params: oneParams,
    handle: async ({ params, grant }) => {
      const { id } = findAssignment(context, place, params);
      await unassignAppRole(openView(context, grant), id);
      return {};
    },
  });
}

function renderWith({ directory }: GraphContext) {
  return (assignment: AppRoleAssignment): WireObject => {
    const { id, appRoleId, createdDateTime, principalId, resourceId } = assignment;
    const type = directory.principalType(principalId);
    return {
      id,
      deletedDateTime: null,
      appRoleId,
      createdDateTime,
      principalDisplayName: directory.displayName(principalId) ?? null,
      principalId,
      principalType: type ?? null,
      resourceDisplayName: directory.displayName(resourceId) ?? null,
      resourceId,
    };
  };
}
