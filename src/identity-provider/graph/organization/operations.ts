// The tenant, as Microsoft Graph shows it.
import { type Operation, operation } from '#kernel';
import { type GraphContext, type GraphTarget, graphRow } from '../graph-context.ts';
import { listErrors, listQuery, renderList } from '../odata/page.ts';

export function organizationOperations(context: GraphContext): readonly Operation<GraphTarget>[] {
  const { directory } = context;
  return [
    operation({
      ...graphRow,
      id: 'ListOrganization',
      method: 'GET',
      path: '/v1.0/organization',
      access: { kind: 'directory', permission: 'Organization.Read.All' },
      audit: 'OrganizationList',
      success: 200,
      errors: listErrors,
      query: listQuery,
      handle: ({ request, query }) => {
        const { tenantId, displayName, domains } = directory.tenant;
        const verifiedDomains = domains.map((name, at) => ({
          name,
          isDefault: at === 0,
          isInitial: at === 0,
          type: 'Managed',
          capabilities: '',
        }));
        const objects = [{ id: tenantId, displayName, tenantType: 'AAD', verifiedDomains }];
        return { body: renderList({ request, query, entitySet: 'organization', objects }) };
      },
    }),
  ];
}
