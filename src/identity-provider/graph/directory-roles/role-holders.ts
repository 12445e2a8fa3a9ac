// Who can hold a directory role, and who does.
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

/** Throws `Request_ResourceNotFound`. */
export function requireHeld({ directory }: GraphContext, role: string, id: string): void {
  found(
    directory.directoryRole(role)?.members.find((member) => member === id),
    id,
  );
}
