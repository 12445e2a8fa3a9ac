// The access decision with its data at hand: role and deny assignments indexed in memory and
// followed change by change, roles and group membership asked for at each decision. A change that
// has been answered is seen by the very next decision.
import type { DenyAssignment, RoleAssignment, RoleDefinition } from '#resources';
import { AssignmentIndex, DenyIndex } from './assignment-index.ts';
import { decideAction, decideData, decideDirectory } from './decide.ts';
import type {
  ActionRequest,
  DataRequest,
  Decision,
  DirectoryRequest,
  ExplainableWorld,
} from './decision.ts';
import { type ExplainRequest, type Explanation, explain } from './explain.ts';
import { type ContainerSource, ManagementGroupPaths } from './management-groups.ts';
import { compileRole } from './role.ts';

/** Records in memory, and every later change to them. A Projection is one. */
export interface Feed<T> {
  values(): Iterable<T>;
  subscribe(
    listener: (key: string, value: T | undefined, previous: T | undefined) => void,
  ): unknown;
}

export interface RoleSource extends ContainerSource {
  roleAssignments(): Feed<RoleAssignment>;
  denyAssignments(): Feed<DenyAssignment>;
  /** Built-in or custom; the same object until the role changes. */
  roleDefinition(name: string): RoleDefinition | undefined;
  roleDefinitions(): Iterable<RoleDefinition>;
}

export interface MembershipSource {
  readonly tenantId: string;
  isEnabled(objectId: string): boolean;
  memberOf(objectId: string): ReadonlySet<string>;
  directMemberOf(objectId: string): ReadonlySet<string>;
  directoryRoles(objectId: string): ReadonlySet<string>;
}

export interface AuthorizerSources {
  readonly resources: RoleSource;
  readonly directory: MembershipSource;
}

export class Authorizer {
  readonly #world: ExplainableWorld;

  private constructor(world: ExplainableWorld) {
    this.#world = world;
  }

  static async open({ resources, directory }: AuthorizerSources): Promise<Authorizer> {
    const assignments = new AssignmentIndex();
    const denies = new DenyIndex();
    follow(resources.roleAssignments(), assignments);
    follow(resources.denyAssignments(), denies);
    const containers = new ManagementGroupPaths(resources);
    return new Authorizer({
      tenantId: directory.tenantId,
      assignmentsAt: (scopeKey) => assignments.at(scopeKey),
      deniesAt: (scopeKey) => denies.at(scopeKey),
      role: (name) => {
        const definition = resources.roleDefinition(name);
        return definition && compileRole(definition);
      },
      managementGroupsAbove: (containerKey) => containers.above(containerKey),
      isActive: (objectId) => directory.isEnabled(objectId),
      memberOf: (objectId) => directory.memberOf(objectId),
      directMemberOf: (objectId) => directory.directMemberOf(objectId),
      roles: () => resources.roleDefinitions(),
      directoryRoles: (objectId) => directory.directoryRoles(objectId),
    });
  }

  decideAction(request: ActionRequest): Decision {
    return decideAction(this.#world, request);
  }

  decideData(request: DataRequest): Decision {
    return decideData(this.#world, request);
  }

  /** The same decision with every step that led to it. Opens nothing. */
  explain(request: ExplainRequest): Explanation {
    return explain(this.#world, request);
  }

  decideDirectory(request: DirectoryRequest): Decision {
    return decideDirectory(this.#world, request);
  }
}

interface Index<T> {
  add(record: T): void;
  remove(record: T): void;
}

function follow<T>(feed: Feed<T>, index: Index<T>): void {
  for (const record of feed.values()) index.add(record);
  feed.subscribe((_key, record, previous) => {
    if (previous !== undefined) index.remove(previous);
    if (record !== undefined) index.add(record);
  });
}
