// Child processes of the tests. Whatever way the test process ends, none of them outlives it.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAll();
    process.kill(process.pid, signal);
  });
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  readonly exit: Promise<Exit>;
}

/** Starts `command`; its output is collected, its standard input closed. */
export function launch(
  command: string,
  parameters: readonly string[],
  options: SpawnOptions = {},
): Child {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exit = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      stderr += `${error.message}\n`;
      running.delete(child);
      resolve({ code: -1, signal: null });
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? -1,
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    exit,
  };
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends SpawnOptions {
  /** After this many milliseconds the command is killed. */
  readonly limitMs?: number;
}

/** Runs `command` to its end. */
export async function run(
  command: string,
  parameters: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { limitMs = 60_000, ...spawnOptions } = options;
  const child = launch(command, parameters, spawnOptions);
  const limit = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
  const exit = await child.exit;
  clearTimeout(limit);
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/** Resolves once the child's standard output holds a full line, or the child has ended. */
export async function firstLine(child: Child, limitMs: number): Promise<string | undefined> {
  const signal = AbortSignal.timeout(limitMs);
  const ended = child.exit.then(() => true);
  for (;;) {
    const [line, ...rest] = child.stdout().split('\n');
    if (rest.length > 0) return line;
    const stream = child.process.stdout;
    if (stream === null) return undefined;
    const more = once(stream, 'data', { signal }).then(() => false);
    // A rejected wait means the time is up; what the child has said by then is all there is.
    const over = await Promise.race([ended, more.catch(() => true)]);
    if (over && !child.stdout().includes('\n')) return undefined;
  }
}
