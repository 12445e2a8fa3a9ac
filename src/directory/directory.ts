// The directory of one tenant, in memory: every look-up is synchronous and sees each committed
// change at once. It only reads; writing is done by the functions beside it, through a view.
import type { Clock } from '#kernel';
import { Projection, type Storage, tenantPartition } from '#storage';
import type { DeletedItem } from './deleted-items.ts';
import { ListIndex } from './list-index.ts';
import { managedIdentityClient } from './managed-identities.ts';
import { Memberships } from './memberships.ts';
import { type DirectoryKind, directoryPrefixes } from './paths.ts';
import type {
  Application,
  AppRoleAssignment,
  AuthenticationMethods,
  DirectoryRole,
  Group,
  Host,
  OAuth2PermissionGrant,
  ServicePrincipal,
  SigningKey,
  Tenant,
  User,
} from './records.ts';
import { SigningKeys } from './signing-keys.ts';
import { UniqueIndex } from './unique-index.ts';
import { wellKnownClient } from './well-known.ts';

export type DirectoryObjectType = 'User' | 'Group' | 'ServicePrincipal';

export interface DirectoryOptions {
  readonly storage: Storage;
  readonly tenantId: string;
  readonly clock: Clock;
}

interface Projections {
  readonly tenants: Projection<Tenant>;
  readonly applications: Projection<Application>;
  readonly servicePrincipals: Projection<ServicePrincipal>;
  readonly hosts: Projection<Host>;
  readonly users: Projection<User>;
  readonly authenticationMethods: Projection<AuthenticationMethods>;
  readonly groups: Projection<Group>;
  readonly roles: Projection<DirectoryRole>;
  readonly signingKeys: Projection<SigningKey>;
  readonly appRoleAssignments: Projection<AppRoleAssignment>;
  readonly permissionGrants: Projection<OAuth2PermissionGrant>;
}

export class Directory {
  readonly tenantId: string;
  readonly signingKeys: SigningKeys;
  readonly #records: Projections;
  readonly #memberships: Memberships;
  readonly #applicationsByAppId: UniqueIndex<Application>;
  readonly #applicationsByUri: UniqueIndex<Application>;
  readonly #principalsByAppId: UniqueIndex<ServicePrincipal>;
  readonly #hostsByResource: UniqueIndex<Host>;
  readonly #usersByName: UniqueIndex<User>;
  readonly #rolesByPrincipal: ListIndex<AppRoleAssignment>;
  readonly #rolesByResource: ListIndex<AppRoleAssignment>;
  readonly #grantsByClient: ListIndex<OAuth2PermissionGrant>;

