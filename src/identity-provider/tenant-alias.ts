// The first segment of an identity provider's path: a tenant by GUID, by domain, or by one of
// Entra's aliases. `adfs` makes every MSAL skip Microsoft's instance discovery (clients.md §0), so
// it stands for the home tenant.
import type { Directory } from '#directory';

export interface TenantAlias {
  /** `home` names one tenant; `any` is `common` and `organizations`: the sign-in tells which. */
  readonly kind: 'home' | 'any';
  readonly isAdfs: boolean;
  /** As it stands in links: the tenant's GUID, `common`, `organizations` or `adfs`. */
  readonly segment: string;
}

const ANY = ['common', 'organizations'];

/** `undefined` if this is no tenant of ours. */
export function parseTenantAlias(directory: Directory, text: string): TenantAlias | undefined {
  const name = text.toLowerCase();
  if (name === 'adfs') return { kind: 'home', isAdfs: true, segment: 'adfs' };
  if (ANY.includes(name)) return { kind: 'any', isAdfs: false, segment: name };
  const { tenantId, domains } = directory.tenant;
  const isHome = name === tenantId || domains.some((domain) => domain.toLowerCase() === name);
  return isHome ? { kind: 'home', isAdfs: false, segment: tenantId } : undefined;
}
