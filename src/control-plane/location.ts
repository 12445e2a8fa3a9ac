// Azure locations. One self-hosted instance stands in one place, so any location's name is accepted
// and kept; some operations address a vault by it, so names are compared the way Azure does.

const LOCATION = /^[A-Za-z0-9][A-Za-z0-9 -]{0,63}$/;

export function isLocation(text: string): boolean {
  return LOCATION.test(text);
}

/** `East US 2` and `eastus2` are the same place. */
export function normalizeLocation(text: string): string {
  return text.replaceAll(' ', '').toLowerCase();
}

/**
 * What `GET /subscriptions/{id}/locations` lists: enough for clients that check before they create.
 */
export const knownLocations: readonly {
  readonly name: string;
  readonly displayName: string;
}[] = [
  { name: 'local', displayName: 'Local' },
  { name: 'eastus', displayName: 'East US' },
  { name: 'eastus2', displayName: 'East US 2' },
  { name: 'westus', displayName: 'West US' },
  { name: 'westus2', displayName: 'West US 2' },
  { name: 'northeurope', displayName: 'North Europe' },
  { name: 'westeurope', displayName: 'West Europe' },
  { name: 'germanywestcentral', displayName: 'Germany West Central' },
  { name: 'uksouth', displayName: 'UK South' },
];
