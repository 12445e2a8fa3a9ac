// What Azure Resource Manager records, as stored under `tenant/<tenantId>/`. Names keep the letters
// they were given; comparison is without case.

export interface Subscription {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** Name of the management group it belongs to; `undefined`: the tenant's root group. */
  readonly managementGroup?: string;
}

export interface ManagementGroup {
  readonly name: string;
  readonly displayName: string;
  /** Name of the group above it; `undefined` only for the tenant's root group. */
  readonly parent?: string;
  readonly updatedOn: string;
  readonly updatedBy: string;
}

export interface Lock {
  readonly name: string;
  /** Scope that it protects, with everything below. */
  readonly scope: string;
  readonly level: 'CanNotDelete' | 'ReadOnly';
  readonly notes?: string;
}

/** What is left to do of a purge: the vault's record is gone, its objects may not be. */
export interface PendingPurge {
  readonly vaultUid: string;
}

export interface ResourceGroup {
  readonly subscriptionId: string;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly managedBy?: string;
}

/** `Microsoft.ManagedIdentity/userAssignedIdentities`; who may act as it, the directory knows. */
export interface UserAssignedIdentity {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly principalId: string;
  readonly clientId: string;
}

/** `Microsoft.HybridCompute/machines`: a machine outside Azure that was registered. */
export interface Machine {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly osType?: string;
  /** The directory's host, which holds the agent's key. */
  readonly hostId: string;
  readonly systemAssigned?: { readonly principalId: string; readonly clientId: string };
  /** Resource ids of the identities assigned to it. */
  readonly userAssigned: readonly string[];
}

export interface AccessPolicyPermissions {
  readonly keys?: readonly string[];
  readonly secrets?: readonly string[];
  readonly certificates?: readonly string[];
  readonly storage?: readonly string[];
}

export interface AccessPolicyEntry {
  readonly tenantId: string;
  readonly objectId: string;
  /** Set: the entry is for this user signed in through this application only. */
  readonly applicationId?: string;
  readonly permissions: AccessPolicyPermissions;
}

export interface NetworkRuleSet {
  readonly bypass: 'AzureServices' | 'None';
  readonly defaultAction: 'Allow' | 'Deny';
  /** IPv4 in CIDR form, as stored: a single address has `/32`. */
  readonly ipRules: readonly { readonly value: string }[];
  readonly virtualNetworkRules: readonly {
    readonly id: string;
    readonly ignoreMissingVnetServiceEndpoint?: boolean;
  }[];
}

export interface SystemData {
  readonly createdBy: string;
  readonly createdByType: 'User' | 'Application';
  readonly createdAt: string;
  readonly lastModifiedBy: string;
  readonly lastModifiedByType: 'User' | 'Application';
  readonly lastModifiedAt: string;
}

export interface Vault {
  /** Our own id, made once; a purged and re-created vault of the same name has another. */
  readonly uid: string;
  readonly name: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sku: 'standard' | 'premium';
  readonly accessPolicies: readonly AccessPolicyEntry[];
  /** `undefined`: never set, which means policy mode. */
  readonly enableRbacAuthorization?: boolean;
  readonly enabledForDeployment?: boolean;
  readonly enabledForDiskEncryption?: boolean;
  readonly enabledForTemplateDeployment?: boolean;
  readonly enableSoftDelete?: boolean;
  /** Days, 7–90. */
  readonly softDeleteRetentionDays: number;
  readonly enablePurgeProtection?: boolean;
  readonly networkAcls?: NetworkRuleSet;
  readonly publicNetworkAccess?: string;
  /** An extension of ours: keys of `kty` AKP can be made. */
  readonly enablePostQuantumKeys?: boolean;
  readonly systemData: SystemData;
  /** Set while the vault is soft-deleted. Times in milliseconds since the epoch. */
  readonly deleted?: { readonly deletedAtMs: number; readonly scheduledPurgeAtMs: number };
}

export interface RoleAssignment {
  /** GUID; the last segment of the assignment's id. */
  readonly name: string;
  /** `/`, a management group, subscription, resource group, resource, or object in a vault. */
  readonly scope: string;
  /** GUID of the role definition. */
  readonly roleDefinitionName: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly condition?: string;
  readonly conditionVersion?: string;
  readonly description?: string;
  readonly delegatedManagedIdentityResourceId?: string;
  /** Of old api-versions; kept and printed, without effect. */
  readonly canDelegate?: boolean;
  /** Set by just-in-time access: the schedule that made it. */
  readonly scheduleId?: string;
  /** The eligible group that it was activated through: it counts only for who is still in it. */
  readonly throughGroup?: string;
  /** With `scheduleId`: the assignment counts only from `startsAtMs` until before `endsAtMs`. */
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  readonly createdOn: string;
  readonly updatedOn: string;
  readonly createdBy: string;
  readonly updatedBy: string;
}

