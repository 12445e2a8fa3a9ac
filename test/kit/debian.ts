// Packages of Debian that a test needs, installed where that can be done: as root, with apt.
import process from 'node:process';
import { run } from './children.ts';

const INSTALL_MS_MAX = 300_000;

/** Whether the package is there now. */
export async function installPackage(name: string): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const parameters of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', name],
  ]) {
    const { code } = await run('apt-get', parameters, { env, limitMs: INSTALL_MS_MAX });
    if (code !== 0) return false;
  }
  return true;
}
