// A machine with its agent: registered by the command line with an instance, and serving programs
// in a process of its own on a port of its own.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { z } from '#kernel';
import { type Exit, firstLine, launch } from './children.ts';
import { createResourceGroup, groupScope } from './estate.ts';
import {
  COMPILE_CACHE,
  type Instance,
  plainEnvironment,
  projectRoot,
  runCommand,
} from './instance.ts';

const IDENTITY = z.object({
  id: z.string(),
  properties: z.object({ clientId: z.guid(), principalId: z.guid() }),
});
const MACHINE = z.object({ identity: z.object({ principalId: z.guid() }) });

export interface Identity {
  readonly id: string;
  readonly clientId: string;
  readonly objectId: string;
}

/** A user-assigned identity in the group of the tests. */
export async function createIdentity({ owner }: Instance, name: string): Promise<Identity> {
  await createResourceGroup(owner);
  const made = await owner.arm({
    method: 'PUT',
    path: `${groupScope(owner)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    json: { location: 'westeurope' },
    apiVersion: '2023-01-31',
  });
  const { id, properties } = made.expect(200, 201).read(IDENTITY);
  return { id, clientId: properties.clientId, objectId: properties.principalId };
}

export interface Agent {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly directory: string;
  /** ARM id of the machine. */
  readonly machine: string;
  /** Object id of the machine's own identity. */
  readonly objectId: string;
  /** Makes a workload; gives the variables that its program is started with. */
  workload(name: string, ...identities: readonly string[]): Promise<Record<string, string>>;
  stop(): Promise<Exit>;
}

export interface AgentOptions {
  readonly directory: string;
  readonly machine: string;
  readonly identities?: readonly Identity[];
  /** Further flags, for example `--imds`. */
  readonly flags?: readonly string[];
}

export async function startAgent(instance: Instance, options: AgentOptions): Promise<Agent> {
  const { owner, dataDirectory } = instance;
  const { directory, identities = [], flags = [] } = options;
  await createResourceGroup(owner);
  const type = 'providers/Microsoft.HybridCompute/machines';
  const machine = `${groupScope(owner)}/${type}/${options.machine}`;
  const place = ['--agent-dir', directory];
  const assigned = identities.flatMap(({ id }) => ['--assign', id]);
  const registered = await runCommand([
    ...['identity-agent', 'register', '--machine', machine, '--as-administrator'],
    ...['--data-dir', dataDirectory, ...place, ...assigned],
  ]);
  if (registered.code !== 0) throw new Error(`not registered: ${registered.stderr}`);
  const shown = await owner.arm({ path: machine, apiVersion: '2024-07-10' });
  const { principalId } = shown.expect(200).read(MACHINE).identity;
  const listen = `127.0.0.1:${await freePort()}`;
  const command = ['src/main.ts', 'identity-agent', ...place, '--listen', listen, ...flags];
  const child = launch(process.execPath, command, {
    cwd: projectRoot,
    env: { ...plainEnvironment(), ...COMPILE_CACHE },
  });
  const line = await firstLine(child, 20_000);
  if (line === undefined) throw new Error(`the agent did not start: ${child.stderr()}`);
  return {
    origin: `http://${listen}`,
    directory,
    machine,
    objectId: principalId,
    workload: async (name, ...allowed) => {
      const only = allowed.flatMap((identity) => ['--identity', identity]);
      const words = ['identity-agent', 'workload', name, '--listen', listen, ...place, ...only];
      const made = await runCommand(words);
      if (made.code !== 0) throw new Error(made.stderr);
      return readVariables(join(directory, `workload-${name}.env`));
    },
    stop: () => {
      child.process.kill('SIGTERM');
      return child.exit;
    },
  };
}

function readVariables(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
