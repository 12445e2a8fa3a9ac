// azidentity, azsecrets and azkeys, current versions, in one Go program.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, type ClientSuite, clientEnvironment, expectLastLine, install } from './suite.ts';

const PROGRAM = join(CACHE, 'go-secrets');

export const go: ClientSuite = {
  name: 'Go',
  async prepare(place) {
    mkdirSync(CACHE, { recursive: true });
    const failed = await install({
      command: 'go',
      parameters: ['build', '-o', PROGRAM, '.'],
      directory: join(import.meta.dirname, 'go'),
    });
    if (failed !== undefined) return { unavailable: failed };
    const environment = { ...clientEnvironment(place), SSL_CERT_FILE: place.caFile };
    return [
      {
        name: 'everything azsecrets does with a secret, and azkeys with a key',
        run: () =>
          expectLastLine({
            command: PROGRAM,
            parameters: [],
            environment,
            expected: place.secretValue,
          }),
      },
    ];
  },
};
