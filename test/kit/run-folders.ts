// Folders that live as long as the run of a test program, whatever way it ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const folders: string[] = [];

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder, removed when the process exits. */
export function folderForThisRun(): string {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-run-'));
  folders.push(folder);
  return folder;
}