/**
 * Just-in-time access: who may activate a role (eligibility), or holds it for a time (assignment).
 */
export interface RoleSchedule {
  readonly kind: 'eligibility' | 'assignment';
  /** GUID. A schedule of kind `assignment` has a role assignment of the same name. */
  readonly name: string;
  readonly scope: string;
  readonly roleDefinitionName: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly condition?: string;
  readonly conditionVersion?: string;
  readonly startsAtMs: number;
  /** `undefined`: without end. */
  readonly endsAtMs?: number;
  /** Name of the eligibility schedule that was activated. */
  readonly linkedEligibility?: string;
  /** The group that is eligible, if it is not the principal itself. */
  readonly throughGroup?: string;
  readonly requestName: string;
  readonly createdOn: string;
  readonly updatedOn: string;
}

export interface RoleScheduleRequest {
  readonly kind: RoleSchedule['kind'];
  readonly name: string;
  readonly scope: string;
  readonly roleDefinitionName: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly requestType: string;
  readonly status: 'Provisioned' | 'PendingApproval' | 'Denied' | 'Canceled' | 'Revoked';
  readonly requestorId: string;
  readonly justification?: string;
  readonly ticketNumber?: string;
  readonly ticketSystem?: string;
  readonly startsAtMs: number;
  /** Length of the window; `undefined`: without end. */
  readonly durationMs?: number;
  readonly condition?: string;
  readonly conditionVersion?: string;
  readonly linkedEligibility?: string;
  readonly targetSchedule?: string;
  readonly createdOn: string;
  /** Who approved or denied it, and why. */
  readonly reviewedBy?: string;
  readonly reviewJustification?: string;
}

/** What was changed of the rules of one role at one scope; the rest are defaults. */
export interface RoleManagementPolicy {
  readonly scope: string;
  readonly roleDefinitionName: string;
  readonly maximumDurationMs?: Readonly<Record<string, number>>;
  readonly expirationRequired?: Readonly<Record<string, boolean>>;
  readonly enabledRules?: Readonly<Record<string, readonly string[]>>;
  readonly approvalRequired?: boolean;
  /** Object ids of users and groups; none: whoever may assign the role. */
  readonly approvers?: readonly string[];
  readonly updatedOn: string;
  readonly updatedBy: string;
}

export interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
  readonly condition?: string;
  readonly conditionVersion?: string;
}

export interface RoleDefinition {
  readonly name: string;
  readonly roleName: string;
  readonly type: 'BuiltInRole' | 'CustomRole';
  readonly description: string;
  readonly permissions: readonly RolePermission[];
  readonly assignableScopes: readonly string[];
  readonly createdOn?: string;
  readonly updatedOn?: string;
  readonly createdBy?: string;
  readonly updatedBy?: string;
}

export interface DenyAssignment {
  readonly name: string;
  readonly denyAssignmentName: string;
  readonly description: string;
  readonly scope: string;
  readonly doNotApplyToChildScopes: boolean;
  readonly permissions: readonly RolePermission[];
  /** The all-zero GUID stands for everyone. */
  readonly principals: readonly { readonly id: string; readonly type: string }[];
  readonly excludePrincipals: readonly { readonly id: string; readonly type: string }[];
  readonly isSystemProtected: boolean;
}

interface Placed {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** With `resourcegroups` in lower case, as Azure prints it here and in the tokens' `xms_mirid`. */
export function identityResourceId({ subscriptionId, resourceGroup, name }: Placed): string {
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export function machineResourceId({ subscriptionId, resourceGroup, name }: Placed): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.HybridCompute/machines/${name}`;
}

/** `/subscriptions/…/providers/Microsoft.KeyVault/vaults/<name>` with the case Azure prints. */
export function vaultResourceId(vault: Placed): string {
  return `/subscriptions/${vault.subscriptionId}/resourceGroups/${vault.resourceGroup}/providers/Microsoft.KeyVault/vaults/${vault.name}`;
}
