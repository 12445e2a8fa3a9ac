// What Azure Resource Manager records of one tenant, in memory: every look-up is synchronous,
// compares names without case, and sees each committed change at once. It only reads; the functions
// beside it write, through a view.
import { Projection, type Storage, tenantPartition } from '#storage';
import { builtInRoles } from './built-in-roles.ts';
import { type ResourceKind, resourceKey, resourcePrefixes } from './paths.ts';
import type {
  DenyAssignment,
  Lock,
  Machine,
  ManagementGroup,
  PendingPurge,
  ResourceGroup,
  RoleAssignment,
  RoleDefinition,
  RoleManagementPolicy,
  RoleSchedule,
  RoleScheduleRequest,
  Subscription,
  UserAssignedIdentity,
  Vault,
} from './records.ts';
import { isSameId, parseResourceId, scopeParts } from './resource-id.ts';
import { RoleAssignmentIndex } from './role-assignment-index.ts';

export interface ResourcesOptions {
  readonly storage: Storage;
  readonly tenantId: string;
}

interface Projections {
  readonly subscriptions: Projection<Subscription>;
  readonly resourceGroups: Projection<ResourceGroup>;
  readonly vaults: Projection<Vault>;
  readonly identities: Projection<UserAssignedIdentity>;
  readonly machines: Projection<Machine>;
  readonly roleAssignments: Projection<RoleAssignment>;
  readonly roleDefinitions: Projection<RoleDefinition>;
  readonly denyAssignments: Projection<DenyAssignment>;
  readonly managementGroups: Projection<ManagementGroup>;
  readonly locks: Projection<Lock>;
  readonly purges: Projection<PendingPurge>;
  readonly schedules: Projection<RoleSchedule>;
  readonly scheduleRequests: Projection<RoleScheduleRequest>;
  readonly policies: Projection<RoleManagementPolicy>;
}

/** Where a resource of a resource group stands. */
export interface Place {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

function placeKey({ subscriptionId, resourceGroup, name }: Place): string {
  return resourceKey(subscriptionId, resourceGroup, name);
}

/** Azure allows six below the root; the bound only stops a damaged record from looping. */
const GROUP_LEVELS_MAX = 16;

const builtInByName: ReadonlyMap<string, RoleDefinition> = new Map(
  builtInRoles.map((role) => [role.name, role]),
);

export class Resources {
  readonly tenantId: string;
  readonly #records: Projections;
  readonly #assignments: RoleAssignmentIndex;

  private constructor(tenantId: string, records: Projections) {
    this.tenantId = tenantId;
    this.#records = records;
    this.#assignments = new RoleAssignmentIndex(records.roleAssignments);
  }

  static async open({ storage, tenantId }: ResourcesOptions): Promise<Resources> {
    const open = <T>(kind: ResourceKind) => {
      const prefix = tenantPartition(tenantId) + resourcePrefixes[kind];
      return Projection.open<T>(storage, prefix);
    };
    return new Resources(tenantId, {
      subscriptions: await open<Subscription>('subscription'),
      resourceGroups: await open<ResourceGroup>('resourceGroup'),
      vaults: await open<Vault>('vault'),
      identities: await open<UserAssignedIdentity>('identity'),
      machines: await open<Machine>('machine'),
      roleAssignments: await open<RoleAssignment>('roleAssignment'),
      roleDefinitions: await open<RoleDefinition>('roleDefinition'),
      denyAssignments: await open<DenyAssignment>('denyAssignment'),
      managementGroups: await open<ManagementGroup>('managementGroup'),
      locks: await open<Lock>('lock'),
      purges: await open<PendingPurge>('purge'),
      schedules: await open<RoleSchedule>('roleSchedule'),
      scheduleRequests: await open<RoleScheduleRequest>('roleScheduleRequest'),
      policies: await open<RoleManagementPolicy>('roleManagementPolicy'),
    });
  }

  subscription(id: string): Subscription | undefined {
    return this.#records.subscriptions.get(resourceKey(id));
  }

  subscriptions(): Iterable<Subscription> {
    return this.#records.subscriptions.values();
  }

