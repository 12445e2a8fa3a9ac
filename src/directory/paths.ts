// Where directory records stand, relative to the tenant's partition. Values that must be unique are
// claimed by a record of their own, so that two requests at once cannot both win.
import { createHash } from 'node:crypto';

export const directoryPrefixes = {
  tenant: 'directory/tenant/',
  application: 'directory/application/',
  servicePrincipal: 'directory/service-principal/',
  host: 'directory/host/',
  user: 'directory/user/',
  authenticationMethods: 'directory/authentication-methods/',
  group: 'directory/group/',
  role: 'directory/role/',
  signingKey: 'directory/signing-key/',
  appRoleAssignment: 'directory/app-role-assignment/',
  permissionGrant: 'directory/permission-grant/',
} as const;

export type DirectoryKind = keyof typeof directoryPrefixes;

export function recordPath(kind: DirectoryKind, id: string): string {
  return `${directoryPrefixes[kind]}${id.toLowerCase()}`;
}

/** Path of the claim on a unique value. Hashed: values may be of any length and alphabet. */
export function claimPath(property: string, value: string): string {
  const digest = createHash('sha256').update(value.toLowerCase()).digest('base64url');
  return `directory/claim/${property}/${digest}`;
}

/** What a claim record holds: the object that owns the value. */
export interface Claim {
  readonly ownerId: string;
}
