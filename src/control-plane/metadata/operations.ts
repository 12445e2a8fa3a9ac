// `GET /metadata/endpoints`: by this one anonymous call clients learn where everything else of this
// cloud is. Three shapes, by api-version: PowerShell reads the one of 2015-01-01, Azure CLI and
// Terraform the single object of 2022-09-01 and later, and between them it was an array.
import type { Endpoints } from '#config';
import { anyVersion, isVersionSince } from '../api-versions.ts';
import { type ArmRow, armRow } from '../arm-row.ts';
import type { Management } from '../management.ts';

const ARRAY_SINCE = '2017-01-01';
const OBJECT_SINCE = '2022-09-01';

export function metadataRows({ endpoints, tenantId }: Management): readonly ArmRow[] {
  return [
    armRow({
      id: 'Metadata_GetEndpoints',
      method: 'GET',
      path: '/metadata/endpoints',
      versions: anyVersion,
      access: { kind: 'anonymous' },
      audit: 'MetadataEndpointsGet',
      success: 200,
      errors: [],
      handle: ({ apiVersion }) => ({ body: renderMetadata(endpoints, tenantId, apiVersion) }),
    }),
  ];
}

/** Without a version, the newest shape. */
export function renderMetadata(
  endpoints: Endpoints,
  tenantId: string,
  apiVersion: string,
): unknown {
  if (apiVersion === '' || isVersionSince(apiVersion, OBJECT_SINCE)) {
    return renderCloud(endpoints, tenantId);
  }
  if (isVersionSince(apiVersion, ARRAY_SINCE)) return [renderCloud(endpoints, tenantId)];
  return {
    galleryEndpoint: `${endpoints.portal}/`,
    graphEndpoint: `${endpoints.graph}/`,
    portalEndpoint: `${endpoints.portal}/`,
    authentication: authenticationOf(endpoints),
  };
}

function authenticationOf({ login, management }: Endpoints) {
  return { loginEndpoint: `${login}/`, audiences: [`${management}/`, management] };
}

function renderCloud(endpoints: Endpoints, tenantId: string): unknown {
  const { management, graph, portal, vaultSuffix } = endpoints;
  return {
    name: 'Strongroom',
    portal,
    authentication: {
      ...authenticationOf(endpoints),
      tenant: tenantId,
      identityProvider: 'AAD',
    },
    resourceManager: management,
    graph,
    graphAudience: graph,
    microsoftGraphResourceId: graph,
    gallery: portal,
    media: management,
    batch: management,
    sqlManagement: management,
    vmImageAliasDoc: portal,
    activeDirectoryDataLake: management,
    suffixes: {
      keyVaultDns: vaultSuffix.replace(/^\./, ''),
      // There is no managed HSM here; clients refuse to configure themselves without a value.
      mhsmDns: `managedhsm${vaultSuffix}`,
    },
  };
}
