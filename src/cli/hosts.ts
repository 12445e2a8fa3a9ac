// `strongroom hosts`: entries that let clients find the planes and vaults of an instance by name.
// Without `--install` or `--remove` it only prints them.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { type Config, dataFiles, planeHosts } from '#config';
import { parse, parseJson, z } from '#kernel';
import { CommandFailure } from './command-failure.ts';
import { editHosts, type HostsEntry, readHosts, renderEntries } from './hosts-file.ts';
import { listVaultNames, NotRunning } from './management-client.ts';
import { loadReady, type Ready } from './ready.ts';
import type { Terminal } from './terminal.ts';
import { loadAuthority, systemRoots } from './trust.ts';

export interface HostsOptions {
  readonly mode: 'print' | 'install' | 'remove';
  /** Default: the system's. */
  readonly hostsFile: string | undefined;
}

const administratorSchema = z.object({ clientId: z.string(), clientSecret: z.string() });

/** Throws CommandFailure. */
export async function manageHosts(
  config: Config,
  terminal: Terminal,
  { mode, hostsFile = systemHostsFile() }: HostsOptions,
): Promise<void> {
  const ready = loadReady(config.dataDirectory);
  const domain = domainOf(ready);
  if (mode === 'remove') {
    const content = readHostsFile(hostsFile);
    const isChanged = writeHostsFile(hostsFile, content, editHosts(content, domain, []));
    terminal.out(isChanged ? `Took the entries out of ${hostsFile}.\n` : 'There were none.\n');
    return;
  }
  const address = reachable(config.host);
  const vaults = await findVaults(config, ready, terminal);
  const entries = [
    ...planeHosts(domain),
    ...vaults.names.map((name) => `${name}.vault.${domain}`),
  ].map((name) => ({ address, name }));
  if (mode === 'print') {
    terminal.out(`${renderEntries(entries).join('\n')}\n`);
    return;
  }
  const content = readHostsFile(hostsFile);
  // Vaults that nobody could ask about keep the entries they have.
  const kept = vaults.isKnown ? [] : readHosts(content, domain).filter((old) => !has(entries, old));
  const all = [...entries, ...kept];
  const isChanged = writeHostsFile(hostsFile, content, editHosts(content, domain, all));
  const what = `${all.length} entries for ${domain}`;
  terminal.out(
    isChanged ? `Wrote ${what} into ${hostsFile}.\n` : `${hostsFile} has all ${what}.\n`,
  );
}

function has(entries: readonly HostsEntry[], { name }: HostsEntry): boolean {
  return entries.some((entry) => entry.name === name);
}

async function findVaults(
  config: Config,
  ready: Ready,
  terminal: Terminal,
): Promise<{ readonly isKnown: boolean; readonly names: readonly string[] }> {
  try {
    const names = await listVaultNames({
      ready,
      address: reachable(config.host),
      authorities: [loadAuthority(config.dataDirectory), ...systemRoots()],
      credentials: loadCredentials(config.dataDirectory),
    });
    return { isKnown: true, names };
  } catch (error) {
    const why =
      error instanceof NotRunning ? 'no server answers' : error instanceof Error && error.message;
    terminal.err(`The vaults are left out, because ${why}.\n`);
    return { isKnown: false, names: [] };
  }
}

function loadCredentials(dataDirectory: string): z.infer<typeof administratorSchema> {
  const { administratorFile } = dataFiles(dataDirectory);
  try {
    return parse(administratorSchema, parseJson(readFileSync(administratorFile, 'utf8')), 'body');
  } catch {
    throw new CommandFailure(`the sign-in in ${administratorFile} cannot be read`);
  }
}

/** Where clients of this machine reach a server that listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === 'localhost') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function domainOf({ login }: Ready): string {
  return new URL(login).hostname.slice('login.'.length);
}

function systemHostsFile(): string {
  return process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';
}

function readHostsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new CommandFailure(`The hosts file ${path} cannot be read.`);
  }
}

/** In place: a container's hosts file is a mount that cannot be replaced. Answers if it changed. */
function writeHostsFile(path: string, before: string, after: string): boolean {
  if (before === after) return false;
  try {
    writeFileSync(path, after);
  } catch {
    throw new CommandFailure(`The hosts file ${path} cannot be written: try again with sudo.`);
  }
  return true;
}
