// Error catalogues, one per wire dialect.
export { graphErrors } from './graph.ts';
export {
  certificateErrors,
  keyErrors,
  keyVaultErrors,
  type ObjectErrors,
  secretErrors,
} from './key-vault.ts';
export { managedIdentityErrors } from './managed-identity.ts';
export { oauthErrors } from './oauth.ts';
export { pkiErrors } from './pki.ts';
export { resourceManagerErrors } from './resource-manager.ts';
export { signInErrors } from './sign-in.ts';
