// Where ARM's records stand, relative to the tenant's partition. Names compare without case, so
// paths hold them in lower case; what a storage path cannot hold is percent-encoded.
import { createHash } from 'node:crypto';

export const resourcePrefixes = {
  subscription: 'resources/subscription/',
  resourceGroup: 'resources/resource-group/',
  vault: 'resources/vault/',
  identity: 'resources/user-assigned-identity/',
  machine: 'resources/machine/',
  roleAssignment: 'resources/role-assignment/',
  roleDefinition: 'resources/role-definition/',
  denyAssignment: 'resources/deny-assignment/',
  managementGroup: 'resources/management-group/',
  lock: 'resources/lock/',
  purge: 'resources/purge/',
  roleSchedule: 'resources/role-schedule/',
  roleScheduleRequest: 'resources/role-schedule-request/',
  roleManagementPolicy: 'resources/role-management-policy/',
} as const;

export type ResourceKind = keyof typeof resourcePrefixes;

/** `parts` are names as the caller wrote them. */
export function resourcePath(kind: ResourceKind, ...parts: readonly string[]): string {
  return resourcePrefixes[kind] + resourceKey(...parts);
}

/** The part of the path behind its prefix, which is also the key in the projections. */
export function resourceKey(...parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part.toLowerCase())).join('/');
}

/**
 * Path of the claim on a value that only one record may have. Hashed: values may be of any length.
 */
export function uniquePath(property: string, value: string): string {
  const digest = createHash('sha256').update(value.toLowerCase()).digest('base64url');
  return `resources/unique/${property}/${digest}`;
}

/** What a claim record holds: the name of the record that owns the value. */
export interface Claim {
  readonly owner: string;
}
