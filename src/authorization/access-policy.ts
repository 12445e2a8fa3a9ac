// Access policies of one vault, the classic model: who may do what with which type of object, at
// the whole vault and nowhere smaller. Pure.
import type { AccessPolicyEntry, Vault } from '#resources';
import { type Caller, isCaller } from './caller.ts';

/** What a vault says about access to its objects. */
export type VaultAccess = Pick<
  Vault,
  | 'uid'
  | 'name'
  | 'tenantId'
  | 'subscriptionId'
  | 'resourceGroup'
  | 'accessPolicies'
  | 'enableRbacAuthorization'
>;

// `all` predates soft-delete: Azure's own command line grants `all` and `purge` side by side.
const NOT_IN_ALL = 'purge';

const OBJECT_TYPES = ['keys', 'secrets', 'certificates', 'storage'] as const;

export type PolicyEntryVerdict = 'applies' | 'otherPrincipal' | 'otherApplication' | 'otherTenant';

/** Whether an entry speaks about this caller, by object id or through a group. */
export function judgePolicyEntry(
  entry: AccessPolicyEntry,
  vault: Pick<VaultAccess, 'tenantId'>,
  caller: Caller,
): PolicyEntryVerdict {
  const { principal } = caller;
  if (!isCaller(caller, entry.objectId.toLowerCase())) return 'otherPrincipal';
  if (entry.tenantId.toLowerCase() !== vault.tenantId.toLowerCase()) return 'otherTenant';
  if (entry.applicationId === undefined) return 'applies';
  // Compound identity: a user, signed in through this application. An application acting for itself
  // has no user, so the entry is not about it even where the ids agree.
  const through = entry.applicationId.toLowerCase() === principal.applicationId.toLowerCase();
  return principal.type === 'User' && through ? 'applies' : 'otherApplication';
}

/** The entries of a vault that are about the caller, without going through all 1,024 of them. */
export function policyEntriesFor(
  vault: Pick<VaultAccess, 'tenantId' | 'accessPolicies'>,
  caller: Caller,
): readonly AccessPolicyEntry[] {
  const byObject = entriesByObject(vault.accessPolicies);
  const found = [...(byObject.get(caller.id) ?? [])];
  if (byObject.size <= caller.groups.size) {
    for (const [id, entries] of byObject) if (caller.groups.has(id)) found.push(...entries);
  } else {
    for (const group of caller.groups) found.push(...(byObject.get(group) ?? []));
  }
  return found.filter((entry) => judgePolicyEntry(entry, vault, caller) === 'applies');
}

type EntriesByObject = ReadonlyMap<string, readonly AccessPolicyEntry[]>;

// The list of a vault is replaced when it changes, never altered, so this cannot go stale.
const grouped = new WeakMap<readonly AccessPolicyEntry[], EntriesByObject>();

function entriesByObject(entries: readonly AccessPolicyEntry[]): EntriesByObject {
  const known = grouped.get(entries);
  if (known) return known;
  const byObject = Map.groupBy(entries, ({ objectId }) => objectId.toLowerCase());
  grouped.set(entries, byObject);
  return byObject;
}

/** `permission` is `<type>/<name>`, for example `secrets/get`; compared without case. */
export function policyPermits(entry: AccessPolicyEntry, permission: string): boolean {
  const [type = '', name = ''] = permission.toLowerCase().split('/');
  const objectType = OBJECT_TYPES.find((candidate) => candidate === type);
  if (objectType === undefined || name === '') return false;
  const listed = entry.permissions[objectType] ?? [];
  return listed.some((text) => {
    const given = text.toLowerCase();
    return given === name || (given === 'all' && name !== NOT_IN_ALL);
  });
}
