// Management locks as they bear on every other operation: `CanNotDelete` stops deletion, `ReadOnly`
// every change, of what the lock protects and of all below it. Deleting something above a locked
// resource would take it along, so that is stopped too.
import { resourceManagerErrors } from '#errors';
import { ApiError, type Operation } from '#kernel';
import { isWithin, type Lock } from '#resources';
import type { Management, ManagementTarget } from '../management.ts';

export interface LockQuestion {
  readonly operation: Pick<Operation<ManagementTarget>, 'method' | 'access'>;
  readonly scope: string;
}

/** Throws ScopeLocked. */
export function refuseLocked({ resources }: Management, question: LockQuestion): void {
  const lock = decideLock(resources.locks(), question);
  if (lock === undefined) return;
  const args = {
    scope: question.scope,
    verb: question.operation.method === 'DELETE' ? 'delete' : 'write',
    lockedScope: lock.scope,
  };
  const reason = { code: 'ScopeLocked', lock: lock.name, scope: lock.scope };
  throw new ApiError(resourceManagerErrors.scopeLocked, args, { reason });
}

/** The lock that forbids the operation, if one does. */
export function decideLock(
  locks: Iterable<Lock>,
  { operation, scope }: LockQuestion,
): Lock | undefined {
  const verb = verbOf(operation);
  if (verb === 'read') return undefined;
  for (const lock of locks) {
    if (verb === 'write' && lock.level === 'CanNotDelete') continue;
    if (isWithin(scope, lock.scope)) return lock;
    if (verb === 'delete' && isWithin(lock.scope, scope)) return lock;
  }
  return undefined;
}

function verbOf({ method, access }: LockQuestion['operation']): 'read' | 'write' | 'delete' {
  const action = access.kind === 'action' ? access.action.toLowerCase() : '';
  // A lock would otherwise be held by itself.
  if (action.startsWith('microsoft.authorization/locks/')) return 'read';
  if (action.endsWith('/read')) return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}
