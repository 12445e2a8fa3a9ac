// azure_identity and azure_security_keyvault_secrets from crates.io, in one Rust program.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { signInCases } from './sign-in.ts';
import {
  CACHE,
  type ClientSuite,
  clientEnvironment,
  expectLastLine,
  install,
  type Place,
} from './suite.ts';

const TARGET = join(CACHE, 'rust');
const PROGRAM = join(TARGET, 'debug', 'strongroom-clients');
/** Two hundred crates, on two processors. */
const BUILD_MS_MAX = 900_000;

export const rust: ClientSuite = {
  name: 'Rust',
  async prepare(place) {
    mkdirSync(TARGET, { recursive: true });
    const failed = await install({
      command: 'cargo',
      parameters: ['build', '--quiet', '--locked', '--target-dir', TARGET],
      directory: join(import.meta.dirname, 'rust'),
      limitMs: BUILD_MS_MAX,
      defect: /could not compile `strongroom-clients`|--locked was passed/,
    });
    if (failed !== undefined) return { unavailable: failed };
    const start = (way: string, more: Readonly<Record<string, string>> = {}) =>
      expectLastLine({
        command: PROGRAM,
        parameters: [way],
        environment: { ...clientEnvironment(place), SSL_CERT_FILE: place.caFile, ...more },
        expected: place.secretValue,
      });
    return [
      {
        name: 'signs in by secret; what azure_security_keyvault_secrets does with a secret',
        run: () => start('secret'),
      },
      await certificateCase(place, start),
      ...signInCases(place, ['assertion', 'workload'], start),
    ];
  },
};

/** It takes PKCS#12 only, and names the certificate by x5t in standard base64. */
async function certificateCase(
  { proofs }: Place,
  start: (way: string, more: Readonly<Record<string, string>>) => Promise<void>,
) {
  const file = await proofs.pkcs12File();
  return {
    name: 'signs in by certificate',
    ...(file === undefined && { skip: 'there is no openssl here to make a PKCS#12 file' }),
    run: () => start('certificate', { CERTIFICATE_FILE: file ?? '' }),
  };
}
