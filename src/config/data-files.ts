// Names of what lies in the data directory, so that the server that writes a file and the command
// that reads it agree. Says nothing about what is in them.
import { join } from 'node:path';

export interface DataFiles {
  /** Default place of the root key; 0600. */
  readonly keyFile: string;
  /** The instance's own CA certificate, PEM. Not secret. */
  readonly caFile: string;
  /** System roots and our CA in one PEM file, written by `strongroom trust`. Not secret. */
  readonly caBundleFile: string;
  /** The first administrator's sign-in, written at first start only; 0600. */
  readonly administratorFile: string;
  /** What `serve` announced when it was last ready, for the other commands. Not secret. */
  readonly instanceFile: string;
  readonly auditDirectory: string;
}

export function dataFiles(dataDirectory: string): DataFiles {
  return {
    keyFile: join(dataDirectory, 'root.key'),
    caFile: join(dataDirectory, 'ca.pem'),
    caBundleFile: join(dataDirectory, 'ca-bundle.pem'),
    administratorFile: join(dataDirectory, 'administrator.json'),
    instanceFile: join(dataDirectory, 'instance.json'),
    auditDirectory: join(dataDirectory, 'audit'),
  };
}
