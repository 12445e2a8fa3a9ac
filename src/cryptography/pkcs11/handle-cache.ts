// Objects unwrapped into the token, for the keys used last. Bounded, because tokens hold only so
// many objects; what falls out is destroyed.
import type { Handle } from 'pkcs11js';

const ENTRIES_MAX = 200;

export class HandleCache {
  readonly #entries = new Map<string, Handle>();
  readonly #destroy: (handle: Handle) => void;
  readonly #entriesMax: number;

  constructor(destroy: (handle: Handle) => void, entriesMax = ENTRIES_MAX) {
    this.#destroy = destroy;
    this.#entriesMax = entriesMax;
  }

  get(id: string, open: () => Handle): Handle {
    const known = this.#entries.get(id);
    // Re-inserted, so that the first entry is always the one unused for longest.
    if (known !== undefined) this.#entries.delete(id);
    const handle = known ?? open();
    this.#entries.set(id, handle);
    if (this.#entries.size > this.#entriesMax) this.#dropOldest();
    return handle;
  }

  #dropOldest(): void {
    const [oldest] = this.#entries;
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    this.#destroy(oldest[1]);
  }
}
