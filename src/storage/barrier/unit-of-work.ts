// One attempt at a transaction: remembers what was read and what is to be written. It writes
// nothing itself and cannot be used once the attempt is over.
import { parseSealed } from '#kernel';
import { StorageError } from '../storage-error.ts';
import type { Entry, ScanRange, Transaction } from '../view.ts';
import { resolvePath } from './path.ts';
import type { Records, Unit } from './records.ts';

export interface UnitOptions {
  readonly partition: string;
  readonly records: Records;
  readonly scan: <T>(range: ScanRange) => Promise<readonly Entry<T>[]>;
}

export class UnitOfWork implements Transaction, Unit {
  readonly reads = new Map<string, number>();
  readonly writes = new Map<string, string | undefined>();
  readonly #options: UnitOptions;
  #over = false;

  constructor(options: UnitOptions) {
    this.#options = options;
  }

  async get<T>(path: string): Promise<T | undefined> {
    const key = this.#resolve(path);
    if (this.writes.has(key)) {
      const text = this.writes.get(key);
      return text === undefined ? undefined : parseSealed<T>(text);
    }
    const { records } = this.#options;
    const record = records.cached(key) ?? (await records.load(key));
    const sequence = record?.sequence ?? 0;
    // Read twice: the first sequence stays, so that a change in between is a conflict.
    if (!this.reads.has(key)) this.reads.set(key, sequence);
    return record && records.open<T>(key, record);
  }

  async scan<T>(range: ScanRange): Promise<readonly Entry<T>[]> {
    this.#refuseIfOver();
    return this.#options.scan<T>(range);
  }

  put<T>(path: string, value: T): void {
    const key = this.#resolve(path);
    // Encoded now: what the caller does to the value later is not what it asked to write.
    const text: unknown = JSON.stringify(value);
    if (typeof text !== 'string') {
      throw new StorageError('value_refused', 'A record must be a JSON value.');
    }
    this.writes.set(key, text);
  }

  delete(path: string): void {
    this.writes.set(this.#resolve(path), undefined);
  }

  /** After this every use throws: the write would be lost without a word. */
  finish(): void {
    this.#over = true;
  }

  #resolve(path: string): string {
    this.#refuseIfOver();
    return resolvePath(this.#options.partition, path);
  }

  #refuseIfOver(): void {
    if (this.#over) throw new StorageError('closed', 'This transaction is over.');
  }
}
