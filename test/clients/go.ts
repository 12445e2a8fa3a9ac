// azidentity, azsecrets and azkeys, current versions: a program with a secret, and one without.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { signInCases, type Way } from './sign-in.ts';
import {
  CACHE,
  type ClientSuite,
  clientEnvironment,
  expectLastLine,
  identityEnvironment,
  install,
} from './suite.ts';

/** Through `adfs` it only gets its token: azsecrets wants a challenge that says `/adfs` then. */
const WAYS: readonly Way[] = [
  'certificate',
  'certificate-chain',
  'assertion',
  'workload',
  'password',
  'environment',
];

const PROGRAM = join(CACHE, 'go-secrets');
const BY_IDENTITY = join(CACHE, 'go-identity');

export const go: ClientSuite = {
  name: 'Go',
  async prepare(place) {
    mkdirSync(CACHE, { recursive: true });
    const directory = join(import.meta.dirname, 'go');
    const missing = await install({ command: 'go', parameters: ['mod', 'download'], directory });
    if (missing !== undefined) return { unavailable: missing };
    for (const [program, source] of [
      [PROGRAM, '.'],
      [BY_IDENTITY, './identity'],
    ] as const) {
      const parameters = ['build', '-o', program, source];
      const failed = await install({ command: 'go', parameters, directory, defect: /./ });
      if (failed !== undefined) return { unavailable: failed };
    }
    const environment = { ...clientEnvironment(place), SSL_CERT_FILE: place.caFile };
    const start = (way: string, more: Readonly<Record<string, string>>) =>
      expectLastLine({
        command: PROGRAM,
        parameters: [way],
        environment: { ...environment, ...more },
        expected: place.secretValue,
      });
    return [
      {
        name: 'everything azsecrets, azkeys, azcertificates and sops’s key source do',
        run: () =>
          expectLastLine({
            command: PROGRAM,
            parameters: [],
            environment,
            expected: place.secretValue,
          }),
      },
      {
        name: 'ManagedIdentityCredential and DefaultAzureCredential beside an agent',
        run: () =>
          expectLastLine({
            command: BY_IDENTITY,
            parameters: [],
            environment: { ...identityEnvironment(place), SSL_CERT_FILE: place.caFile },
            expected: place.secretValue,
          }),
      },
      ...signInCases(place, WAYS, start),
    ];
  },
};
