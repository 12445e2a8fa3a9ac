// How a command reaches the instance of its data directory: as the administrator's application,
// over the address that the server listens on, trusting the instance's own authority.
import { readFileSync } from 'node:fs';
import { type Config, dataFiles } from '#config';
import { parse, parseJson, z } from '#kernel';
import { CommandFailure } from './command-failure.ts';
import type { ClientOptions, Credentials } from './management-client.ts';
import { loadReady } from './ready.ts';
import { loadAuthority, systemRoots } from './trust.ts';

const administratorSchema = z.object({ clientId: z.string(), clientSecret: z.string() });

/** Throws CommandFailure if no instance was ever ready here, or its sign-in is gone. */
export function clientOptions(config: Config): ClientOptions {
  return {
    ready: loadReady(config.dataDirectory),
    address: reachable(config.host),
    authorities: [loadAuthority(config.dataDirectory), ...systemRoots()],
    credentials: loadCredentials(config.dataDirectory),
  };
}

/** Where clients of this machine reach a server that listens on `host`. */
export function reachable(host: string): string {
  if (host === '0.0.0.0' || host === 'localhost') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function loadCredentials(dataDirectory: string): Credentials {
  const { administratorFile } = dataFiles(dataDirectory);
  try {
    return parse(administratorSchema, parseJson(readFileSync(administratorFile, 'utf8')), 'body');
  } catch {
    throw new CommandFailure(
      `the sign-in in ${administratorFile} cannot be read; put it back, or write one there with ` +
        'the clientId and clientSecret of an application that is Owner',
    );
  }
}
