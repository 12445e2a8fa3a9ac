// One process per data directory. The lock is an open exclusive transaction on an empty SQLite
// file, which is to say a lock of the operating system: it ends with the process, however that
// ends, and holds within one process as well. The file stays; only the lock on it counts.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '../storage-error.ts';

const LOCK_FILE = 'storage.lock';

/** Answers how to let go. Throws StorageError `in_use` or `unreadable`. */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, LOCK_FILE);
  makeFile(path);
  const database = openLock(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    const message = `The data directory ${directory} is in use by another Strongroom.`;
    throw new StorageError('in_use', message, { cause });
  }
  return () => database.close();
}

/**
 * Only ever opens a file that is not there yet: closing one that this process has locked would drop
 * the lock (POSIX, fcntl).
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
    throw new StorageError('unreadable', `The lock file ${path} cannot be made.`, { cause });
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw new StorageError('unreadable', `The lock file ${path} cannot be opened.`, { cause });
  }
}