  private constructor(options: DirectoryOptions, records: Projections) {
    this.tenantId = options.tenantId;
    this.#records = records;
    this.signingKeys = new SigningKeys(records.signingKeys, options.clock);
    this.#memberships = new Memberships(records.groups);
    this.#applicationsByAppId = new UniqueIndex(records.applications, (application) =>
      isLive(application) ? [application.appId] : [],
    );
    this.#applicationsByUri = new UniqueIndex(records.applications, (application) =>
      isLive(application) ? application.identifierUris : [],
    );
    this.#principalsByAppId = new UniqueIndex(records.servicePrincipals, (principal) =>
      isLive(principal) ? [principal.appId] : [],
    );
    this.#hostsByResource = new UniqueIndex(records.hosts, ({ resourceId }) => [resourceId]);
    this.#usersByName = new UniqueIndex(records.users, (user) =>
      isLive(user) ? [user.userPrincipalName] : [],
    );
    const { appRoleAssignments, permissionGrants } = records;
    this.#rolesByPrincipal = new ListIndex(appRoleAssignments, (one) => one.principalId);
    this.#rolesByResource = new ListIndex(appRoleAssignments, (one) => one.resourceId);
    this.#grantsByClient = new ListIndex(permissionGrants, (grant) => grant.clientId);
  }

  /** Opens before the tenant exists, too; it fills as `bootstrapTenant` writes. */
  static async open(options: DirectoryOptions): Promise<Directory> {
    const { storage, tenantId } = options;
    const open = <T>(kind: DirectoryKind) =>
      Projection.open<T>(storage, tenantPartition(tenantId) + directoryPrefixes[kind]);
    const records: Projections = {
      tenants: await open<Tenant>('tenant'),
      applications: await open<Application>('application'),
      servicePrincipals: await open<ServicePrincipal>('servicePrincipal'),
      hosts: await open<Host>('host'),
      users: await open<User>('user'),
      authenticationMethods: await open<AuthenticationMethods>('authenticationMethods'),
      groups: await open<Group>('group'),
      roles: await open<DirectoryRole>('role'),
      signingKeys: await open<SigningKey>('signingKey'),
      appRoleAssignments: await open<AppRoleAssignment>('appRoleAssignment'),
      permissionGrants: await open<OAuth2PermissionGrant>('permissionGrant'),
    };
    return new Directory(options, records);
  }

  /** Throws if the tenant was never bootstrapped. */
  get tenant(): Tenant {
    const [tenant] = this.#records.tenants.values();
    if (tenant === undefined) throw new Error(`tenant ${this.tenantId} does not exist`);
    return tenant;
  }

  application(id: string): Application | undefined {
    return live(this.#records.applications.get(id.toLowerCase()));
  }

  applicationByAppId(appId: string): Application | undefined {
    return this.#applicationsByAppId.get(appId);
  }

  /** By client id, or by one of its identifier URIs (application ID URI). */
  applicationByResource(resource: string): Application | undefined {
    return this.#applicationsByAppId.get(resource) ?? this.#applicationsByUri.get(resource);
  }

  /**
   * Like `applicationByAppId`, and what has no application object: Microsoft's own public clients
   * (Azure CLI, PowerShell) and managed identities.
   */
  client(appId: string): Application | undefined {
    return (
      this.#applicationsByAppId.get(appId) ??
      wellKnownClient(appId) ??
      managedIdentityClient(this.#principalsByAppId.get(appId))
    );
  }

  servicePrincipal(id: string): ServicePrincipal | undefined {
    return live(this.#records.servicePrincipals.get(id.toLowerCase()));
  }

  servicePrincipalByAppId(appId: string): ServicePrincipal | undefined {
    return this.#principalsByAppId.get(appId);
  }

  /** A registered machine by the id of its registration. */
  host(id: string): Host | undefined {
    return this.#records.hosts.get(id.toLowerCase());
  }

  /** By the machine's ARM id, in whichever letters. */
  hostByResource(resourceId: string): Host | undefined {
    return this.#hostsByResource.get(resourceId);
  }

  user(id: string): User | undefined {
    return live(this.#records.users.get(id.toLowerCase()));
  }

  userByName(userPrincipalName: string): User | undefined {
    return this.#usersByName.get(userPrincipalName);
  }

  /** What the person has registered beside the password. */
  authenticationMethods(userId: string): AuthenticationMethods {
    const known = this.#records.authenticationMethods.get(userId.toLowerCase());
    return known ?? { userId, passkeys: [] };
  }

  hasSecondFactor(userId: string): boolean {
    const { authenticator, passkeys } = this.authenticationMethods(userId);
    return authenticator !== undefined || passkeys.length > 0;
  }

  group(id: string): Group | undefined {
    return live(this.#records.groups.get(id.toLowerCase()));
  }

  applications(): readonly Application[] {
    return [...this.#records.applications.values()].filter(isLive);
  }

  servicePrincipals(): readonly ServicePrincipal[] {
    return [...this.#records.servicePrincipals.values()].filter(isLive);
  }

  users(): readonly User[] {
    return [...this.#records.users.values()].filter(isLive);
  }

  groups(): readonly Group[] {
    return [...this.#records.groups.values()].filter(isLive);
  }

  /** What was deleted and can still be restored. */
  deletedItems(): readonly DeletedItem[] {
    const { users, groups, applications, servicePrincipals } = this.#records;
    const isDeleted = (record: Deletable) => !isLive(record);
    return [
      ...[...users.values()].filter(isDeleted).map((record) => ({ kind: 'user', record }) as const),
      ...[...groups.values()]
        .filter(isDeleted)
        .map((record) => ({ kind: 'group', record }) as const),
      ...[...applications.values()]
        .filter(isDeleted)
        .map((record) => ({ kind: 'application', record }) as const),
      ...[...servicePrincipals.values()]
        .filter(isDeleted)
        .map((record) => ({ kind: 'servicePrincipal', record }) as const),
    ];
  }

  /** Users, groups and service principals; applications are not principals. */
  principalType(id: string): DirectoryObjectType | undefined {
    if (this.user(id)) return 'User';
    if (this.servicePrincipal(id)) return 'ServicePrincipal';
    return this.group(id) ? 'Group' : undefined;
  }

  /** Of a user, a service principal or a group. */
  displayName(id: string): string | undefined {
    return (this.user(id) ?? this.servicePrincipal(id) ?? this.group(id))?.displayName;
  }

  principalExists(id: string): boolean {
    return this.principalType(id) !== undefined;
  }

  /** `false` for a disabled account and for one that does not exist. */
  isEnabled(objectId: string): boolean {
    const account = this.user(objectId) ?? this.servicePrincipal(objectId);
    return account?.accountEnabled ?? false;
  }

  /** Groups the object belongs to, through any depth of nesting. */
  memberOf(objectId: string): ReadonlySet<string> {
    return this.#memberships.of(objectId);
  }

  directMemberOf(objectId: string): ReadonlySet<string> {
    return this.#memberships.directOf(objectId);
  }

  /** Template ids of the directory roles that the object, or a group it belongs to, holds. */
  directoryRoles(objectId: string): ReadonlySet<string> {
    const groups = this.memberOf(objectId);
    const holds = (member: string) => member === objectId || groups.has(member);
    const roles = [...this.#records.roles.values()].filter((role) => role.members.some(holds));
    return new Set(roles.map((role) => role.roleTemplateId));
  }

  /** Those that the object holds itself, not through a group. */
  directDirectoryRoles(objectId: string): ReadonlySet<string> {
    const roles = [...this.#records.roles.values()];
    const held = roles.filter((role) => role.members.includes(objectId));
    return new Set(held.map((role) => role.roleTemplateId));
  }

  /** Ids of the applications, service principals and groups that the object owns. */
  ownedBy(objectId: string): readonly string[] {
    const all = [...this.applications(), ...this.servicePrincipals(), ...this.groups()];
    return all.filter(({ owners }) => owners.includes(objectId)).map(({ id }) => id);
  }

  directoryRole(roleTemplateId: string): DirectoryRole | undefined {
    return this.#records.roles.get(roleTemplateId.toLowerCase());
  }

  appRoleAssignment(id: string): AppRoleAssignment | undefined {
    return this.#records.appRoleAssignments.get(id.toLowerCase());
  }

  /** App roles that this very principal holds, on any resource. */
  appRolesHeldBy(principalId: string): readonly AppRoleAssignment[] {
    return this.#rolesByPrincipal.get(principalId);
  }

  /** App roles of this service principal, whoever holds them. */
  appRolesOf(resourceId: string): readonly AppRoleAssignment[] {
    return this.#rolesByResource.get(resourceId);
  }

  permissionGrant(id: string): OAuth2PermissionGrant | undefined {
    return this.#records.permissionGrants.get(id.toLowerCase());
  }

  permissionGrants(): readonly OAuth2PermissionGrant[] {
    return [...this.#records.permissionGrants.values()];
  }

  /** What people, or an administrator for all, have consented to; by the client's principal. */
  permissionsGrantedTo(clientId: string): readonly OAuth2PermissionGrant[] {
    return this.#grantsByClient.get(clientId);
  }

  /**
   * Calls `listener` with the id of every directory object as it is created, changed or deleted.
   */
  onChange(listener: (id: string) => void): void {
    const { applications, servicePrincipals, users, groups, roles } = this.#records;
    for (const records of [applications, servicePrincipals, users, groups, roles]) {
      records.subscribe((id) => listener(id));
    }
  }
}

interface Deletable {
  readonly deletedDateTime?: string;
}

function isLive(record: Deletable): boolean {
  return record.deletedDateTime === undefined;
}

function live<T extends Deletable>(record: T | undefined): T | undefined {
  return record !== undefined && isLive(record) ? record : undefined;
}
