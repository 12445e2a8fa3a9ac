// What the rest of the program sees of storage: records under the partition that a Grant opens,
// read and written as whole values. Which bytes are kept where is the barrier's affair.
import type { Grant } from '#kernel';

/** A record and where it stands. Paths are relative to the view's partition. */
export interface Entry<T> {
  readonly path: string;
  readonly value: T;
}

export interface ScanRange {
  /** Relative to the partition; may be empty (all of it) or end within a segment. */
  readonly prefix: string;
  /**
   * Where the page before ended: a whole path relative to the partition, itself left out. The bound
   * from below for an ascending scan, from above for a descending one.
   */
  readonly after?: string;
  /** Entries, 1 to 10,000. */
  readonly limit: number;
  /** Highest path first. */
  readonly descending?: boolean;
}

/**
 * Reads. A path is segments joined by `/`, each of printable ASCII without space and backslash,
 * none empty, `.` or `..`, at most 1024 characters with its partition; any other is refused with
 * StorageError `path_refused`. Ordered bytewise. A record that does not open throws StorageDamaged.
 */
export interface Reader {
  get<T>(path: string): Promise<T | undefined>;
  scan<T>(range: ScanRange): Promise<readonly Entry<T>[]>;
}

/**
 * One unit of work. What it read with `get` must still be unchanged when it commits; if not, the
 * whole work runs again (so `work` has no side effects but on its transaction, and starts no other
 * one). After 64 tries it fails with StorageError `conflict`. Writes are seen by its own later
 * `get`s, not by its `scan`s; what a scan found is not watched. If `work` throws, nothing is
 * written.
 */
export interface Transaction extends Reader {
  put<T>(path: string, value: T): void;
  delete(path: string): void;
}

export interface View extends Reader {
  /** Durable, and applied by every follower on this node, when the promise resolves. */
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
}

export interface Change<T = unknown> {
  /** Full path, partition included. */
  readonly path: string;
  /** `undefined`: deleted. */
  readonly value: T | undefined;
}

export interface Storage {
  /** Records under `grant.partition`. Throws if the grant was not issued by the access decision. */
  view(grant: Grant): View;
  /**
   * Calls `apply` for every record that exists under `prefix`, then for every later change, in
   * commit order and before the write that made it is answered. For caches and indexes that live in
   * memory. `prefix` is a full path prefix and not empty. If `apply` throws, storage stops: every
   * later use of it throws `follower_failed`, because what lives in memory can no longer be
   * trusted.
   */
  follow<T>(prefix: string, apply: (change: Change<T>) => void): Promise<void>;
  /** Sealed blobs that leave the store (backups): bound to `context`, opened only with the same. */
  sealBlob(context: string, plaintext: Uint8Array): Uint8Array;
  /** `undefined` if the blob is not ours, damaged, or bound to another context. */
  openBlob(context: string, blob: Uint8Array): Uint8Array | undefined;
  close(): Promise<void>;
}

/** Partition of everything a tenant owns outside its vaults: directory, ARM resources, roles. */
export function tenantPartition(tenantId: string): string {
  return `tenant/${tenantId}/`;
}

/** Partition of one vault's objects. `vaultUid` is the record's own id, never the reusable name. */
export function vaultPartition(vaultUid: string): string {
  return `vault/${vaultUid}/`;
}
