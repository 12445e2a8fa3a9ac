// Every record under a prefix, in memory and current: what authorization and the directory look
// things up in. It holds what was committed and cannot be written to.
import type { Storage } from './view.ts';

/** `value` undefined: gone; `previous` undefined: new. */
export type ProjectionListener<T> = (
  key: string,
  value: T | undefined,
  previous: T | undefined,
) => void;

/** Chooses an entry's key; `path` is relative to the prefix. Two records must not share a key. */
export type ProjectionKey<T> = (path: string, value: T) => string;

interface Held<T> {
  readonly path: string;
  readonly value: T;
}

export class Projection<T> {
  readonly #held = new Map<string, Held<T>>();
  /** Path → key, because a changed record may have changed its key. */
  readonly #keys = new Map<string, string>();
  readonly #listeners = new Set<ProjectionListener<T>>();
  readonly #key: ProjectionKey<T>;

  private constructor(key: ProjectionKey<T>) {
    this.#key = key;
  }

  /**
   * `prefix` is a full path prefix, for example `tenantPartition(id) + 'users/'`. Without `key` an
   * entry is found by its path after the prefix.
   */
  static async open<T>(
    storage: Storage,
    prefix: string,
    key: ProjectionKey<T> = (path) => path,
  ): Promise<Projection<T>> {
    const projection = new Projection<T>(key);
    await storage.follow<T>(prefix, ({ path, value }) => {
      projection.#apply(path.slice(prefix.length), value);
    });
    return projection;
  }

  get size(): number {
    return this.#held.size;
  }

  get(key: string): T | undefined {
    return this.#held.get(key)?.value;
  }

  *values(): IterableIterator<T> {
    for (const { value } of this.#held.values()) yield value;
  }

  /** Called after each later change, before its write is answered. Answers how to stop. */
  subscribe(listener: ProjectionListener<T>): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #apply(path: string, value: T | undefined): void {
    const before = this.#keys.get(path);
    const key = value === undefined ? undefined : this.#key(path, value);
    if (before !== undefined && before !== key) this.#remove(path, before);
    if (key === undefined || value === undefined) return;
    const previous = this.#held.get(key)?.value;
    this.#keys.set(path, key);
    this.#held.set(key, { path, value });
    this.#announce(key, value, previous);
  }

  #remove(path: string, key: string): void {
    this.#keys.delete(path);
    const held = this.#held.get(key);
    // Another record may hold the key by now; then there is nothing of this one left to remove.
    if (held?.path !== path) return;
    this.#held.delete(key);
    this.#announce(key, undefined, held.value);
  }

  #announce(key: string, value: T | undefined, previous: T | undefined): void {
    for (const listener of this.#listeners) listener(key, value, previous);
  }
}
