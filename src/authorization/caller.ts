// Who asks: the principal of the token and the groups it belongs to at this moment. Membership
// comes from the directory and never from the token, so that leaving a group bites at the next
// request.
import type { Principal } from '#kernel';

export interface Caller {
  readonly principal: Principal;
  /** Object id, lower-case. */
  readonly id: string;
  /** Lower-case ids, through any depth of nesting. */
  readonly groups: ReadonlySet<string>;
}

/** Whether an assignment or policy entry for `principalId` (lower-case) is about the caller. */
export function isCaller(caller: Caller, principalId: string): boolean {
  return principalId === caller.id || caller.groups.has(principalId);
}
