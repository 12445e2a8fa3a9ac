// A tenant always has somebody who can administer it. Asked inside the transaction that would take
// him away, of everything that can: of two administrators who go at the same moment one stays.
import { graphErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import { directoryRoleIds } from './directory-role-ids.ts';
import { recordPath } from './paths.ts';
import type { DirectoryRole, ServicePrincipal, User } from './records.ts';

/** Throws if `id` administers the tenant and nobody else does. */
export async function requireOtherAdministrator(
  transaction: Transaction,
  id: string,
): Promise<void> {
  const path = recordPath('role', directoryRoleIds.globalAdministrator);
  const holders = (await transaction.get<DirectoryRole>(path))?.members ?? [];
  if (!holders.includes(id) || !(await administers(transaction, id))) return;
  for (const other of holders) {
    if (other !== id && (await administers(transaction, other))) return;
  }
  throw new ApiError(graphErrors.lastAdministrator);
}

/**
 * Not who holds the role through a group, which may be emptied; nor a managed identity, which goes
 * with its resource whatever it holds.
 */
async function administers(transaction: Transaction, id: string): Promise<boolean> {
  const user = await transaction.get<User>(recordPath('user', id));
  if (user !== undefined) return user.accountEnabled && user.deletedDateTime === undefined;
  const own = await transaction.get<ServicePrincipal>(recordPath('servicePrincipal', id));
  return (
    own?.accountEnabled === true &&
    own.deletedDateTime === undefined &&
    own.servicePrincipalType !== 'ManagedIdentity'
  );
}
