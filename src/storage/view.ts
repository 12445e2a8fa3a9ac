// What the rest of the program sees of storage: records under the partition that a Grant opens, read
// and written as whole values. Which bytes are kept where is the barrier's affair.
import type { Grant } from '#kernel';

/** A record and where it stands. Paths are relative to the view's partition. */
export interface Entry<T> {
  readonly path: string;
  readonly value: T;
}

export interface ScanRange {
  readonly prefix: string;
  /** Exclusive lower bound (a full path); for paging. */
  readonly after?: string;
  readonly limit: number;
  /** Highest path first. */
  readonly descending?: boolean;
}

/** Reads. Paths are ASCII, ordered bytewise. A record that does not open throws StorageDamaged. */
export interface Reader {
  get<T>(path: string): Promise<T | undefined>;
  scan<T>(range: ScanRange): Promise<readonly Entry<T>[]>;
}

/**
 * One unit of work. What it read with `get` must still be unchanged when it commits; if not, the
 * whole work runs again (so `work` has no side effects but on its transaction). Writes are seen by
 * its own later `get`s, not by its `scan`s.
 */
export interface Transaction extends Reader {
  put<T>(path: string, value: T): void;
  delete(path: string): void;
}

export interface View extends Reader {
  /** Durable, and applied by every follower on this node, when the promise resolves. */
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
}

export interface Change {
  readonly path: string;
  /** `undefined`: deleted. */
  readonly value: unknown;
}

export interface Storage {
  /** Records under `grant.partition`. Throws if the grant was not issued by the access decision. */
  view(grant: Grant): View;
  /**
   * Calls `apply` for every record that exists under `prefix`, then for every later change, in commit
   * order and before the write that made it is answered. For caches and indexes that live in memory.
   */
  follow(prefix: string, apply: (change: Change) => void): Promise<void>;
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
