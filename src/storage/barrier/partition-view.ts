// A view of one partition. It turns relative paths into full ones and runs transactions; a path
// that is not well-formed is refused, so nothing outside the partition can be named.
import { StorageError } from '../storage-error.ts';
import type { Entry, ScanRange, Transaction, View } from '../view.ts';
import type { Lanes } from './lanes.ts';
import { endOf, resolvePath, resolvePrefix, successor } from './path.ts';
import type { Records } from './records.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** Times that a transaction is tried before it fails with `conflict`. */
export const ATTEMPTS_MAX = 64;
/** Entries that one scan may ask for. */
export const SCAN_LIMIT_MAX = 10_000;

export interface PartitionViewOptions {
  readonly partition: string;
  readonly records: Records;
  readonly lanes: Lanes;
}

type Attempt<T> = { readonly result: T } | { readonly conflict: string };

export class PartitionView implements View {
  readonly #partition: string;
  readonly #records: Records;
  readonly #lanes: Lanes;

  constructor(options: PartitionViewOptions) {
    this.#partition = options.partition;
    this.#records = options.records;
    this.#lanes = options.lanes;
  }

  async get<T>(path: string): Promise<T | undefined> {
    // The cache holds well-formed paths only, so what is found there needs no look at its spelling.
    const key = this.#partition + path;
    const cached = this.#records.cached(key);
    if (cached !== undefined) return this.#records.open<T>(key, cached);
    const loaded = await this.#records.load(resolvePath(this.#partition, path));
    return loaded && this.#records.open<T>(key, loaded);
  }

  async scan<T>(range: ScanRange): Promise<readonly Entry<T>[]> {
    const { limit, descending = false } = range;
    if (!Number.isInteger(limit) || limit < 1 || limit > SCAN_LIMIT_MAX) {
      throw new StorageError('value_refused', `A scan's limit is 1 to ${SCAN_LIMIT_MAX}.`);
    }
    let from = resolvePrefix(this.#partition, range.prefix);
    let until = endOf(from);
    if (range.after !== undefined) {
      const after = resolvePath(this.#partition, range.after);
      if (descending && after < until) until = after;
      if (!descending && after >= from) from = successor(after);
    }
    const found = await this.#records.scan<T>({ from, until, limit, descending });
    for (const entry of found) entry.path = entry.path.slice(this.#partition.length);
    return found;
  }

  async transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    let attempt = await this.#attempt(work);
    for (let attempts = 1; 'conflict' in attempt; attempts += 1) {
      if (attempts >= ATTEMPTS_MAX) {
        throw new StorageError('conflict', 'The records of this transaction kept changing.');
      }
      attempt = await this.#lanes.run(attempt.conflict, () => this.#attempt(work));
    }
    return attempt.result;
  }

  async #attempt<T>(work: (transaction: Transaction) => Promise<T>): Promise<Attempt<T>> {
    const unit = new UnitOfWork({
      partition: this.#partition,
      records: this.#records,
      scan: (range) => this.scan(range),
    });
    let result: T;
    try {
      result = await work(unit);
    } catch (error) {
      // It may have failed only because it saw one record before and another after a commit.
      const conflict = await this.#records.changedSince(unit.reads);
      if (conflict === undefined) throw error;
      return { conflict };
    } finally {
      unit.finish();
    }
    const conflict = await this.#records.commit(unit);
    return conflict === undefined ? { result } : { conflict };
  }
}
