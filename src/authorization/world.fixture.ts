// A small world for tests: plain records in, the same look-ups out that the Authorizer gives.
// Nothing but tests imports it.
import type { Principal } from '#kernel';
import type {
  AccessPolicyEntry,
  DenyAssignment,
  RoleAssignment,
  RoleDefinition,
  RolePermission,
} from '#resources';
import { builtInRoles } from '#resources';
import { AssignmentIndex, DenyIndex } from './assignment-index.ts';
import type { DataAccess, ExplainableWorld, VaultAccess } from './decision.ts';
import { compileRole } from './role.ts';

export const TENANT = '11111111-1111-4111-8111-111111111111';
export const SUBSCRIPTION = '/subscriptions/22222222-2222-4222-8222-222222222222';
export const GROUP = `${SUBSCRIPTION}/resourceGroups/Payments`;
export const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/kv1`;
export const NOW_MS = Date.UTC(2026, 5, 1);

export interface WorldRecords {
  readonly roles?: readonly RoleDefinition[];
  readonly assignments?: readonly RoleAssignment[];
  readonly denies?: readonly DenyAssignment[];
  /** Group id → ids of its direct members. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly inactive?: readonly string[];
  /** Key of a subscription or management group → keys of the groups above it. */
  readonly above?: Readonly<Record<string, readonly string[]>>;
  readonly directoryRoles?: Readonly<Record<string, readonly string[]>>;
}

export function worldOf(records: WorldRecords): ExplainableWorld {
  const assignments = new AssignmentIndex();
  const denies = new DenyIndex();
  for (const assignment of records.assignments ?? []) assignments.add(assignment);
  for (const deny of records.denies ?? []) denies.add(deny);
  const roles = [...builtInRoles, ...(records.roles ?? [])];
  const definitions = new Map(roles.map((role) => [role.name, role]));
  const groups = Object.entries(records.groups ?? {});
  const directMemberOf = (id: string) =>
    new Set(groups.filter(([, members]) => members.includes(id)).map(([group]) => group));
  return {
    tenantId: TENANT,
    assignmentsAt: (key) => assignments.at(key),
    deniesAt: (key) => denies.at(key),
    role: (name) => {
      const definition = definitions.get(name.toLowerCase());
      return definition && compileRole(definition);
    },
    roles: () => roles,
    managementGroupsAbove: (key) => records.above?.[key] ?? [],
    isActive: (id) => !(records.inactive ?? []).includes(id),
    directMemberOf,
    memberOf: (id) => {
      const found = new Set<string>();
      const open = [id];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        for (const group of directMemberOf(at)) {
          if (!found.has(group)) open.push(group);
          found.add(group);
        }
      }
      return found;
    },
    directoryRoles: (id) => new Set(records.directoryRoles?.[id] ?? []),
  };
}

/** The id of the built-in role with this name. */
export function roleNamed(roleName: string): string {
  const role = builtInRoles.find((each) => each.roleName === roleName);
  if (role === undefined) throw new Error(`no built-in role ${roleName}`);
  return role.name;
}

let made = 0;

/** A GUID that no other record of this run has. */
export function freshGuid(): string {
  made += 1;
  return `aaaaaaaa-0000-4000-8000-${made.toString(16).padStart(12, '0')}`;
}

export function assign(
  changes: Pick<RoleAssignment, 'principalId' | 'scope' | 'roleDefinitionName'> &
    Partial<RoleAssignment>,
): RoleAssignment {
  return {
    name: freshGuid(),
    principalType: 'User',
    createdOn: '',
    updatedOn: '',
    createdBy: '',
    updatedBy: '',
    ...changes,
  };
}

export function customRole(
  permissions: readonly Partial<RolePermission>[],
  changes: Partial<RoleDefinition> = {},
): RoleDefinition {
  return {
    name: freshGuid(),
    roleName: 'Custom',
    type: 'CustomRole',
    description: '',
    assignableScopes: [SUBSCRIPTION],
    permissions: permissions.map((permission) => ({
      actions: [],
      notActions: [],
      dataActions: [],
      notDataActions: [],
      ...permission,
    })),
    ...changes,
  };
}

export function denyAssignment(
  changes: Pick<DenyAssignment, 'scope' | 'principals'> & {
    readonly permission: Partial<RolePermission>;
  } & Partial<DenyAssignment>,
): DenyAssignment {
  const { permission, ...rest } = changes;
  return {
    name: freshGuid(),
    denyAssignmentName: 'deny',
    description: '',
    doNotApplyToChildScopes: false,
    permissions: customRole([permission]).permissions,
    excludePrincipals: [],
    isSystemProtected: true,
    ...rest,
  };
}

export function person(objectId: string, changes: Partial<Principal> = {}): Principal {
  return {
    type: 'User',
    tenantId: TENANT,
    objectId,
    applicationId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    issuer: `https://login.localhost/${TENANT}/`,
    claims: {},
    ...changes,
  };
}

export function vaultOf(changes: Partial<VaultAccess> = {}): VaultAccess {
  return {
    uid: 'uid-kv1',
    name: 'kv1',
    tenantId: TENANT,
    subscriptionId: SUBSCRIPTION.slice('/subscriptions/'.length),
    resourceGroup: 'Payments',
    accessPolicies: [],
    enableRbacAuthorization: true,
    ...changes,
  };
}

export function policyFor(
  objectId: string,
  permissions: AccessPolicyEntry['permissions'],
  changes: Partial<AccessPolicyEntry> = {},
): AccessPolicyEntry {
  return { tenantId: TENANT, objectId, permissions, ...changes };
}

const SECRETS = 'Microsoft.KeyVault/vaults/secrets/';

export const secretAccess = {
  get: access('getSecret/action', 'secrets/get', 'object'),
  list: access('readMetadata/action', 'secrets/list', 'vault'),
  set: access('setSecret/action', 'secrets/set', 'object'),
  purge: access('purge/action', 'secrets/purge', 'object'),
} as const;

function access(action: string, permission: string, at: DataAccess['at']): DataAccess {
  return { kind: 'data', action: SECRETS + action, policy: [permission], at };
}
