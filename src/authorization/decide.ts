// The access decision. Pure: no I/O and no clock of its own; everything it reads is in the World
// and the request. This is the only file that issues grants, so a store view exists only where this
// said yes. What it does not know, it refuses: an unknown scope, principal, role or condition never
// allows.

import { type Grant, issueGrant, type Principal } from '#kernel';
import { vaultResourceId } from '#resources';
import { tenantPartition, vaultPartition } from '#storage';
import { policyEntriesFor, policyPermits, type VaultAccess } from './access-policy.ts';
import type { IndexedAssignment } from './assignment-index.ts';
import type { Caller } from './caller.ts';
import { conditionContext } from './condition-context.ts';
import {
  type ActionRequest,
  CONSIDERED_MAX,
  type ConsideredAssignment,
  type DataRequest,
  type Decision,
  type DenialReason,
  type DirectoryRequest,
  type World,
} from './decision.ts';
import { directoryPermits } from './directory-permissions.ts';
import {
  considerAssignments,
  describeConsidered,
  findDeny,
  type RbacQuery,
  scopesFor,
} from './rbac.ts';
import { objectScope, parseScope, type Scope } from './scope.ts';

/** A control-plane action: always by role, whatever the vault's model. */
export function decideAction(world: World, request: ActionRequest): Decision {
  const { principal, action, scope: scopeText } = request;
  const asked = { principalId: principal.objectId, action, scope: scopeText };
  const query = actionQuery(world, request);
  if (typeof query === 'string') return denied({ ...asked, code: query });
  const answer = decideRbac(world, query);
  if ('refusal' in answer) return denied({ ...asked, ...answer.refusal });
  return allowed({
    principal,
    action,
    scope: scopeText,
    partition: tenantPartition(world.tenantId),
    assignmentId: printedId(answer.allowing),
    by: 'rbac',
  });
}

/** A data-plane operation: by role or by access policy, as the vault says, never by both. */
export function decideData(world: World, request: DataRequest): Decision {
  return usesRoles(request.vault)
    ? decideDataByRole(world, request)
    : decideDataByPolicy(world, request);
}

/** A vault for which it was never set uses access policies. */
export function usesRoles(vault: Pick<VaultAccess, 'enableRbacAuthorization'>): boolean {
  return vault.enableRbacAuthorization === true;
}

/** A Microsoft Graph permission, held through a directory role. */
export function decideDirectory(world: World, request: DirectoryRequest): Decision {
  const { principal, permission } = request;
  const asked = { principalId: principal.objectId, action: permission, scope: '/' };
  const caller = callerOf(world, principal);
  if (typeof caller === 'string') return denied({ ...asked, code: caller });
  const holder = { isUser: principal.type === 'User', roles: world.directoryRoles(caller.id) };
  return directoryPermits(holder, permission)
    ? {
        allowed: true,
        grant: directoryGrant(principal, tenantPartition(world.tenantId), permission),
      }
    : denied({ ...asked, code: 'DirectoryRoleMissing' });
}

/** Purges, rotation, renewal, bootstrap: no one asked, the system acts. */
export function systemGrant(partition: string, action: string): Grant {
  return issueGrant({ principal: undefined, action, scope: '/', partition, by: 'system' });
}

/** Operations that look at no token: discovery documents, token requests. */
export function anonymousGrant(partition: string, action: string): Grant {
  return issueGrant({ principal: undefined, action, scope: '/', partition, by: 'anonymous' });
}

/** Operations open to every valid token; the handler shows only what the caller may see. */
export function authenticatedGrant(principal: Principal, partition: string, action: string): Grant {
  return issueGrant({ principal, action, scope: '/', partition, by: 'authenticated' });
}

/** For what the directory lets someone do without a role: read himself, manage what he owns. */
export function directoryGrant(principal: Principal, partition: string, permission: string): Grant {
  return issueGrant({ principal, action: permission, scope: '/', partition, by: 'directory' });
}

/** The query for a control-plane action, or why it cannot even be asked. */
export function actionQuery(
  world: World,
  request: ActionRequest,
): RbacQuery | 'ScopeMalformed' | CallerRefusal {
  const { attributes, nowMs } = request;
  const scope = parseScope(request.scope);
  if (scope === undefined) return 'ScopeMalformed';
  const caller = callerOf(world, request.principal);
  if (typeof caller === 'string') return caller;
  const action = request.action.toLowerCase();
  const context = once(() => conditionContext({ action, attributes, nowMs }));
  const scopes = scopesFor(world, scope);
  return { caller, kind: 'action', action, scope, scopes, nowMs, context };
}

/** One query for each data action that is enough, the row's own first. */
export function dataQueries(
  world: World,
  request: DataRequest,
): readonly RbacQuery[] | 'ScopeMalformed' | CallerRefusal {
  const { access, attributes, nowMs } = request;
  const scope = dataScope(request);
  if (scope === undefined) return 'ScopeMalformed';
  const caller = dataCaller(world, request);
  if (typeof caller === 'string') return caller;
  const scopes = scopesFor(world, scope);
  return [access.action, ...(access.alternatives ?? [])].map((text) => {
    const action = text.toLowerCase();
    const context = once(() => conditionContext({ action, attributes, nowMs, data: request }));
    return { caller, kind: 'dataAction', action, scope, scopes, nowMs, context };
  });
}

