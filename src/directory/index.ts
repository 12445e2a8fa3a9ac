export {
  type AppRoleAssignmentInput,
  assignAppRole,
  DEFAULT_APP_ROLE,
  grantPermission,
  type PermissionGrantInput,
  revokePermission,
  unassignAppRole,
  updatePermissionGrant,
} from './app-role-assignments.ts';
export {
  type AddedPassword,
  type ApplicationInput,
  addPassword,
  createApplication,
  deleteApplication,
  dropPrincipalPasswords,
  type PasswordInput,
  removePassword,
  updateApplication,
} from './applications.ts';
export {
  addPasskey,
  type NewPasskey,
  notePasskeyUse,
  PASSKEYS_MAX,
  removeAuthenticator,
  removePasskey,
  saveAuthenticator,
  takeAuthenticatorStep,
} from './authentication-methods.ts';
export { type BootstrapInput, type Bootstrapped, bootstrapTenant } from './bootstrap.ts';
export { decideSecret, type SecretVerdict } from './client-secret.ts';
export {
  type DeletedItem,
  purgeDeletedItem,
  purgeExpiredItems,
  restoreDeletedItem,
} from './deleted-items.ts';
export { Directory, type DirectoryObjectType, type DirectoryOptions } from './directory.ts';
export { directoryRoleIds } from './directory-role-ids.ts';
export {
  addRoleMember,
  type DirectoryRoleDefinition,
  decidePrivilegedChange,
  directoryRoleDefinitions,
  removeRoleMember,
} from './directory-roles.ts';
export {
  createGroup,
  deleteGroup,
  type GroupInput,
  updateGroup,
} from './groups.ts';
export {
  changeFederatedCredentials,
  createManagedIdentity,
  deleteHost,
  deleteManagedIdentity,
  FEDERATED_CREDENTIALS_MAX,
  keySetSchema,
  type ManagedIdentityInput,
  parseHostKey,
  putHost,
  unassignFromHost,
} from './managed-identities.ts';
export { within } from './object-store.ts';
export { directoryKindOf } from './paths.ts';
export type * from './records.ts';
export { addReferences, type Reference, removeReferences } from './references.ts';
export {
  createServicePrincipal,
  deleteServicePrincipal,
  type ServicePrincipalInput,
  updateServicePrincipal,
} from './service-principals.ts';
export {
  type CurrentKey,
  maintainSigningKeys,
  type PublishedKey,
  rollSigningKeys,
  type SigningKeys,
} from './signing-keys.ts';
export { decidePasswordStrength, generatePassword, verifyPassword } from './user-password.ts';
export {
  createUser,
  deleteUser,
  type PasswordProfile,
  revokeSignInSessions,
  type UserChanges,
  type UserInput,
  updateUser,
} from './users.ts';
export {
  familyClients,
  isFamilyClient,
  wellKnownAppIds,
  wellKnownClient,
  wellKnownScopes,
} from './well-known.ts';
