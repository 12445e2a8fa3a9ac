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

const ROOT = 'directory/';
const kinds: readonly DirectoryKind[] = [
  'application',
  'servicePrincipal',
  'host',
  'user',
  'authenticationMethods',
  'group',
  'role',
  'appRoleAssignment',
  'permissionGrant',
];
const kindsByPrefix: ReadonlyMap<string, DirectoryKind> = new Map(
  kinds.map((kind) => [directoryPrefixes[kind], kind]),
);

export function recordPath(kind: DirectoryKind, id: string): string {
  return `${directoryPrefixes[kind]}${id.toLowerCase()}`;
}

/** Which kind of object a record is, by its path within the tenant's partition. */
export function directoryKindOf(path: string): DirectoryKind | undefined {
  if (!path.startsWith(ROOT)) return undefined;
  const segment = path.slice(0, path.indexOf('/', ROOT.length) + 1);
  return kindsByPrefix.get(segment);
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
