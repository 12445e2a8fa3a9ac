// Which resource a token may be for, under all the names clients know it by. The identity provider
// issues tokens for these and for nothing it does not know; each plane accepts only its own.
import { wellKnownAppIds } from '#directory';

export interface ResourceEndpoints {
  /** `https://vault.D[:port]`, the resource that vaults name in their challenge. */
  readonly vaultResource: string;
  /** `https://management.D[:port]` */
  readonly management: string;
  /** `https://graph.D[:port]` */
  readonly graph: string;
}

export type ResourceName = 'vault' | 'management' | 'graph';

/** Values of `aud` per resource. */
export type Audiences = Readonly<Record<ResourceName, ReadonlySet<string>>>;

/**
 * Own address with and without port, Azure's public address, each with and without a trailing
 * slash, and the resource's application id.
 */
export function resourceAudiences(endpoints: ResourceEndpoints): Audiences {
  return {
    vault: spellings(
      [endpoints.vaultResource, 'https://vault.azure.net'],
      wellKnownAppIds.keyVault,
    ),
    management: spellings(
      [endpoints.management, 'https://management.azure.com', 'https://management.core.windows.net'],
      wellKnownAppIds.resourceManager,
    ),
    graph: spellings(
      [endpoints.graph, 'https://graph.microsoft.com'],
      wellKnownAppIds.microsoftGraph,
    ),
  };
}

function spellings(addresses: readonly string[], appId: string): ReadonlySet<string> {
  const all = addresses.flatMap((address) => {
    const { origin, protocol, hostname } = new URL(address);
    return [origin, `${origin}/`, `${protocol}//${hostname}`, `${protocol}//${hostname}/`];
  });
  return new Set([...all, appId]);
}
