// The vocabulary of a decision: what is asked, what it is decided from, and how it is answered.
// Every refusal carries a machine-readable reason for the audit log; callers are only told Azure's
// error.
import type { Access, Grant, Principal } from '#kernel';
import type { RoleDefinition } from '#resources';
import type { VaultAccess } from './access-policy.ts';
import type { AssignmentsAtScope, IndexedDeny } from './assignment-index.ts';
import type { AttributeValue } from './condition/index.ts';
import type { CompiledRole } from './role.ts';

export type { VaultAccess } from './access-policy.ts';
export type { AttributeValue } from './condition/index.ts';

/**
 * What conditions may ask about. Names without source, in any case:
 * `Microsoft.KeyVault/vaults:name`.
 */
export interface Attributes {
  readonly resource?: Readonly<Record<string, AttributeValue>>;
  readonly request?: Readonly<Record<string, AttributeValue>>;
  readonly principal?: Readonly<Record<string, AttributeValue>>;
  /** `UtcNow` is always the decision's own time. */
  readonly environment?: Readonly<Record<string, AttributeValue>>;
  readonly subOperation?: string;
  /**
   * What is not named of resource and request is not absent but unknown: a condition has to hold
   * whatever it may be. For rights that are asked for before anyone says what to do with them.
   */
  readonly partial?: true;
}

export type DataAccess = Extract<Access, { kind: 'data' }>;

export interface ActionRequest {
  readonly principal: Principal;
  /** For example `Microsoft.KeyVault/vaults/write`. */
  readonly action: string;
  /** Decoded resource id the action is for, or `/`. */
  readonly scope: string;
  readonly attributes?: Attributes | undefined;
  readonly nowMs: number;
}

export interface DataRequest {
  readonly principal: Principal;
  readonly vault: VaultAccess;
  /**
   * `secrets/<name>`, `keys/<name>` or `certificates/<name>`; not looked at where `access.at` is
   * the vault.
   */
  readonly objectScope?: string | undefined;
  readonly access: DataAccess;
  readonly attributes?: Attributes | undefined;
  readonly nowMs: number;
}

export interface DirectoryRequest {
  readonly principal: Principal;
  /** Microsoft Graph permission, for example `Application.ReadWrite.All`. */
  readonly permission: string;
}

export type Decision =
  | { readonly allowed: true; readonly grant: Grant }
  | { readonly allowed: false; readonly reason: DenialReason };

/** Why one role assignment did not allow the action. */
export type AssignmentVerdict =
  | 'allows'
  | 'notYetActive'
  | 'expired'
  /** Activated through a group that the caller has left. */
  | 'groupLeft'
  | 'roleNotFound'
  | 'actionNotGranted'
  | 'actionExcluded'
  | 'roleConditionNotMet'
  | 'conditionNotMet'
  | 'conditionBroken';

export interface ConsideredAssignment {
  readonly assignmentId: string;
  readonly scope: string;
  readonly roleDefinitionName: string;
  /** The caller itself, or the group through which it holds the assignment. */
  readonly principalId: string;
  readonly verdict: AssignmentVerdict;
}

interface DenialBase {
  readonly principalId: string;
  /** Action, data action or Graph permission that was asked for. */
  readonly action: string;
  readonly scope: string;
}

/** Azure's `DecisionReason` and the rest of its error are made from this by the planes. */
export type DenialReason = DenialBase &
  (
    | { readonly code: 'ScopeMalformed' | 'TenantMismatch' | 'PrincipalNotActive' }
    | {
        /** Just-in-time access: activating is for oneself, deciding about it for others. */
        readonly code: 'NotOneself' | 'OwnRequest';
      }
    | { readonly code: 'DenyAssignment'; readonly denyAssignmentId: string }
    | {
        /** `NoRoleAssignment`: none at the scope or above it. */
        readonly code: 'NoRoleAssignment' | 'NoRoleAllows';
        /** At most `CONSIDERED_MAX`, so that an audit line stays small. */
        readonly considered: readonly ConsideredAssignment[];
      }
    | {
        readonly code: 'NoAccessPolicy' | 'AccessPolicyLacksPermission';
        /** Any of these would have been enough. */
        readonly permissions: readonly string[];
      }
    | { readonly code: 'DirectoryRoleMissing' }
  );

export const CONSIDERED_MAX = 10;

/** Everything a decision reads, in memory. Look-ups see each committed change at once. */
export interface World {
  readonly tenantId: string;
  assignmentsAt(scopeKey: string): AssignmentsAtScope | undefined;
  deniesAt(scopeKey: string): readonly IndexedDeny[];
  role(name: string): CompiledRole | undefined;
  /** Keys of the management groups above a subscription or management group, in any order. */
  managementGroupsAbove(containerKey: string): readonly string[];
  /** `false` for a principal that is disabled or does not exist. */
  isActive(objectId: string): boolean;
  /** Groups the principal belongs to, through any depth of nesting; lower-case ids. */
  memberOf(objectId: string): ReadonlySet<string>;
  /** Template ids of the directory roles it holds, itself or through a group. */
  directoryRoles(objectId: string): ReadonlySet<string>;
}

/** What an explanation reads beyond a decision. */
export interface ExplainableWorld extends World {
  /** Groups it belongs to directly. */
  directMemberOf(objectId: string): ReadonlySet<string>;
  roles(): Iterable<RoleDefinition>;
}
