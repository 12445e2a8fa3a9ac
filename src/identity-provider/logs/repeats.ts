// Floods: between two writes, the first few events that are alike pass as they are, and what comes
// after them becomes one event that says how many it stands for. Of too many that differ, the rest
// is folded together as well.

/** That pass one by one. */
const ALIKE_MAX = 5;
/** Different ones between two writes. */
const KEYS_MAX = 2000;
const OTHERS = 'others';

interface Repeatable {
  readonly occurrences: number;
}

interface Seen {
  count: number;
  /** Writes the event that stands for the ones held back. */
  write: ((occurrences: number) => void) | undefined;
}

export class Repeats {
  #seen = new Map<string, Seen>();

  /** Hands the event on, or keeps count of it. */
  pass<T extends Repeatable>(
    { key, event }: { readonly key: string; readonly event: T },
    append: (event: T) => void,
  ): void {
    const isRoom = this.#seen.size < KEYS_MAX || this.#seen.has(key);
    const known = this.#seen.get(isRoom ? key : OTHERS) ?? { count: 0, write: undefined };
    this.#seen.set(isRoom ? key : OTHERS, known);
    known.count += 1;
    if (isRoom && known.count <= ALIKE_MAX) append(event);
    else known.write = (occurrences) => append({ ...event, occurrences });
  }

  /** Writes what was folded, and starts anew. */
  release(): void {
    const seen = this.#seen;
    this.#seen = new Map();
    for (const [key, { count, write }] of seen) {
      write?.(key === OTHERS ? count : count - ALIKE_MAX);
    }
  }
}
