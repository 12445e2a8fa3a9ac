// What the parts of the Graph plane work with, and what their rows have in common.
import type { Authenticator } from '#authentication';
import type { Authorizer } from '#authorization';
import { type Directory, decidePrivilegedChange, directoryRoleIds } from '#directory';
import { graphErrors } from '#errors';
import { ApiError, type Clock, type Grant, type Principal, z } from '#kernel';
import type { Storage, View } from '#storage';

export interface GraphContext {
  readonly storage: Storage;
  readonly directory: Directory;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
}

/** The host names nothing but the tenant's directory. */
export interface GraphTarget {
  readonly origin: string;
}

export const graphRow = {
  versions: { required: false, accepts: () => true },
} as const;

export const idParams = z.object({ id: z.string().max(128) });

export function openView(context: GraphContext, grant: Grant): View {
  return context.storage.view(grant);
}

/** Throws `Request_ResourceNotFound`. */
export function found<T>(object: T | undefined, id: string): T {
  if (object !== undefined) return object;
  throw new ApiError(graphErrors.resourceNotFound, { id });
}

export interface PrivilegedChange {
  readonly caller: Principal | undefined;
  /** Objects whose rights the change could hand to someone. */
  readonly targets: readonly (string | undefined)[];
}

/**
 * Throws `Authorization_RequestDenied` if a target holds a directory role and the caller is no
 * Global Administrator.
 */
export function requirePrivilegeOver(context: GraphContext, change: PrivilegedChange): void {
  const { directory } = context;
  const callerRoles = directory.directoryRoles(change.caller?.objectId ?? '');
  for (const target of change.targets) {
    if (target === undefined || target === change.caller?.objectId) continue;
    const isForRoles = directory.group(target)?.isAssignableToRole ?? false;
    if (isForRoles) requireGlobalAdministrator(context, change.caller);
    if (!decidePrivilegedChange(callerRoles, directory.directoryRoles(target))) {
      throw privilegedTarget();
    }
  }
}

/** Throws `Authorization_RequestDenied` for everybody else. */
export function requireGlobalAdministrator(
  { directory }: GraphContext,
  caller: Principal | undefined,
): void {
  const roles = directory.directoryRoles(caller?.objectId ?? '');
  if (!roles.has(directoryRoleIds.globalAdministrator)) throw privilegedTarget();
}

function privilegedTarget(): ApiError {
  return new ApiError(graphErrors.requestDenied, {}, { reason: { code: 'PrivilegedTarget' } });
}

/** Graph makes the user who creates an application or a group its owner. */
export function firstOwners(principal: Principal | undefined): readonly string[] {
  return principal?.type === 'User' ? [principal.objectId] : [];
}
