// Which api-versions the management plane answers. As in Azure, each provider has a first version;
// we take that as a floor and accept every later date, so that newer clients are not turned away.
import type { ApiVersions } from '#kernel';

const DATED = /^(\d{4}-\d{2}-\d{2})(-(?:preview|alpha|beta|privatepreview))?$/;

/** First version of each namespace that had the operations we serve. */
export const firstVersions = {
  'Microsoft.Resources': '2014-04-01',
  'Microsoft.KeyVault': '2015-06-01',
  'Microsoft.Authorization': '2014-07-01-preview',
  'Microsoft.ManagedIdentity': '2015-08-31-preview',
  'Microsoft.HybridCompute': '2019-12-12',
  'Microsoft.Management': '2017-11-01-preview',
  'Strongroom.Authorization': '2026-11-01',
} as const;

export type Namespace = keyof typeof firstVersions;

export function isNamespace(text: string): text is Namespace {
  return Object.hasOwn(firstVersions, text);
}

/** The namespace as Azure writes it, for one in any case. */
export function findNamespace(text: string): Namespace | undefined {
  const lower = text.toLowerCase();
  return Object.keys(firstVersions)
    .filter(isNamespace)
    .find((name) => name.toLowerCase() === lower);
}

export function versionsSince(first: string): ApiVersions {
  const floor = first.slice(0, 10);
  return { required: true, accepts: (version) => isVersionSince(version, floor) };
}

export const anyVersion: ApiVersions = { required: false, accepts: () => true };

export const armVersions = {
  resources: versionsSince(firstVersions['Microsoft.Resources']),
  keyVault: versionsSince(firstVersions['Microsoft.KeyVault']),
  authorization: versionsSince(firstVersions['Microsoft.Authorization']),
  managedIdentity: versionsSince(firstVersions['Microsoft.ManagedIdentity']),
  federatedCredentials: versionsSince('2022-01-31-preview'),
  hybridCompute: versionsSince(firstVersions['Microsoft.HybridCompute']),
  management: versionsSince(firstVersions['Microsoft.Management']),
  schedules: versionsSince('2020-10-01'),
  strongroom: versionsSince(firstVersions['Strongroom.Authorization']),
} as const;

/** Is `version` dated `date` (yyyy-mm-dd) or later? A preview counts as its date. */
export function isVersionSince(version: string, date: string): boolean {
  const dated = DATED.exec(version)?.[1];
  if (dated === undefined || Number.isNaN(Date.parse(dated))) return false;
  return dated >= date;
}
