// The SQLite file: how it is made, checked, brought to today's format, and opened for reading or
// writing. It repairs nothing: a file that is not exactly ours is refused as it lies there.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageDamaged, StorageError } from '../storage-error.ts';

/** `PRAGMA application_id`: "Strm". Tells our files from other programs'. */
const APPLICATION_ID = 0x5374726d;

/** `PRAGMA user_version` of a file that this release writes. */
export const FORMAT_VERSION = 1;

/** Format version 1, byte for byte what docs/internals/storage-format.md describes. */
const SCHEMA = `
  CREATE TABLE records (
    key TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, value BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE changes (
    sequence INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (sequence, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO counters (name, value) VALUES ('sequence', 0), ('pruned', 0);
`;

/** Brings a file from format version `from` to the next one; runs in a transaction of its own. */
interface Migration {
  readonly from: number;
  readonly apply: (database: DatabaseSync) => void;
}

/** One entry per format version that has ever been released, except the newest. */
const MIGRATIONS: readonly Migration[] = [];

/** Pages of write-ahead log (4 KiB each) after which they are moved into the database file. */
const CHECKPOINT_PAGES = 4000;
const WAL_BYTES_KEPT = 64 * 2 ** 20;
const READER_CACHE_KIB = 16_384;
const BUSY_MS_MAX = 5000;

/** SQLite's header (https://www.sqlite.org/fileformat.html, 1.3). */
const HEADER_BYTES = 100;
const PAGE_SIZE_AT = 16;
const PAGE_COUNT_AT = 28;
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;
const MAGIC = 'SQLite format 3\u0000';

/** Makes the file if there is none; else checks it and migrates it. Throws StorageError. */
export function prepareDatabase(path: string, migrations = MIGRATIONS): void {
  try {
    if (existsSync(path)) checkHeader(path);
    else createDatabase(path);
    const database = openConnection(path);
    try {
      checkFormat(database, migrations);
      checkTables(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw storageErrorOf(error, path);
  }
}

/**
 * Checks a file that another process may own. Through SQLite only, because closing the file itself
 * would drop the locks on it if that process is this one; an older format is left to its owner.
 */
export function inspectDatabase(path: string): void {
  try {
    const database = openConnection(path);
    try {
      if (pragma(database, 'application_id') !== APPLICATION_ID) throw foreign(path);
      checkFormat(database, []);
      checkTables(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw storageErrorOf(error, path);
  }
}

/** For the serving thread: sees what is committed, changes nothing. */
export function openReader(path: string): DatabaseSync {
  const database = openConnection(path);
  database.exec(`PRAGMA query_only = ON; PRAGMA cache_size = -${READER_CACHE_KIB}`);
  return database;
}

/** For the writer thread. A commit is on the disk when COMMIT returns. */
export function openWriter(path: string): DatabaseSync {
  const database = openConnection(path);
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${WAL_BYTES_KEPT};
  `);
  return database;
}

/** What a failed call of SQLite or the file system means to the caller. */
export function storageErrorOf(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const cause = { cause: error };
  switch (sqliteCode(error)) {
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
    case SQLITE.error:
      return new StorageDamaged(`The database ${path} is damaged.`, cause);
    case SQLITE.busy:
      return new StorageError('in_use', `The database ${path} is in use by a program.`, cause);
    default:
      return new StorageError('unreadable', `The database ${path} cannot be used.`, cause);
  }
}

/** Primary result codes (https://www.sqlite.org/rescode.html). `error` here: a table is missing. */
const SQLITE = { error: 1, busy: 5, corrupt: 11, notADatabase: 26 } as const;

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  // The low byte of an extended code is the primary one.
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function openConnection(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: BUSY_MS_MAX, allowExtension: false, defensive: true });
}

/** Looked at as bytes first: SQLite itself may write to a file that it opens. */
function checkHeader(path: string): void {
  const { header, size } = readHeader(path);
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new StorageDamaged(`The file ${path} is damaged or not a database.`);
  }
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    throw foreign(path);
  }
  refuseNewer(header.readUInt32BE(USER_VERSION_AT));
  // Pages that a checkpoint did not finish are still in the log; SQLite sees to those.
  const logged = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const pageSize = header.readUInt16BE(PAGE_SIZE_AT);
  if (logged === 0 && size < header.readUInt32BE(PAGE_COUNT_AT) * pageSize) {
    throw new StorageDamaged(`The database ${path} is damaged: its end is missing.`);
  }
}

function readHeader(path: string): { readonly header: Buffer; readonly size: number } {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
    return { header, size: fstatSync(file).size };
  } finally {
    closeSync(file);
  }
}

/** Made under another name and moved when complete, so that a crash leaves all of it or nothing. */
function createDatabase(path: string): void {
  if (existsSync(`${path}-wal`)) {
    throw new StorageDamaged(`The database ${path} is gone but its write-ahead log is there.`);
  }
  const draft = `${path}.new`;
  for (const leftover of [draft, `${draft}-journal`, `${draft}-wal`, `${draft}-shm`]) {
    rmSync(leftover, { force: true });
  }
  // SQLite gives the files beside the database the mode of the database.
  closeSync(openSync(draft, 'wx', 0o600));
  const database = openConnection(draft);
  try {
    database.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      BEGIN;
      ${SCHEMA}
      PRAGMA user_version = ${FORMAT_VERSION};
      COMMIT;
      PRAGMA journal_mode = WAL;
    `);
  } finally {
    database.close();
  }
  sync(draft);
  renameSync(draft, path);
  if (process.platform !== 'win32') sync(dirname(path));
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function checkFormat(database: DatabaseSync, migrations: readonly Migration[]): void {
  let version = pragma(database, 'user_version');
  // Asked again: the header may be older than the write-ahead log.
  if (typeof version === 'number') refuseNewer(version);
  const mode = pragma(database, 'journal_mode');
  if (mode !== 'wal') throw new StorageDamaged('The database is not in write-ahead mode.');
  const before = version;
  while (version !== FORMAT_VERSION) {
    const step = migrations.find(({ from }) => from === version);
    if (step === undefined) throw new StorageDamaged(`Format version ${version} cannot be read.`);
    version = migrate(database, step);
  }
  // So that the header says so even to who does not read the log.
  if (version !== before) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

/** So that what is missing is missed before anything is served. */
function checkTables(database: DatabaseSync): void {
  for (const columns of ['key, sequence, value FROM records', 'sequence, key FROM changes']) {
    database.prepare(`SELECT ${columns} LIMIT 1`).get();
  }
  const counters = `SELECT count(*) AS found FROM counters WHERE name IN ('sequence', 'pruned')`;
  if (database.prepare(counters).get()?.found === 2) return;
  throw new StorageDamaged('The database has lost a counter.');
}

function migrate(database: DatabaseSync, step: Migration): number {
  const next = step.from + 1;
  database.exec('BEGIN IMMEDIATE');
  try {
    step.apply(database);
    database.exec(`PRAGMA user_version = ${next}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return next;
}

function foreign(path: string): StorageError {
  return new StorageError('foreign', `The database ${path} belongs to another program.`);
}

function refuseNewer(version: number): void {
  if (version <= FORMAT_VERSION) return;
  throw new StorageError(
    'newer_format',
    `The database has format version ${version}; this release reads up to ${FORMAT_VERSION}.`,
  );
}

type Pragma = 'application_id' | 'journal_mode' | 'user_version';

function pragma(database: DatabaseSync, name: Pragma): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}
