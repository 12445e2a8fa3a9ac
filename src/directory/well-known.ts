// Microsoft's own applications that real clients expect in every tenant: public clients that people
// sign in with, and the resources that tokens are for. Their ids are fixed by Microsoft.
import type { Application, PermissionScope } from './records.ts';

export const wellKnownAppIds = {
  azureCli: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
  azurePowerShell: '1950a258-227b-4e31-a9cf-717495945fc2',
  microsoftGraph: '00000003-0000-0000-c000-000000000000',
  resourceManager: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  keyVault: 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093',
} as const;

const DIRECTORY = 'Access the directory as you';
const OFFLINE = 'Maintain access to data you have given it access to';
const RESOURCES = 'Access Azure resources as you';
const VAULTS = 'Access your key vaults as you';

/** A service principal exists for each of these in every tenant. */
export const wellKnownPrincipals: readonly { readonly appId: string; readonly name: string }[] = [
  { appId: wellKnownAppIds.azureCli, name: 'Microsoft Azure CLI' },
  { appId: wellKnownAppIds.azurePowerShell, name: 'Microsoft Azure PowerShell' },
  { appId: wellKnownAppIds.microsoftGraph, name: 'Microsoft Graph' },
  { appId: wellKnownAppIds.resourceManager, name: 'Windows Azure Service Management API' },
  { appId: wellKnownAppIds.keyVault, name: 'Azure Key Vault' },
];

const clients: ReadonlyMap<string, Application> = new Map(
  [
    publicClient(wellKnownAppIds.azureCli, 'Microsoft Azure CLI'),
    publicClient(wellKnownAppIds.azurePowerShell, 'Microsoft Azure PowerShell'),
  ].map((application) => [application.appId, application]),
);

export function wellKnownClient(appId: string): Application | undefined {
  return clients.get(appId.toLowerCase());
}

const scopesByAppId: ReadonlyMap<string, readonly PermissionScope[]> = new Map([
  [
    wellKnownAppIds.microsoftGraph,
    [
      scope('e1fe6dd8-ba31-4d61-89e7-88639da4683d', 'User.Read', 'Sign in and read your profile'),
      scope('0e263e50-5827-48a4-b97c-d940288653c7', 'Directory.AccessAsUser.All', DIRECTORY),
      scope('37f7f235-527c-4136-accd-4a02d197296e', 'openid', 'Sign you in'),
      scope('14dad69e-099b-42c9-810b-d002981feec1', 'profile', 'View your basic profile'),
      scope('64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0', 'email', 'View your email address'),
      scope('7427e0e9-2fba-42fe-b0c0-848c9e6a8182', 'offline_access', OFFLINE),
    ],
  ],
  [
    wellKnownAppIds.resourceManager,
    [scope('41094075-9dad-400e-a0bd-54e686782033', 'user_impersonation', RESOURCES)],
  ],
  [
    wellKnownAppIds.keyVault,
    [scope('f53da476-18e3-4152-8e01-aec403e6edc0', 'user_impersonation', VAULTS)],
  ],
]);

/** Scopes of Microsoft's own resources, by ids that are the same in every tenant. */
export function wellKnownScopes(appId: string): readonly PermissionScope[] {
  return scopesByAppId.get(appId.toLowerCase()) ?? [];
}

/** Clients of Microsoft's "family": a refresh token of one serves the others (`foci`). */
export const familyClients: ReadonlySet<string> = new Set(clients.keys());

export function isFamilyClient(appId: string): boolean {
  return familyClients.has(appId.toLowerCase());
}

function publicClient(appId: string, displayName: string): Application {
  return {
    id: appId,
    appId,
    displayName,
    createdDateTime: '2015-01-01T00:00:00Z',
    signInAudience: 'AzureADMultipleOrgs',
    identifierUris: [],
    publicClientRedirectUris: ['http://localhost'],
    webRedirectUris: [],
    spaRedirectUris: [],
    isFallbackPublicClient: true,
    passwordCredentials: [],
    keyCredentials: [],
    federatedIdentityCredentials: [],
    appRoles: [],
    owners: [],
  };
}

function scope(id: string, value: string, display: string): PermissionScope {
  return {
    id,
    value,
    type: 'User',
    isEnabled: true,
    adminConsentDisplayName: display,
    adminConsentDescription: display,
    userConsentDisplayName: display,
    userConsentDescription: display,
  };
}
