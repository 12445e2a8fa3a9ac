// The tenant and its domains, as Microsoft Graph shows them.
import type { Tenant } from '#directory';
import type { Operation } from '#kernel';
import { collectionRows } from '../collection-rows.ts';
import type { GraphContext, GraphTarget } from '../graph-context.ts';
import type { WireObject } from '../odata/entity.ts';

export function organizationOperations({
  directory,
}: GraphContext): readonly Operation<GraphTarget>[] {
  return [
    ...collectionRows({
      noun: 'Organization',
      entitySet: 'organization',
      permission: 'Organization.Read.All',
      all: () => [renderOrganization(directory.tenant)],
    }),
    ...collectionRows({
      noun: 'Domain',
      entitySet: 'domains',
      permission: 'Directory.Read.All',
      all: () => directory.tenant.domains.map(renderDomain),
    }),
  ];
}

function renderOrganization({ tenantId, displayName, domains }: Tenant): WireObject {
  const verifiedDomains = domains.map((name, at) => ({
    name,
    isDefault: at === 0,
    isInitial: at === 0,
    type: 'Managed',
    capabilities: '',
  }));
  return { id: tenantId, displayName, tenantType: 'AAD', verifiedDomains };
}

function renderDomain(name: string, at: number): WireObject {
  return {
    id: name,
    authenticationType: 'Managed',
    isAdminManaged: true,
    isDefault: at === 0,
    isInitial: at === 0,
    isRoot: true,
    isVerified: true,
    supportedServices: [],
  };
}
