// Error catalogues, one per wire dialect.
export { graphErrors } from './graph.ts';
export { oauthErrors } from './oauth.ts';
export { keyErrors, keyVaultErrors, type ObjectErrors, secretErrors } from './key-vault.ts';
export { resourceManagerErrors } from './resource-manager.ts';
