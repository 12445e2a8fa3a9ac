// The embedded backend: one SQLite file in write-ahead mode. Reads run here, on the serving thread,
// through prepared statements; writes run in batches on a thread of their own. The directory
// belongs to one process at a time.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { StorageDamaged, StorageError } from '../storage-error.ts';
import { lockDirectory } from './directory-lock.ts';
import type {
  Commit,
  CommitOutcome,
  Committed,
  KeyChange,
  Physical,
  Range,
  Row,
} from './physical.ts';
import { COMMITS_LOGGED } from './physical.ts';
import { SqliteCommitQueue } from './sqlite-commit-queue.ts';
import { inspectDatabase, openReader, prepareDatabase, storageErrorOf } from './sqlite-database.ts';

export interface SqliteOptions {
  /** Made, with mode 0700, if it is not there. */
  readonly directory: string;
  /** Commits that the change log reaches back. */
  readonly commitsLogged?: number;
}

const DATABASE_FILE = 'storage.sqlite';

/** Throws StorageError: `in_use`, `damaged`, `foreign`, `newer_format`, `unreadable`. */
export function sqlitePhysical(options: SqliteOptions): Physical {
  const { directory, commitsLogged = COMMITS_LOGGED } = options;
  makeDirectory(directory);
  const unlock = lockDirectory(directory);
  try {
    const path = join(directory, DATABASE_FILE);
    prepareDatabase(path);
    return new SqlitePhysical({
      path,
      unlock,
      queue: (announce) => new SqliteCommitQueue({ path, commitsLogged }, announce),
    });
  } catch (error) {
    unlock();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = `The data directory ${directory} cannot be made.`;
    throw new StorageError('unreadable', message, { cause });
  }
}

/**
 * The same records beside the process that owns them: reads what is committed, writes nothing,
 * takes no lock. For commands that look into a data directory while a server may be running on it,
 * and then end: it is not told of later commits. Throws as `sqlitePhysical` does, but never
 * `in_use`.
 */
export function sqliteObserver({ directory }: Pick<SqliteOptions, 'directory'>): Physical {
  const path = join(directory, DATABASE_FILE);
  if (!existsSync(path)) {
    throw new StorageError('unreadable', `There is no store in ${directory}.`);
  }
  inspectDatabase(path);
  const refused = new StorageError('write_failed', 'This process only reads the store.');
  return new SqlitePhysical({
    path,
    isReadOnly: true,
    unlock: () => {},
    queue: () => ({ push: () => Promise.reject(refused), close: async () => {} }),
  });
}

interface CommitQueue {
  push(commit: Commit): Promise<CommitOutcome>;
  close(): Promise<void>;
}

interface Parts {
  readonly path: string;
  readonly queue: (announce: (committed: Committed) => void) => CommitQueue;
  readonly unlock: () => void;
  readonly isReadOnly?: boolean;
}

class SqlitePhysical implements Physical {
  readonly isReadOnly: boolean;
  readonly #path: string;
  readonly #reader: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #queue: CommitQueue;
  readonly #unlock: () => void;
  readonly #listeners: ((committed: Committed) => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor({ path, queue, unlock, isReadOnly = false }: Parts) {
    this.isReadOnly = isReadOnly;
    this.#path = path;
    this.#unlock = unlock;
    this.#reader = openReader(path);
    this.#statements = prepareStatements(this.#reader);
    this.#queue = queue((committed) => {
      for (const listener of this.#listeners) listener(committed);
    });
  }

  async get(key: string): Promise<Row | undefined> {
    const found = this.#read(() => this.#statements.get.get(key));
    return found && toRow(key, found);
  }

  async scan(range: Range): Promise<readonly Row[]> {
    const { from, until, limit, descending } = range;
    const statement = descending ? this.#statements.scanDown : this.#statements.scanUp;
    const found = this.#read(() => statement.all(from, until, limit));
    return found.map((row) => toRow(row.key, row));
  }

  commit(commit: Commit): Promise<CommitOutcome> {
    return this.#queue.push(commit);
  }

  async changesSince(sequence: number): Promise<readonly KeyChange[] | undefined> {
    const found = this.#read(() => this.#statements.changes.all(sequence));
    // Asked afterwards: the writer thread may have pruned just before the changes were read.
    const pruned = this.#read(() => this.#statements.pruned.get()?.value);
    if (typeof pruned !== 'number') throw unexpected();
    return sequence < pruned ? undefined : found.map(toKeyChange);
  }

  subscribe(listener: (committed: Committed) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // The writer last: it is then the one that empties the write-ahead log.
    this.#reader.close();
    await this.#queue.close();
    this.#unlock();
  }

  #read<T>(work: () => T): T {
    if (this.#closing !== undefined) throw new StorageError('closed', 'The storage is closed.');
    return this.#guard(work);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageErrorOf(error, this.#path);
    }
  }
}

function prepareStatements(database: DatabaseSync) {
  const scan = (order: string): StatementSync =>
    database.prepare(
      `SELECT key, sequence, value FROM records
       WHERE key >= ? AND key < ? ORDER BY key ${order} LIMIT ?`,
    );
  return {
    get: database.prepare('SELECT sequence, value FROM records WHERE key = ?'),
    scanUp: scan('ASC'),
    scanDown: scan('DESC'),
    pruned: database.prepare(`SELECT value FROM counters WHERE name = 'pruned'`),
    changes: database.prepare(
      `SELECT changes.key, max(changes.sequence) AS sequence, records.value
       FROM changes LEFT JOIN records ON records.key = changes.key
       WHERE changes.sequence > ? GROUP BY changes.key ORDER BY 2, 1`,
    ),
  };
}

type Columns = Record<string, SQLOutputValue>;

function toRow(key: SQLOutputValue | undefined, { sequence, value }: Columns): Row {
  if (typeof key !== 'string' || typeof sequence !== 'number') throw unexpected();
  if (!(value instanceof Uint8Array)) throw unexpected();
  return { key, sequence, value };
}

function toKeyChange(columns: Columns): KeyChange {
  const { key, sequence, value } = columns;
  if (value !== null) return toRow(key, columns);
  if (typeof key !== 'string' || typeof sequence !== 'number') throw unexpected();
  return { key, sequence, value: undefined };
}

function unexpected(): StorageDamaged {
  return new StorageDamaged('The database holds values of an unexpected type.');
}
