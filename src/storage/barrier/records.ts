// Records as JSON, over a backend that sees only sealed bytes. It keeps the cache of sealed records
// true to what was committed and tells the followers, both before the commit is answered. It knows
// full paths only; which of them a caller may name is the view's affair.
import { parseSealed } from '#kernel';
import type { Committed, Physical, Range } from '../physical/physical.ts';
import { StorageDamaged, StorageError } from '../storage-error.ts';
import { openEnvelopeText, RECORD, readEnvelope, sealEnvelope } from './envelope.ts';
import { type Deliver, Followers } from './followers.ts';
import type { Keyring } from './keyring.ts';
import { endOf, successor } from './path.ts';
import { type CachedRecord, RecordCache } from './record-cache.ts';

/** Sealed bytes of one record. */
const RECORD_BYTES_MAX = 4 * 2 ** 20;
/** Records that one commit may write or delete. */
const WRITES_MAX = 10_000;
const FOLLOW_PAGE = 1000;

/** Reads as path → sequence seen (0: absent); writes as path → JSON text (undefined: delete). */
export interface Unit {
  readonly reads: ReadonlyMap<string, number>;
  readonly writes: ReadonlyMap<string, string | undefined>;
}

export interface RecordsOptions {
  readonly physical: Physical;
  readonly keyring: Keyring;
  readonly cacheBytesMax: number;
}

export class Records {
  readonly #physical: Physical;
  readonly #keyring: Keyring;
  readonly #cache: RecordCache;
  readonly #followers: Followers;
  /** Sequence of the last commit that was applied here. */
  #applied = 0;
  /** Set once this store must not be used any more; every later use throws it. */
  #stopped: StorageError | undefined;

  constructor(options: RecordsOptions) {
    this.#physical = options.physical;
    this.#keyring = options.keyring;
    this.#cache = new RecordCache(options.cacheBytesMax);
    this.#followers = new Followers({
      open: (path, sealed) => this.#openText(path, this.#read(path, sealed, 0)),
      pages: (prefix) => this.#pages(prefix),
    });
    this.#physical.subscribe((committed) => this.#apply(committed));
  }

  /** A record that needs no look at the backend. Only well-formed paths are ever found. */
  cached(path: string): CachedRecord | undefined {
    if (this.#stopped !== undefined) throw this.#stopped;
    return this.#cache.get(path);
  }

  async load(path: string): Promise<CachedRecord | undefined> {
    const applied = this.#applied;
    const row = await this.#physical.get(path);
    this.#refuseIfStopped();
    if (row === undefined) return undefined;
    const record = this.#read(path, row.value, row.sequence);
    // A commit applied meanwhile may have replaced what was read.
    if (this.#applied === applied) this.#cache.set(path, record);
    return record;
  }

  /** Throws StorageDamaged if the record does not open at its path. */
  open<T>(path: string, record: CachedRecord): T {
    return parseSealed<T>(this.#openText(path, record));
  }

  async scan<T>(range: Range): Promise<{ path: string; value: T }[]> {
    this.#refuseIfStopped();
    const rows = await this.#physical.scan(range);
    return rows.map((row) => ({
      path: row.key,
      value: this.open<T>(row.key, this.#read(row.key, row.value, row.sequence)),
    }));
  }

  /** Commits; answers a path that had changed since it was read, or `undefined` when durable. */
  async commit(unit: Unit): Promise<string | undefined> {
    this.#refuseIfStopped();
    if (unit.writes.size === 0) return this.changedSince(unit.reads);
    const outcome = await this.#physical.commit(this.#seal(unit));
    this.#refuseIfStopped();
    if (outcome.committed) return undefined;
    this.#cache.delete(outcome.conflict);
    return outcome.conflict;
  }

  /**
   * A path that is no longer as it was read. If there is none, all were so together when the last
   * was read, because each is unchanged from before that moment to after it.
   */
  async changedSince(reads: ReadonlyMap<string, number>): Promise<string | undefined> {
    if (reads.size < 2) return undefined;
    for (const [path, sequence] of reads) {
      const row = await this.#physical.get(path);
      if ((row?.sequence ?? 0) === sequence) continue;
      this.#cache.delete(path);
      return path;
    }
    return undefined;
  }

  async follow(prefix: string, deliver: Deliver): Promise<void> {
    this.#refuseIfStopped();
    await this.#followers.follow(prefix, deliver);
  }

  /** From now on every use throws; nothing sealed stays in memory. */
  stop(reason: StorageError): void {
    this.#stopped ??= reason;
    this.#cache.clear();
  }

  #seal(unit: Unit): { expectations: Unit['reads'] } & Pick<Committed, 'puts' | 'deletes'> {
    if (unit.writes.size > WRITES_MAX) {
      throw new StorageError(
        'value_refused',
        `A unit of work writes at most ${WRITES_MAX} records.`,
      );
    }
    const puts = new Map<string, Uint8Array>();
    const deletes = new Set<string>();
    for (const [path, text] of unit.writes) {
      if (text === undefined) deletes.add(path);
      else puts.set(path, this.#sealText(path, text));
    }
    return { expectations: unit.reads, puts, deletes };
  }

  #sealText(path: string, text: string): Uint8Array {
    const plaintext = Buffer.from(text, 'utf8');
    if (plaintext.byteLength > RECORD_BYTES_MAX) {
      throw new StorageError('value_refused', `A record is at most ${RECORD_BYTES_MAX} bytes.`);
    }
    return sealEnvelope(this.#keyring, { kind: RECORD, place: path, plaintext });
  }

  #read(path: string, bytes: Uint8Array, sequence: number): CachedRecord {
    const envelope = readEnvelope(this.#keyring, { kind: RECORD, place: path, bytes });
    if (envelope === undefined) throw damaged(path);
    return { envelope, sequence };
  }

  #openText(path: string, record: CachedRecord): string {
    const text = openEnvelopeText(record.envelope);
    if (text !== undefined) return text;
    // Not kept: whoever repairs the database need not restart.
    this.#cache.delete(path);
    throw damaged(path);
  }

  async *#pages(prefix: string) {
    const until = endOf(prefix);
    let from = prefix;
    for (;;) {
      const range = { from, until, limit: FOLLOW_PAGE, descending: false };
      const rows = await this.#physical.scan(range);
      yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < FOLLOW_PAGE) return;
      from = successor(last.key);
    }
  }

  #apply(committed: Committed): void {
    this.#applied = committed.sequence;
    for (const path of committed.deletes) this.#cache.delete(path);
    // Dropped rather than replaced: what is written in bulk should not push out what is read.
    for (const path of committed.puts.keys()) this.#cache.delete(path);
    try {
      this.#followers.apply(committed);
    } catch (cause) {
      // Fail closed: an access index that missed a revocation must not go on deciding.
      const message = 'A follower could not apply a committed change; restart to read all again.';
      this.stop(new StorageError('follower_failed', message, { cause }));
    }
  }

  #refuseIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }
}

function damaged(path: string): StorageDamaged {
  return new StorageDamaged(`The record at ${path} was altered, moved or damaged.`);
}
