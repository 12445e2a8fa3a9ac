// A certificate that the operator brings instead of ours.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StartFailure } from './start-failure.ts';

export interface OwnCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Reads both files. Throws StartFailure if they cannot be read or do not belong together. */
export function readOwnCertificate(certificateFile: string, keyFile: string): OwnCertificate {
  const certificatePem = readText(certificateFile, 'certificate');
  const privateKeyPem = readText(keyFile, 'private key');
  if (!belongTogether(certificatePem, privateKeyPem)) {
    throw new StartFailure(
      `The private key in ${keyFile} does not belong to the certificate in ${certificateFile}.`,
    );
  }
  return { certificatePem, privateKeyPem };
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
