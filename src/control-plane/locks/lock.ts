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
  const verb = question.operation.method === 'DELETE' ? 'delete' : 'write';
  throw scopeLocked(lock, question.scope, verb);
}

/** For rows whose handler decides, and then has to ask this. Throws ScopeLocked. */
export function refuseLockedWrite({ resources }: Management, scope: string): void {
  const lock = findLock(resources.locks(), 'write', scope);
  if (lock !== undefined) throw scopeLocked(lock, scope, 'write');
}

function scopeLocked(lock: Lock, scope: string, verb: 'write' | 'delete'): ApiError {
  const args = {
    scope,
    verb,
    lockedScope: lock.scope,
  };
  const reason = { code: 'ScopeLocked', lock: lock.name, scope: lock.scope };
  return new ApiError(resourceManagerErrors.scopeLocked, args, { reason });
}

/** The lock that forbids the operation, if one does. */
export function decideLock(
  locks: Iterable<Lock>,
  { operation, scope }: LockQuestion,
): Lock | undefined {
  const verb = verbOf(operation);
  return verb === 'read' ? undefined : findLock(locks, verb, scope);
}

function findLock(
  locks: Iterable<Lock>,
  verb: 'write' | 'delete',
  scope: string,
): Lock | undefined {
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
