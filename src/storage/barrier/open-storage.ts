// Puts a store together: backend, keyring, records. What comes out is all that the rest of the
// program sees, and none of it leads to a key or to unsealed bytes on the backend.
import {
  assertIssued,
  type Clock,
  encodeBase64Url,
  type Grant,
  parseSealed,
  systemClock,
} from '#kernel';
import { memoryPhysical } from '../physical/memory.ts';
import type { Physical } from '../physical/physical.ts';
import { StorageError } from '../storage-error.ts';
import type { Change, Storage, View } from '../view.ts';
import { BLOB, openEnvelope, readEnvelope, sealEnvelope } from './envelope.ts';
import { environmentSeal } from './environment-seal.ts';
import { Keyring } from './keyring.ts';
import { Lanes } from './lanes.ts';
import { PartitionView } from './partition-view.ts';
import { checkFollowed, checkPartition } from './path.ts';
import { Records } from './records.ts';
import { newRootKey, type Seal } from './seal.ts';

/** 64 MiB. */
const CACHE_BYTES_MAX = 64 * 2 ** 20;

export interface StorageOptions {
  /** Belongs to the storage from now on: closed with it, and if it cannot be opened. */
  readonly physical: Physical;
  /** Yields the root key that opens the keyring. */
  readonly keyring: Seal;
  readonly clock: Clock;
  /** Bound of the cache of sealed records. */
  readonly cacheBytesMax?: number;
}

/** What an operator may do to an open store. */
export interface SealedStorage extends Storage {
  /** Number of the term that new records are sealed under. */
  readonly term: number;
  /** New records get a new key; older records keep theirs and stay readable. Answers the term. */
  rotateRecordKey(): Promise<number>;
  /** From now on the store opens with this seal's root key and with no other. */
  rewrap(seal: Seal): Promise<void>;
}

/** Throws StorageError: `wrong_root_key`, `root_key_refused`, `damaged`, `newer_format`. */
export async function openStorage(options: StorageOptions): Promise<SealedStorage> {
  const { physical, clock, keyring: seal } = options;
  try {
    const keyring = await Keyring.open({ physical, clock, seal });
    const cacheBytesMax = options.cacheBytesMax ?? CACHE_BYTES_MAX;
    return new Barrier(physical, keyring, new Records({ physical, keyring, cacheBytesMax }));
  } catch (error) {
    await physical.close();
    throw error;
  }
}

/** For tests: nothing outlives the process, and the root key is random. */
export function openMemoryStorage(clock: Clock = systemClock): Promise<SealedStorage> {
  const keyring = environmentSeal(encodeBase64Url(newRootKey()));
  return openStorage({ physical: memoryPhysical(), keyring, clock });
}

class Barrier implements SealedStorage {
  readonly #physical: Physical;
  readonly #keyring: Keyring;
  readonly #records: Records;
  readonly #lanes = new Lanes();

  constructor(physical: Physical, keyring: Keyring, records: Records) {
    this.#physical = physical;
    this.#keyring = keyring;
    this.#records = records;
  }

  get term(): number {
    return this.#keyring.term;
  }

  view(grant: Grant): View {
    assertIssued(grant);
    const partition = checkPartition(grant.partition);
    return new PartitionView({ partition, records: this.#records, lanes: this.#lanes });
  }

  async follow<T>(prefix: string, apply: (change: Change<T>) => void): Promise<void> {
    await this.#records.follow(checkFollowed(prefix), (path, text) => {
      apply({ path, value: text === undefined ? undefined : parseSealed<T>(text) });
    });
  }

  sealBlob(context: string, plaintext: Uint8Array): Uint8Array {
    return sealEnvelope(this.#keyring, { kind: BLOB, place: context, plaintext });
  }

  openBlob(context: string, blob: Uint8Array): Uint8Array | undefined {
    const envelope = readEnvelope(this.#keyring, { kind: BLOB, place: context, bytes: blob });
    return envelope && openEnvelope(envelope);
  }

  rotateRecordKey(): Promise<number> {
    return this.#keyring.rotate();
  }

  rewrap(seal: Seal): Promise<void> {
    return this.#keyring.rewrap(seal);
  }

  async close(): Promise<void> {
    await this.#keyring.settled();
    // The backend first: commits under way are still answered as what they are.
    await this.#physical.close();
    this.#records.stop(new StorageError('closed', 'The storage is closed.'));
  }
}
