// The URLs of an instance. They follow from domain and port alone, so every part of the program
// that needs one computes the same. No URL ends in a slash: clients compare issuers and resources
// as text.
import type { Config } from './config.ts';

export interface Endpoints {
  readonly login: string;
  readonly management: string;
  readonly graph: string;
  readonly portal: string;
  /** What follows a vault's name in its host, for example `.vault.localhost:8443`. */
  readonly vaultSuffix: string;
  /**
   * Resource that the vaults' challenge names. With the port unless 443: the Python and Go SDKs
   * compare it with the end of the vault's host and port.
   */
  readonly vaultResource: string;
}

export function endpoints({ domain, port }: Pick<Config, 'domain' | 'port'>): Endpoints {
  const authority = port === 443 ? domain : `${domain}:${port}`;
  return Object.freeze({
    login: `https://login.${authority}`,
    management: `https://management.${authority}`,
    graph: `https://graph.${authority}`,
    portal: `https://portal.${authority}`,
    vaultSuffix: `.vault.${authority}`,
    vaultResource: `https://vault.${authority}`,
  });
}

/** Host names without port that the certificate and the hosts file must carry, vaults excepted. */
export function planeHosts(domain: string): readonly string[] {
  return ['login', 'management', 'graph', 'portal', 'vault'].map((name) => `${name}.${domain}`);
}
