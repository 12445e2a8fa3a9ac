// The URLs of an instance. They follow from domain and port alone, so every part of the program
// that needs one computes the same. No URL ends in a slash: clients compare issuers and resources
// as text.
import type { Config } from './config.ts';

export interface Endpoints {
  readonly login: string;
  readonly management: string;
  readonly graph: string;
  readonly portal: string;
  /**
   * What everybody may know of the certificate authority: its certificates, what it revoked. Plain
   * http where that is served, because those who verify a certificate must not have to verify
   * another one for it (RFC 5280 §8).
   */
  readonly pki: string;
  /** What follows a vault's name in its host, for example `.vault.localhost:8443`. */
  readonly vaultSuffix: string;
  /**
   * Resource that the vaults' challenge names. With the port unless 443: the Python and Go SDKs
   * compare it with the end of the vault's host and port.
   */
  readonly vaultResource: string;
}

export function endpoints({
  domain,
  port,
  httpPort,
}: Pick<Config, 'domain' | 'port' | 'httpPort'>): Endpoints {
  const authority = port === 443 ? domain : `${domain}:${port}`;
  return Object.freeze({
    login: `https://login.${authority}`,
    management: `https://management.${authority}`,
    graph: `https://graph.${authority}`,
    portal: `https://portal.${authority}`,
    pki:
      httpPort === undefined
        ? `https://pki.${authority}`
        : `http://pki.${httpPort === 80 ? domain : `${domain}:${httpPort}`}`,
    vaultSuffix: `.vault.${authority}`,
    vaultResource: `https://vault.${authority}`,
  });
}

/** Host names without port that the certificate and the hosts file must carry, vaults excepted. */
export function planeHosts(domain: string): readonly string[] {
  return ['login', 'management', 'graph', 'portal', 'pki', 'vault'].map(
    (name) => `${name}.${domain}`,
  );
}
