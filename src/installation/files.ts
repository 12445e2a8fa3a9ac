// The few files that first start leaves beside the store for people and scripts: written whole or not
// at all, never half.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

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
