// Keys made ready for use, for the versions used last. Bounded, and emptied of a key's versions
// when the key is deleted; a version's material never changes, so nothing else can make an entry
// stale.
import { deserializeKey, type KeyMaterial } from '#cryptography';
import type { FoundKey } from './key.ts';

const ENTRIES_MAX = 500;

export class MaterialCache {
  readonly #entries = new Map<string, KeyMaterial>();

  get(found: FoundKey): KeyMaterial {
    const id = `${found.head.uid}/${found.version.header.version}`;
    const known = this.#entries.get(id);
    // Re-inserted, so that the first entry is always the one unused for longest.
    if (known !== undefined) this.#entries.delete(id);
    const material = known ?? open(found.version.content.material);
    this.#entries.set(id, material);
    if (this.#entries.size > ENTRIES_MAX) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return material;
  }

  forget(uid: string): void {
    for (const id of this.#entries.keys()) {
      if (id.startsWith(`${uid}/`)) this.#entries.delete(id);
    }
  }
}

function open(text: string): KeyMaterial {
  const bytes = Buffer.from(text, 'base64');
  try {
    return deserializeKey(bytes);
  } finally {
    bytes.fill(0);
  }
}
