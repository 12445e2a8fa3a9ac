export { environmentSeal } from './barrier/environment-seal.ts';
export { keyFileSeal } from './barrier/key-file-seal.ts';
export {
  openMemoryStorage,
  openStorage,
  type SealedStorage,
  type StorageOptions,
} from './barrier/open-storage.ts';
export { type PassphraseOptions, passphraseSeal } from './barrier/passphrase-seal.ts';
export type { Seal } from './barrier/seal.ts';
export { memoryPhysical } from './physical/memory.ts';
export type { Physical } from './physical/physical.ts';
export { type SqliteOptions, sqliteObserver, sqlitePhysical } from './physical/sqlite.ts';
export { Projection, type ProjectionKey, type ProjectionListener } from './projection.ts';
export { StorageDamaged, StorageError, type StorageErrorCode } from './storage-error.ts';
export {
  type Change,
  type Entry,
  type Reader,
  type ScanRange,
  type Storage,
  type Transaction,
  tenantPartition,
  type View,
  vaultPartition,
} from './view.ts';
