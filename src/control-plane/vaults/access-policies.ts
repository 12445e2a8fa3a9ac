// Access policies as lists: parsed, and changed by `add`, `replace` and `remove`. An entry is known
// by its object id together with its application id.
import { resourceManagerErrors } from '#errors';
import { ApiError, isGuid, z } from '#kernel';
import type { AccessPolicyEntry, AccessPolicyPermissions } from '#resources';

const ENTRIES_MAX = 1024;

const OBJECT_PERMISSIONS = 'all get list delete backup restore recover purge';

/** What each list may hold; compared without case, kept as given. */
const PERMISSIONS = {
  keys: new Set(
    `${OBJECT_PERMISSIONS} encrypt decrypt wrapkey unwrapkey sign verify create update import release rotate getrotationpolicy setrotationpolicy`.split(
      ' ',
    ),
  ),
  secrets: new Set(`${OBJECT_PERMISSIONS} set`.split(' ')),
  certificates: new Set(
    `${OBJECT_PERMISSIONS} create import update managecontacts getissuers listissuers setissuers deleteissuers manageissuers`.split(
      ' ',
    ),
  ),
  storage: new Set(
    `${OBJECT_PERMISSIONS} set update regeneratekey getsas listsas setsas deletesas`.split(' '),
  ),
} as const;

const permissionList = z.array(z.string()).nullish();

export const accessPoliciesSchema = z.array(
  z.looseObject({
    tenantId: z.string(),
    objectId: z.string(),
    applicationId: z.string().nullish(),
    permissions: z.looseObject({
      keys: permissionList,
      secrets: permissionList,
      certificates: permissionList,
      storage: permissionList,
    }),
  }),
);

type EntryInput = z.infer<typeof accessPoliciesSchema>[number];

/** Throws BadRequest for an unknown permission, an id that is none, another tenant, a duplicate. */
export function parseAccessPolicies(
  entries: readonly EntryInput[],
  vaultTenantId: string,
): readonly AccessPolicyEntry[] {
  const parsed = entries.map((entry) => parseEntry(entry, vaultTenantId));
  if (new Set(parsed.map(entryKey)).size !== parsed.length) throw invalid();
  return withinLimit(parsed);
}

function parseEntry(entry: EntryInput, vaultTenantId: string): AccessPolicyEntry {
  const { tenantId, objectId, applicationId } = entry;
  if (!isGuid(objectId) || (applicationId != null && !isGuid(applicationId))) throw invalid();
  if (tenantId.toLowerCase() !== vaultTenantId.toLowerCase()) {
    const args = { tenantId: tenantId.slice(0, 40), what: 'access policy' };
    throw new ApiError(resourceManagerErrors.tenantInvalid, args);
  }
  return {
    tenantId,
    objectId,
    ...(applicationId != null && { applicationId }),
    permissions: {
      ...parseList('keys', entry.permissions.keys),
      ...parseList('secrets', entry.permissions.secrets),
      ...parseList('certificates', entry.permissions.certificates),
      ...parseList('storage', entry.permissions.storage),
    },
  };
}

type PermissionKind = keyof typeof PERMISSIONS;

function parseList(
  kind: PermissionKind,
  list: readonly string[] | null | undefined,
): AccessPolicyPermissions {
  if (list == null) return {};
  const known: ReadonlySet<string> = PERMISSIONS[kind];
  if (!list.every((permission) => known.has(permission.toLowerCase()))) throw invalid();
  return { [kind]: union([], list) };
}

export type PolicyChange = 'add' | 'replace' | 'remove';

/** `changes` merged into `stored`: union, replacement or difference per entry. */
export function changeAccessPolicies(
  stored: readonly AccessPolicyEntry[],
  kind: PolicyChange,
  changes: readonly AccessPolicyEntry[],
): readonly AccessPolicyEntry[] {
  const byKey = new Map(stored.map((entry) => [entryKey(entry), entry]));
  for (const change of changes) {
    const key = entryKey(change);
    const before = byKey.get(key);
    const after = changeEntry(before, kind, change);
    if (after === undefined) byKey.delete(key);
    else byKey.set(key, after);
  }
  return withinLimit([...byKey.values()]);
}

const KINDS: readonly PermissionKind[] = ['keys', 'secrets', 'certificates', 'storage'];

function changeEntry(
  before: AccessPolicyEntry | undefined,
  kind: PolicyChange,
  change: AccessPolicyEntry,
): AccessPolicyEntry | undefined {
  if (before === undefined) return kind === 'remove' ? undefined : change;
  if (kind === 'replace') return change;
  const merge = kind === 'add' ? union : difference;
  const permissions: AccessPolicyPermissions = Object.fromEntries(
    KINDS.map((name): [string, readonly string[]] => [
      name,
      merge(before.permissions[name] ?? [], change.permissions[name] ?? []),
    ]).filter(([name, list]) => list.length > 0 || (kind === 'add' && name in before.permissions)),
  );
  const empty = Object.values(permissions).every((list) => list.length === 0);
  return empty && kind === 'remove' ? undefined : { ...before, permissions };
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const text of [...a, ...b]) {
    if (!byName.has(text.toLowerCase())) byName.set(text.toLowerCase(), text);
  }
  return [...byName.values()];
}

function difference(a: readonly string[], b: readonly string[]): readonly string[] {
  const gone = new Set(b.map((text) => text.toLowerCase()));
  return a.filter((text) => !gone.has(text.toLowerCase()));
}

function entryKey({ objectId, applicationId }: AccessPolicyEntry): string {
  return `${objectId}|${applicationId ?? ''}`.toLowerCase();
}

function withinLimit(entries: readonly AccessPolicyEntry[]): readonly AccessPolicyEntry[] {
  if (entries.length > ENTRIES_MAX) throw invalid();
  return entries;
}

function invalid(): ApiError {
  return new ApiError(resourceManagerErrors.invalidValue, { property: 'accessPolicies' });
}
