// Who can hold a directory role, and who cannot lose it.
import { directoryRoleIds } from '#directory';
import { graphErrors } from '#errors';
import { ApiError } from '#kernel';
import { found, type GraphContext } from '../graph-context.ts';

/**
 * A group must have been made for it, because owners and helpdesks let people into any other one.
 * Throws `Request_ResourceNotFound` or `Request_BadRequest`.
 */
export function requireHolder({ directory }: GraphContext, role: string, id: string): void {
  const type = found(directory.principalType(id), id);
  if (type === 'Group' && !directory.group(id)?.isAssignableToRole) {
    throw new ApiError(graphErrors.groupNotAssignable);
  }
  if (directory.directoryRole(role)?.members.includes(id)) {
    throw new ApiError(graphErrors.referenceExists, { property: 'members' });
  }
}

/** Throws if nobody but `id` could administer the tenant: who goes must not be the last. */
export function requireOthers({ directory }: Pick<GraphContext, 'directory'>, id: string): void {
  const role = directoryRoleIds.globalAdministrator;
  const holders = directory.directoryRole(role)?.members ?? [];
  const others = holders.filter((other) => other !== id && directory.isEnabled(other));
  if (holders.includes(id) && others.length === 0)
    throw new ApiError(graphErrors.lastAdministrator);
}

/** Throws `Request_ResourceNotFound`, or refuses to leave the tenant without an administrator. */
export function requireNotLast({ directory }: GraphContext, role: string, id: string): void {
  const holders = directory.directoryRole(role)?.members ?? [];
  found(holders.includes(id) ? id : undefined, id);
  if (role === directoryRoleIds.globalAdministrator) requireOthers({ directory }, id);
}
