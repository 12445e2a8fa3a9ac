// Keys made ready for use, for the versions used last. Bounded, and emptied of a key's versions
// when the key is deleted, by itself or with its certificate; a version's material never changes,
// so nothing else can make an entry stale.
import type { KeyMaterial } from '#cryptography';
import type { FoundKey } from './key.ts';
import type { KeyProviders } from './key-providers.ts';

export const CACHED_KEYS_MAX = 500;

export class MaterialCache {
  readonly #entries = new Map<string, KeyMaterial>();
  readonly providers: KeyProviders;
  #forgotten = 0;

  constructor(providers: KeyProviders) {
    this.providers = providers;
  }

  get size(): number {
    return this.#entries.size;
  }

  async get(found: FoundKey): Promise<KeyMaterial> {
    const id = `${found.head.uid}/${found.version.header.version}`;
    const known = this.#entries.get(id);
    const forgotten = this.#forgotten;
    const material = known ?? (await this.providers.open(found.version.content));
    // Something was deleted while this was opened: used this once, not kept.
    if (forgotten !== this.#forgotten) return material;
    // Re-inserted, so that the first entry is always the one unused for longest.
    this.#entries.delete(id);
    this.#entries.set(id, material);
    if (this.#entries.size > CACHED_KEYS_MAX) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return material;
  }

  forget(uid: string): void {
    this.#forgotten += 1;
    for (const id of this.#entries.keys()) {
      if (id.startsWith(`${uid}/`)) this.#entries.delete(id);
    }
  }
}
