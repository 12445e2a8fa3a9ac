export { bootstrapSubscription, type SubscriptionInput } from './bootstrap.ts';
export { builtInRoleNames, builtInRoles } from './built-in-roles.ts';
export { type Claim, resourceKey, resourcePath, uniquePath } from './paths.ts';
export * from './records.ts';
export {
  isSameId,
  isWithin,
  managementGroupResourceId,
  parseResourceId,
  type ResourceId,
  resourceGroupResourceId,
  type ScopeParts,
  scopeParts,
  subscriptionResourceId,
} from './resource-id.ts';
export { type Place, Resources, type ResourcesOptions } from './resources.ts';
export { RoleAssignmentIndex } from './role-assignment-index.ts';
export { deleteRoleAssignment, putRoleAssignment } from './role-assignment-store.ts';
export { deleteRoleDefinition, putRoleDefinition } from './role-definition-store.ts';
export {
  type EventPage,
  isEventCursor,
  listVaultEvents,
  recordVaultEvent,
  trimVaultEvents,
  VAULT_EVENTS_KEPT_DAYS,
  VAULT_EVENTS_MAX,
  type VaultEvent,
  type VaultEventKind,
  type VaultEventNoun,
} from './vault-events.ts';
