// Who holds which app role of which application, and which clients may act in whose name (consent).
// Both are records of their own, in the way of Microsoft Graph. Writes only; look-ups are
// `Directory`'s. That principal, resource and role exist is for the caller to see to.

import { graphErrors } from '#errors';
import { ApiError, type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import { graphTime, notFound } from './object-store.ts';
import { type Claim, claimPath, recordPath } from './paths.ts';
import type { AppRoleAssignment, OAuth2PermissionGrant } from './records.ts';

/** The role that stands for plain access where an application declares none. */
export const DEFAULT_APP_ROLE = '00000000-0000-0000-0000-000000000000';

const SCOPE_LENGTH_MAX = 4096;

export type AppRoleAssignmentInput = Omit<AppRoleAssignment, 'id' | 'createdDateTime'>;

/** Throws `Permission being assigned already exists` if the principal holds the role. */
export function assignAppRole(
  view: View,
  input: AppRoleAssignmentInput,
  clock: Clock,
): Promise<AppRoleAssignment> {
  const assignment = { ...input, id: newGuid(), createdDateTime: graphTime(clock) };
  return view.transact(async (transaction) => {
    const path = claimPath('appRoleAssignment', assignmentKey(assignment));
    if ((await transaction.get<Claim>(path)) !== undefined) {
      throw new ApiError(graphErrors.sameKeyValue, { property: 'appRoleId' });
    }
    transaction.put<Claim>(path, { ownerId: assignment.id });
    transaction.put(recordPath('appRoleAssignment', assignment.id), assignment);
    return assignment;
  });
}

/** Tokens keep their `roles` until they end; new ones are without it. */
export function unassignAppRole(view: View, id: string): Promise<void> {
  return view.transact(async (transaction) => {
    const path = recordPath('appRoleAssignment', id);
    const assignment = await transaction.get<AppRoleAssignment>(path);
    if (assignment === undefined) throw notFound(id);
    transaction.delete(claimPath('appRoleAssignment', assignmentKey(assignment)));
    transaction.delete(path);
  });
}

export type PermissionGrantInput = Omit<OAuth2PermissionGrant, 'id'>;

/** Adds scopes to what was granted to the client before, for the same person or everybody. */
export function grantPermission(
  view: View,
  input: PermissionGrantInput,
): Promise<OAuth2PermissionGrant> {
  return view.transact(async (transaction) => {
    const claimed = claimPath('permissionGrant', grantKey(input));
    const owner = await transaction.get<Claim>(claimed);
    const path = owner && recordPath('permissionGrant', owner.ownerId);
    const before = path ? await transaction.get<OAuth2PermissionGrant>(path) : undefined;
    const scope = mergeScopes(before?.scope ?? '', input.scope);
    const grant = { ...input, scope, id: before?.id ?? newGuid() };
    transaction.put<Claim>(claimed, { ownerId: grant.id });
    transaction.put(recordPath('permissionGrant', grant.id), grant);
    return grant;
  });
}

/** Replaces the scopes of a grant. */
export function updatePermissionGrant(
  view: View,
  id: string,
  scope: string,
): Promise<OAuth2PermissionGrant> {
  return view.transact(async (transaction) => {
    const path = recordPath('permissionGrant', id);
    const before = await transaction.get<OAuth2PermissionGrant>(path);
    if (before === undefined) throw notFound(id);
    const grant = { ...before, scope: mergeScopes('', scope) };
    transaction.put(path, grant);
    return grant;
  });
}

export function revokePermission(view: View, id: string): Promise<void> {
  return view.transact(async (transaction) => {
    const path = recordPath('permissionGrant', id);
    const grant = await transaction.get<OAuth2PermissionGrant>(path);
    if (grant === undefined) throw notFound(id);
    transaction.delete(claimPath('permissionGrant', grantKey(grant)));
    transaction.delete(path);
  });
}

function assignmentKey({ principalId, resourceId, appRoleId }: AppRoleAssignmentInput): string {
  return [principalId, resourceId, appRoleId].join(' ');
}

function grantKey({ clientId, principalId, resourceId }: PermissionGrantInput): string {
  return [clientId, principalId ?? 'everybody', resourceId].join(' ');
}

function mergeScopes(before: string, added: string): string {
  const values = [before, added].flatMap((text) => text.split(/\s+/).filter(Boolean));
  const scope = [...new Set(values)].join(' ');
  if (scope.length <= SCOPE_LENGTH_MAX) return scope;
  throw new ApiError(graphErrors.badRequest, { detail: 'The grant holds too many scopes.' });
}
