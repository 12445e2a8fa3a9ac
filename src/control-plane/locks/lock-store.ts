// Locks as records, one per name and scope.
import { createHash } from 'node:crypto';
import { type Lock, resourcePath } from '#resources';

/** Hashed: a lock is known by its name together with its scope, which may be long. */
export function lockPath({ scope, name }: Pick<Lock, 'scope' | 'name'>): string {
  const id = `${scope}|${name}`.toLowerCase();
  return resourcePath('lock', createHash('sha256').update(id).digest('hex'));
}
