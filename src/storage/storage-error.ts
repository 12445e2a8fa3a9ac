// Everything that storage refuses or fails at, as one class with a code. Messages name files and
// paths, never a value, a key or a passphrase.

export type StorageErrorCode =
  /** Another process (or another opening in this one) owns the data directory. */
  | 'in_use'
  /** Bytes that this program cannot have written, or that were altered, cut short or removed. */
  | 'damaged'
  /** The database file belongs to another program. */
  | 'foreign'
  /** Written by a later release. */
  | 'newer_format'
  /** The operating system refused a file or directory. */
  | 'unreadable'
  /** The root key (or passphrase) is not the one that this store is sealed with. */
  | 'wrong_root_key'
  /** The root key is missing, malformed, exposed to others, or of another kind than the store's. */
  | 'root_key_refused'
  /** A path, prefix or partition outside the documented key set. */
  | 'path_refused'
  /** No JSON value, too large a record, too many writes in one unit, or an impossible limit. */
  | 'value_refused'
  /** A transaction met a newer write each time it was tried. */
  | 'conflict'
  /** The backend did not confirm the write: whether it happened is unknown until the next start. */
  | 'write_failed'
  /** More commits are waiting than the queue holds. */
  | 'overloaded'
  /** A follower threw, so what lives in memory no longer matches what is stored. */
  | 'follower_failed'
  /** Used after `close`. */
  | 'closed';

export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** What is stored is not what this program wrote. Nothing is repaired or skipped. */
export class StorageDamaged extends StorageError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('damaged', message, options);
    this.name = 'StorageDamaged';
  }
}
