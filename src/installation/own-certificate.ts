// A certificate that the operator brings instead of ours.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '#config';
import { StartFailure } from './start-failure.ts';

export interface OwnCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/**
 * `undefined` if none is configured. Throws StartFailure if the files cannot be read or do not
 * belong together.
 */
export function readOwnCertificate(
  config: Pick<Config, 'tlsCertFile' | 'tlsKeyFile'>,
): OwnCertificate | undefined {
  const { tlsCertFile, tlsKeyFile } = config;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const certificatePem = readText(tlsCertFile, 'certificate');
  const privateKeyPem = readText(tlsKeyFile, 'private key');
  if (belongTogether(certificatePem, privateKeyPem)) return { certificatePem, privateKeyPem };
  throw new StartFailure(
    `The private key in ${tlsKeyFile} does not belong to the certificate in ${tlsCertFile}.`,
  );
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new StartFailure(`The ${what} file ${path} cannot be read.`, { cause });
  }
}

function belongTogether(certificatePem: string, privateKeyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}