type CallerRefusal = 'TenantMismatch' | 'PrincipalNotActive';

export function callerOf(world: World, principal: Principal): Caller | CallerRefusal {
  // Ids are unique in a tenant only: another tenant's token must not meet this one's assignments.
  if (principal.tenantId.toLowerCase() !== world.tenantId.toLowerCase()) return 'TenantMismatch';
  const id = principal.objectId.toLowerCase();
  if (!world.isActive(id)) return 'PrincipalNotActive';
  return { principal, id, groups: world.memberOf(id) };
}

export function dataCaller(world: World, request: DataRequest): Caller | CallerRefusal {
  const { principal, vault } = request;
  if (principal.tenantId.toLowerCase() !== vault.tenantId.toLowerCase()) return 'TenantMismatch';
  return callerOf(world, principal);
}

/** Resource id that the data operation is about, as reasons and grants print it. */
function dataScopeText({ vault, access, objectScope: object }: DataRequest): string {
  const { id } = placeOf(vault);
  return access.at === 'object' && object !== undefined ? `${id}/${object}` : id;
}

type RbacRefusal =
  | { readonly code: 'DenyAssignment'; readonly denyAssignmentId: string }
  | {
      readonly code: 'NoRoleAssignment' | 'NoRoleAllows';
      readonly considered: readonly ConsideredAssignment[];
    };

type RbacAnswer = { readonly allowing: IndexedAssignment } | { readonly refusal: RbacRefusal };

function decideRbac(world: World, query: RbacQuery): RbacAnswer {
  const deny = findDeny(world, query);
  if (deny) return { refusal: { code: 'DenyAssignment', denyAssignmentId: deny.deny.name } };
  const considered = considerAssignments(world, query, 'allowed');
  const last = considered.at(-1);
  if (last?.verdict === 'allows') return { allowing: last.indexed };
  const code = considered.length === 0 ? 'NoRoleAssignment' : 'NoRoleAllows';
  return {
    refusal: { code, considered: considered.slice(0, CONSIDERED_MAX).map(describeConsidered) },
  };
}

function decideDataByRole(world: World, request: DataRequest): Decision {
  const { principal, vault, access } = request;
  const asked = {
    principalId: principal.objectId,
    action: access.action,
    scope: dataScopeText(request),
  };
  const queries = dataQueries(world, request);
  if (typeof queries === 'string') return denied({ ...asked, code: queries });
  let refusal: RbacRefusal | undefined;
  for (const [index, query] of queries.entries()) {
    const answer = decideRbac(world, query);
    if ('allowing' in answer) {
      return allowed({
        principal,
        action: index === 0 ? access.action : (access.alternatives?.[index - 1] ?? access.action),
        scope: asked.scope,
        partition: vaultPartition(vault.uid),
        assignmentId: printedId(answer.allowing),
        by: 'rbac',
      });
    }
    refusal ??= answer.refusal;
    // Denied the operation itself, an alternative action is no way around it.
    if (index === 0 && answer.refusal.code === 'DenyAssignment') break;
  }
  return denied({ ...asked, ...(refusal ?? { code: 'NoRoleAssignment', considered: [] }) });
}

function decideDataByPolicy(world: World, request: DataRequest): Decision {
  const { principal, vault, access } = request;
  const scope = placeOf(vault).id;
  const asked = { principalId: principal.objectId, action: access.action, scope };
  const caller = dataCaller(world, request);
  if (typeof caller === 'string') return denied({ ...asked, code: caller });
  const entries = policyEntriesFor(vault, caller);
  const permits = entries.some((entry) =>
    access.policy.some((permission) => policyPermits(entry, permission)),
  );
  if (permits) {
    const partition = vaultPartition(vault.uid);
    return allowed({ principal, action: access.action, scope, partition, by: 'policy' });
  }
  const code = entries.length === 0 ? 'NoAccessPolicy' : 'AccessPolicyLacksPermission';
  return denied({ ...asked, code, permissions: access.policy });
}

interface VaultPlace {
  readonly id: string;
  readonly scope: Scope | undefined;
}

// A vault's record is replaced when it changes, never altered, so this cannot go stale.
const places = new WeakMap<VaultAccess, VaultPlace>();

function placeOf(vault: VaultAccess): VaultPlace {
  const known = places.get(vault);
  if (known) return known;
  const id = vaultResourceId(vault);
  const place = { id, scope: parseScope(id) };
  places.set(vault, place);
  return place;
}

function dataScope({ vault, access, objectScope: object }: DataRequest): Scope | undefined {
  const { scope } = placeOf(vault);
  if (scope === undefined || access.at === 'vault') return scope;
  return object === undefined ? undefined : objectScope(scope, object);
}

/** Azure prints assignment ids without hyphens (`x-ms-keyvault-rbac-assignment-id`). */
function printedId({ assignment }: IndexedAssignment): string {
  return assignment.name.replaceAll('-', '').toLowerCase();
}

function allowed(details: Parameters<typeof issueGrant>[0]): Decision {
  return { allowed: true, grant: issueGrant(details) };
}

function denied(reason: DenialReason): Decision {
  return { allowed: false, reason };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
