// The backend for tests and throw-away runs: everything is gone when the process ends.
import { StorageError } from '../storage-error.ts';
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

export interface MemoryOptions {
  /** Commits that the change log reaches back. */
  readonly commitsLogged?: number;
}

export function memoryPhysical(options: MemoryOptions = {}): Physical {
  return new MemoryPhysical(options.commitsLogged ?? COMMITS_LOGGED);
}

class MemoryPhysical implements Physical {
  readonly #rows = new Map<string, Row>();
  /** The keys of `#rows`, ascending. */
  readonly #keys: string[] = [];
  /** Key → its latest change, oldest change first. */
  readonly #changes = new Map<string, number>();
  readonly #listeners: ((committed: Committed) => void)[] = [];
  readonly #commitsLogged: number;
  #sequence = 0;
  #closed = false;

  constructor(commitsLogged: number) {
    this.#commitsLogged = commitsLogged;
  }

  async get(key: string): Promise<Row | undefined> {
    this.#refuseIfClosed();
    return this.#rows.get(key);
  }

  async scan(range: Range): Promise<readonly Row[]> {
    this.#refuseIfClosed();
    const start = this.#position(range.from);
    const end = Math.max(start, this.#position(range.until));
    const keys = range.descending
      ? this.#keys.slice(Math.max(start, end - range.limit), end).reverse()
      : this.#keys.slice(start, Math.min(end, start + range.limit));
    return keys.flatMap((key) => this.#rows.get(key) ?? []);
  }

  async commit(commit: Commit): Promise<CommitOutcome> {
    this.#refuseIfClosed();
    for (const [key, sequence] of commit.expectations) {
      if ((this.#rows.get(key)?.sequence ?? 0) !== sequence) {
        return { committed: false, conflict: key };
      }
    }
    const sequence = this.#sequence + 1;
    for (const key of commit.deletes) {
      this.#delete(key);
      this.#log(key, sequence);
    }
    for (const [key, value] of commit.puts) {
      this.#put({ key, sequence, value });
      this.#log(key, sequence);
    }
    this.#sequence = sequence;
    this.#prune();
    for (const listener of this.#listeners) listener({ ...commit, sequence });
    return { committed: true, sequence };
  }

  async changesSince(sequence: number): Promise<readonly KeyChange[] | undefined> {
    this.#refuseIfClosed();
    if (sequence < this.#sequence - this.#commitsLogged) return undefined;
    return [...this.#changes]
      .filter(([, changed]) => changed > sequence)
      .sort(([a, first], [b, second]) => first - second || (a < b ? -1 : 1))
      .map(([key, changed]) => ({ key, sequence: changed, value: this.#rows.get(key)?.value }));
  }

  subscribe(listener: (committed: Committed) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #put(row: Row): void {
    if (!this.#rows.has(row.key)) this.#keys.splice(this.#position(row.key), 0, row.key);
    this.#rows.set(row.key, row);
  }

  #delete(key: string): void {
    if (this.#rows.delete(key)) this.#keys.splice(this.#position(key), 1);
  }

  #log(key: string, sequence: number): void {
    this.#changes.delete(key);
    this.#changes.set(key, sequence);
  }

  #prune(): void {
    for (const [key, sequence] of this.#changes) {
      if (sequence > this.#sequence - this.#commitsLogged) return;
      this.#changes.delete(key);
    }
  }

  /** Index of the first key that is not below `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new StorageError('closed', 'The storage is closed.');
  }
}
