// Microsoft's own applications that real clients expect in every tenant: public clients that people
// sign in with, and the resources that tokens are for. Their ids are fixed by Microsoft.
import type { Application } from './records.ts';

export const wellKnownAppIds = {
  azureCli: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
  azurePowerShell: '1950a258-227b-4e31-a9cf-717495945fc2',
  microsoftGraph: '00000003-0000-0000-c000-000000000000',
  resourceManager: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  keyVault: 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093',
} as const;

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
