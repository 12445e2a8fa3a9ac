// A second way to look up records of a projection: by a value that only one of them has.
import type { Projection } from '#storage';

export class UniqueIndex<T> {
  readonly #byValue = new Map<string, T>();

  /** `valuesOf` returns none for records that must not be found (the soft-deleted). */
  constructor(records: Projection<T>, valuesOf: (record: T) => readonly string[]) {
    const add = (record: T) => {
      for (const value of valuesOf(record)) this.#byValue.set(value.toLowerCase(), record);
    };
    for (const record of records.values()) add(record);
    records.subscribe((_key, record, previous) => {
      if (previous !== undefined) {
        for (const value of valuesOf(previous)) {
          const key = value.toLowerCase();
          // In one commit the value may have moved to another record already.
          if (this.#byValue.get(key) === previous) this.#byValue.delete(key);
        }
      }
      if (record !== undefined) add(record);
    });
  }

  get(value: string): T | undefined {
    return this.#byValue.get(value.toLowerCase());
  }
}
