// Records of a projection by a value that many of them share.
import type { Projection } from '#storage';

const NONE: readonly never[] = [];

export class ListIndex<T> {
  readonly #byValue = new Map<string, Set<T>>();

  constructor(records: Projection<T>, keyOf: (record: T) => string) {
    const add = (record: T) => {
      const key = keyOf(record).toLowerCase();
      const known = this.#byValue.get(key);
      if (known) known.add(record);
      else this.#byValue.set(key, new Set([record]));
    };
    for (const record of records.values()) add(record);
    records.subscribe((_key, record, previous) => {
      if (previous !== undefined) this.#remove(keyOf(previous).toLowerCase(), previous);
      if (record !== undefined) add(record);
    });
  }

  get(value: string): readonly T[] {
    const found = this.#byValue.get(value.toLowerCase());
    return found === undefined ? NONE : [...found];
  }

  #remove(key: string, record: T): void {
    const known = this.#byValue.get(key);
    known?.delete(record);
    if (known?.size === 0) this.#byValue.delete(key);
  }
}