  resourceGroup(subscriptionId: string, name: string): ResourceGroup | undefined {
    return this.#records.resourceGroups.get(resourceKey(subscriptionId, name));
  }

  resourceGroups(): Iterable<ResourceGroup> {
    return this.#records.resourceGroups.values();
  }

  /** Live or soft-deleted: a name belongs to one vault until that is purged. */
  vault(name: string): Vault | undefined {
    return this.#records.vaults.get(resourceKey(name));
  }

  liveVault(name: string): Vault | undefined {
    const vault = this.vault(name);
    return vault?.deleted === undefined ? vault : undefined;
  }

  /** Live and soft-deleted. */
  vaults(): Iterable<Vault> {
    return this.#records.vaults.values();
  }

  /** `place` in whichever letters. */
  identity(place: Place): UserAssignedIdentity | undefined {
    return this.#records.identities.get(placeKey(place));
  }

  identities(): Iterable<UserAssignedIdentity> {
    return this.#records.identities.values();
  }

  machine(place: Place): Machine | undefined {
    return this.#records.machines.get(placeKey(place));
  }

  machines(): Iterable<Machine> {
    return this.#records.machines.values();
  }

  /** Keyed by the assignment's name (GUID, lower case). */
  roleAssignments(): Projection<RoleAssignment> {
    return this.#records.roleAssignments;
  }

  /** The same by scope, principal and role. */
  assignmentIndex(): RoleAssignmentIndex {
    return this.#assignments;
  }

  /** Built-in or custom, by GUID. */
  roleDefinition(name: string): RoleDefinition | undefined {
    const key = name.toLowerCase();
    return builtInByName.get(key) ?? this.#records.roleDefinitions.get(key);
  }

  /** Built-in ones first. */
  *roleDefinitions(): Iterable<RoleDefinition> {
    yield* builtInRoles;
    yield* this.#records.roleDefinitions.values();
  }

  /** Custom roles only, keyed by GUID in lower case: for indexes that follow their changes. */
  customRoles(): Projection<RoleDefinition> {
    return this.#records.roleDefinitions;
  }

  denyAssignments(): Projection<DenyAssignment> {
    return this.#records.denyAssignments;
  }

  /** Keyed by the group's name in lower case. */
  managementGroups(): Projection<ManagementGroup> {
    return this.#records.managementGroups;
  }

  /** Names of the management groups that `scope` lies in, nearest first, the root group last. */
  groupsAbove(scope: string): readonly string[] {
    const id = parseResourceId(scope);
    if (id === undefined) return [];
    const { subscriptionId, managementGroup } = scopeParts(id);
    const above: string[] = [];
    let next =
      managementGroup === undefined
        ? subscriptionId && (this.subscription(subscriptionId)?.managementGroup ?? this.tenantId)
        : this.#parentGroup(managementGroup);
    while (next !== undefined && above.length < GROUP_LEVELS_MAX) {
      above.push(next);
      next = this.#parentGroup(next);
    }
    return above;
  }

  #parentGroup(name: string): string | undefined {
    if (isSameId(name, this.tenantId)) return undefined;
    return this.#records.managementGroups.get(resourceKey(name))?.parent ?? this.tenantId;
  }

  /** Keyed by subscription id in lower case: for indexes that follow where subscriptions hang. */
  subscriptionRecords(): Projection<Subscription> {
    return this.#records.subscriptions;
  }

  locks(): Iterable<Lock> {
    return this.#records.locks.values();
  }

  /** Vaults whose records are gone and whose objects are still to be wiped. */
  pendingPurges(): Iterable<PendingPurge> {
    return this.#records.purges.values();
  }

  /** Eligibilities and time-bound assignments, by name. */
  roleSchedules(): Projection<RoleSchedule> {
    return this.#records.schedules;
  }

  roleScheduleRequests(): Projection<RoleScheduleRequest> {
    return this.#records.scheduleRequests;
  }

  /** Changed rules, by the policy's name. */
  roleManagementPolicy(name: string): RoleManagementPolicy | undefined {
    return this.#records.policies.get(resourceKey(name));
  }
}
