// The few files that first start leaves beside the store for people and scripts: written whole or
// not at all, never half.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartFailure } from './start-failure.ts';

export const PRIVATE_MODE = 0o600;
export const PUBLIC_MODE = 0o644;

/** Replaces `path` in one step. `mode` holds from the first byte on. */
export function writeWhole(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { mode, flag: 'wx' });
  renameSync(temporary, path);
}

/** Writes only if the file does not hold `text` already. */
export function keepWritten(path: string, text: string, mode: number): void {
  if (readIfThere(path) !== text) writeWhole(path, text, mode);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The one line of a secret file, without its line end. Throws StartFailure if there is none. */
export function readSecretLine(path: string): string {
  const line = readIfThere(path)?.replace(/\r?\n$/, '');
  if (line === undefined) throw new StartFailure(`The file ${path} cannot be read.`);
  if (line === '' || line.includes('\n')) {
    throw new StartFailure(`The file ${path} must hold exactly one line.`);
  }
  return line;
}
