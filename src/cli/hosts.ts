// `strongroom hosts`: entries that let clients find the planes and vaults of an instance by name.
// Without `--install` or `--remove` it only prints them.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { type Config, planeHosts } from '#config';
import { CommandFailure } from './command-failure.ts';
import { editHosts, type HostsEntry, readHosts, renderEntries } from './hosts-file.ts';
import { listVaultNames, NotRunning } from './management-client.ts';
import { loadReady, type Ready } from './ready.ts';
import { clientOptions, reachable } from './running-instance.ts';
import type { Terminal } from './terminal.ts';

export interface HostsOptions {
  readonly mode: 'print' | 'install' | 'remove';
  /** Default: the system's. */
  readonly hostsFile: string | undefined;
}

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
  const vaults = await findVaults(config, terminal);
  // Its name is in the certificate and in the metadata, but nothing answers there yet.
  const portal = `portal.${domain}`;
  const entries = [
    ...planeHosts(domain).filter((host) => host !== portal),
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
  terminal: Terminal,
): Promise<{ readonly isKnown: boolean; readonly names: readonly string[] }> {
  try {
    const names = await listVaultNames(clientOptions(config));
    return { isKnown: true, names };
  } catch (error) {
    const why =
      error instanceof NotRunning ? 'no server answers' : error instanceof Error && error.message;
    terminal.err(`The vaults are left out, because ${why}.\n`);
    return { isKnown: false, names: [] };
  }
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
