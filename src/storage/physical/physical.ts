// What a backend must do: keep bytes under ordered keys, change them in atomic commits, number the
// commits and say what changed since one. A backend knows no record, no key material and no rule;
// it is not trusted, and `barrier/` is the only caller. `physical.test.ts` tests every backend
// alike.

/** One key, as it stood when it was read. */
export interface Row {
  /** ASCII, at most 1024 characters. */
  readonly key: string;
  /** Number of the commit that wrote this value; never 0. */
  readonly sequence: number;
  /** Not to be written to, by either side. */
  readonly value: Uint8Array;
}

/** Keys from `from` (inclusive) to `until` (exclusive), in bytewise order. */
export interface Range {
  readonly from: string;
  readonly until: string;
  /** Rows, at least 1. */
  readonly limit: number;
  /** Highest key first. */
  readonly descending: boolean;
}

export interface Commit {
  /** Key → sequence that it must still have; 0: it must be absent. */
  readonly expectations: ReadonlyMap<string, number>;
  readonly puts: ReadonlyMap<string, Uint8Array>;
  /** Deleting an absent key is allowed, and counts as a change. */
  readonly deletes: ReadonlySet<string>;
}

export type CommitOutcome =
  | { readonly committed: true; readonly sequence: number }
  /** Nothing was changed; `conflict` is a key whose expectation did not hold. */
  | { readonly committed: false; readonly conflict: string };

/** A commit that has become durable. */
export interface Committed extends Pick<Commit, 'puts' | 'deletes'> {
  readonly sequence: number;
}

/** A key's latest change; `value` is absent if that was its deletion. */
export interface KeyChange {
  readonly key: string;
  readonly sequence: number;
  readonly value: Uint8Array | undefined;
}

export interface Physical {
  /** Every commit is refused; the store belongs to another process. */
  readonly isReadOnly?: boolean;
  get(key: string): Promise<Row | undefined>;
  scan(range: Range): Promise<readonly Row[]>;
  /**
   * All or nothing; durable when the promise resolves. Sequences rise by one with every successful
   * commit. Rejects with StorageError `write_failed`, `overloaded` or `closed`.
   */
  commit(commit: Commit): Promise<CommitOutcome>;
  /**
   * Every key changed after commit `sequence`, once, in the order of its latest change (and by key
   * within one commit); `undefined` if the log no longer reaches back that far: read all again.
   */
  changesSince(sequence: number): Promise<readonly KeyChange[] | undefined>;
  /** Calls `listener` for every commit, in sequence order, before the commit's promise resolves. */
  subscribe(listener: (committed: Committed) => void): void;
  /** Finishes the commits under way, then lets go of everything. Safe to call twice. */
  close(): Promise<void>;
}

/** How many of the latest commits the change log keeps by default. */
export const COMMITS_LOGGED = 65_536;
