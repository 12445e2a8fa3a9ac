// Serves a real instance in a child process, the way a user starts one, on a directory and a port
// of its own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parse, parseJson, z } from '#kernel';
import { Caller } from './caller.ts';
import { type Child, type Exit, type Finished, firstLine, launch, run } from './children.ts';
import { Wire } from './wire.ts';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

const READY_LINE = z.strictObject({
  event: z.literal('ready'),
  login: z.url(),
  management: z.url(),
  graph: z.url(),
  portal: z.url(),
  vaultSuffix: z.string().startsWith('.vault.'),
  tenantId: z.guid(),
  subscriptionId: z.guid(),
  caFile: z.string(),
  administratorFile: z.string(),
});

const ADMINISTRATOR = z.object({
  userPrincipalName: z.string(),
  password: z.string(),
  clientId: z.guid(),
  clientSecret: z.string(),
  objectId: z.guid(),
});

export type Ready = z.infer<typeof READY_LINE>;
export type Administrator = z.infer<typeof ADMINISTRATOR>;

export interface StartOptions {
  /** Kept when the instance ends. Absent: a new one, removed by `stop`. */
  readonly dataDirectory?: string;
  readonly domain?: string;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Longest wait for the ready line. */
  readonly readyMsMax?: number;
}

export interface Instance extends Ready {
  readonly domain: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly child: Child;
  readonly administrator: Administrator;
  readonly wire: Wire;
  /** Calls as the application of the administrator file: Owner at `/` and Global Administrator. */
  readonly owner: Caller;
  /** `https://<name>.vault.D:P`. */
  vaultUrl(name: string): string;
  /** Milliseconds from launch to the ready line. */
  readonly startMs: number;
  /** SIGTERM, and the wait for the end. */
  stop(): Promise<Exit>;
  /** SIGKILL, and the wait for the end. */
  kill(): Promise<Exit>;
}

/** The environment without what the surrounding shell may say to our own programs. */
export function plainEnvironment(): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(STRONGROOM|AZURE|NODE_)/.test(name)) plain[name] = value;
  }
  return plain;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'strongroom-test-'));
}

/** Where the launcher keeps compiled code from start to start; here too, so starts are as fast. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(projectRoot, 'build', 'compile-cache') };

function launchServer(dataDirectory: string, options: StartOptions): Child {
  const { domain = 'localhost', flags = [], environment = {} } = options;
  const where = ['--data-dir', dataDirectory, '--domain', domain, '--host', '127.0.0.1'];
  const parameters = ['src/main.ts', 'serve', ...where, '--output', 'json', ...flags];
  if (!flags.includes('--port')) parameters.push('--port', '0');
  return launch(process.execPath, parameters, {
    cwd: projectRoot,
    env: { ...plainEnvironment(), ...COMPILE_CACHE, ...environment },
  });
}

/**
 * Starts an instance and waits until it says that it serves; throws with its words if it does not.
 */
export async function startInstance(options: StartOptions = {}): Promise<Instance> {
  const dataDirectory = options.dataDirectory ?? temporaryDirectory();
  const startedAtMs = performance.now();
  const child = launchServer(dataDirectory, options);
  const line = await firstLine(child, options.readyMsMax ?? 20_000);
  const startMs = performance.now() - startedAtMs;
  if (line === undefined) {
    child.process.kill('SIGKILL');
    const { code } = await child.exit;
    throw new Error(`the server did not get ready (exit code ${code}): ${child.stderr()}`);
  }
  const ready = parse(READY_LINE, parseJson(line), 'body');
  const administratorText = readFileSync(ready.administratorFile, 'utf8');
  const administrator = parse(ADMINISTRATOR, parseJson(administratorText), 'body');
  const wire = new Wire(ready.caFile);
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    wire.close();
    child.process.kill(signal);
    const exit = await child.exit;
    if (options.dataDirectory === undefined)
      rmSync(dataDirectory, { recursive: true, force: true });
    return exit;
  };
  const instance = {
    ...ready,
    domain: options.domain ?? 'localhost',
    port: Number(new URL(ready.login).port || 443),
    dataDirectory,
    child,
    administrator,
    wire,
    vaultUrl: (name: string) => `https://${name}${ready.vaultSuffix}`,
    startMs,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
  return { ...instance, owner: new Caller(instance, administrator) };
}

/** Runs the command line, for example `['audit', 'verify', '--data-dir', DIR]`, to its end. */
export function runCommand(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return run(process.execPath, ['src/main.ts', ...parameters], {
    cwd: projectRoot,
    env: { ...plainEnvironment(), ...COMPILE_CACHE, ...environment },
  });
}
