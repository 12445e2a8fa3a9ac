// Which resource providers and actions there are. The lists are what the rows of this program need
// and what roles can name; nothing is registered or unregistered, everything is always there.

export interface Provider {
  readonly namespace: string;
  readonly types: readonly string[];
}

export const providers: readonly Provider[] = [
  {
    namespace: 'Microsoft.KeyVault',
    types: [
      'vaults',
      'vaults/secrets',
      'vaults/accessPolicies',
      'deletedVaults',
      'locations',
      'locations/deletedVaults',
      'locations/operationResults',
      'checkNameAvailability',
      'operations',
    ],
  },
  {
    namespace: 'Microsoft.Authorization',
    types: [
      'roleAssignments',
      'roleDefinitions',
      'denyAssignments',
      'permissions',
      'providerOperations',
      'locks',
      'roleEligibilityScheduleRequests',
      'roleEligibilitySchedules',
      'roleEligibilityScheduleInstances',
      'roleAssignmentScheduleRequests',
      'roleAssignmentSchedules',
      'roleAssignmentScheduleInstances',
      'roleManagementPolicies',
      'roleManagementPolicyAssignments',
      'eligibleChildResources',
    ],
  },
  {
    namespace: 'Microsoft.ManagedIdentity',
    types: [
      'userAssignedIdentities',
      'userAssignedIdentities/federatedIdentityCredentials',
      'identities',
      'operations',
    ],
  },
  { namespace: 'Microsoft.HybridCompute', types: ['machines'] },
  { namespace: 'Microsoft.Resources', types: ['subscriptions', 'resourceGroups', 'tenants'] },
  { namespace: 'Microsoft.Management', types: ['managementGroups'] },
];

export function findProvider(namespace: string): Provider | undefined {
  const lower = namespace.toLowerCase();
  return providers.find((provider) => provider.namespace.toLowerCase() === lower);
}

/** api-versions that `GET providers` lists: those that clients pick from. */
export const listedVersions: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.KeyVault': [
    '2026-02-01',
    '2025-05-01',
    '2024-11-01',
    '2023-07-01',
    '2023-02-01',
    '2022-11-01',
    '2022-07-01',
    '2021-10-01',
    '2019-09-01',
    '2018-02-14',
    '2016-10-01',
    '2015-06-01',
  ],
  'Microsoft.Authorization': ['2022-04-01', '2020-10-01', '2020-04-01-preview', '2015-07-01'],
  'Microsoft.Resources': ['2024-11-01', '2022-12-01', '2022-09-01', '2021-04-01', '2015-11-01'],
  'Microsoft.ManagedIdentity': ['2024-11-30', '2023-01-31', '2022-01-31-preview', '2018-11-30'],
  'Microsoft.HybridCompute': ['2024-07-10', '2022-12-27', '2022-03-10'],
  'Microsoft.Management': ['2023-04-01', '2021-04-01', '2020-05-01'],
};
