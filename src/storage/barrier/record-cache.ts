// The records read most lately, still sealed: a reader of this memory learns no more than a reader
// of the database. Bounded by bytes. It decides nothing about freshness; whoever applies commits
// puts and removes entries.
import type { Envelope } from './envelope.ts';

export interface CachedRecord {
  readonly envelope: Envelope;
  readonly sequence: number;
}

/** What an entry costs beside its bytes: the objects around them, roughly. */
const ENTRY_BYTES = 512;

interface Slot {
  readonly record: CachedRecord;
  readonly bytes: number;
  /** Read since eviction last looked at it. */
  recent: boolean;
}

export class RecordCache {
  readonly #slots = new Map<string, Slot>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): CachedRecord | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    slot.recent = true;
    return slot.record;
  }

  set(key: string, record: CachedRecord): void {
    this.delete(key);
    const { body, associated } = record.envelope;
    const bytes = body.byteLength + associated.byteLength + key.length + ENTRY_BYTES;
    if (bytes > this.#bytesMax) return;
    this.#makeRoom(bytes);
    this.#slots.set(key, { record, bytes, recent: false });
    this.#bytes += bytes;
  }

  delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#bytes -= slot.bytes;
  }

  clear(): void {
    this.#slots.clear();
    this.#bytes = 0;
  }

  /** Second chance: oldest first, but one that was read since goes to the back of the line once. */
  #makeRoom(bytes: number): void {
    for (const [key, slot] of this.#slots) {
      if (this.#bytes + bytes <= this.#bytesMax) return;
      this.#slots.delete(key);
      if (slot.recent) {
        slot.recent = false;
        this.#slots.set(key, slot);
      } else {
        this.#bytes -= slot.bytes;
      }
    }
  }
}
