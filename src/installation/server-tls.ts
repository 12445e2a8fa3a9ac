// What the listener serves with: the operator's certificate if one is configured, otherwise ours.
// The authority's certificate is kept in a file either way, for those who are to trust it.
import type { Config } from '#config';
import type { Clock } from '#kernel';
import type { View } from '#storage';
import { keepWritten, PUBLIC_MODE } from './files.ts';
import { readOwnCertificate } from './own-certificate.ts';
import { openServerCertificate, serverNames } from './server-certificate.ts';

/** Every address that a client on this machine may use instead of a name. */
const LOOPBACK = ['127.0.0.1', '::1'];

export interface ServerTlsOptions {
  readonly view: View;
  readonly config: Pick<Config, 'domain' | 'tlsCertFile' | 'tlsKeyFile'>;
  readonly caFile: string;
  readonly clock: Clock;
}

export interface ServerTls {
  /** Reads or renews; call it at start and from time to time. */
  load(): Promise<{ readonly certificate: string; readonly privateKey: string }>;
}

export function serverTls({ view, config, caFile, clock }: ServerTlsOptions): ServerTls {
  const names = serverNames(config.domain, LOOPBACK);
  return {
    async load() {
      const made = await openServerCertificate(view, names, clock);
      keepWritten(caFile, made.authorityPem, PUBLIC_MODE);
      const { certificatePem, privateKeyPem } = readOwnCertificate(config) ?? made.server;
      return { certificate: certificatePem, privateKey: privateKeyPem };
    },
  };
}
