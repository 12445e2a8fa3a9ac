// Events in the store, oldest first, in numbered chunks: appended in batches, read from the newest,
// and dropped from the oldest when they are past their time or too many. A stream never grows
// beyond its chunks, however many events come.
import type { View } from '#storage';
import type { WireObject } from '../graph/odata/entity.ts';
import { timeOfEventId } from './event-id.ts';

const CHUNK_EVENTS = 256;
/** Waiting for a write; what comes on top is counted and lost (the audit log has it). */
const PENDING_MAX = 10_000;
const NUMBER_DIGITS = 12;

export type LoggedEvent = WireObject;

interface Chunk<T> {
  readonly events: readonly T[];
}

export interface StreamOptions {
  readonly view: View;
  /** Name of the stream, part of its records' paths. */
  readonly name: string;
  readonly chunksMax: number;
  readonly retentionMs: number;
}

export class EventStream<T extends LoggedEvent> {
  readonly #options: StreamOptions;
  #pending: T[] = [];
  #lost = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Events that found no room since the start. */
  get lost(): number {
    return this.#lost;
  }

  get isWaiting(): boolean {
    return this.#pending.length > 0;
  }

  append(event: T): void {
    if (this.#pending.length < PENDING_MAX) this.#pending.push(event);
    else this.#lost += 1;
  }

  /** Resolves when what was appended before is durable. */
  flush(): Promise<void> {
    const write = async () => {
      const events = this.#pending;
      if (events.length === 0) return;
      this.#pending = [];
      await this.#write(events);
    };
    // One after the other: each continues the chunk that the one before left.
    this.#flushing = this.#flushing.then(write, write);
    return this.#flushing;
  }

  /** Newest first, from below `before` on. */
  async *newest(before: string | undefined): AsyncGenerator<T> {
    let after: string | undefined;
    for (;;) {
      const [entry] = await this.#scan({ descending: true, after });
      if (entry === undefined) return;
      after = entry.path;
      for (const event of entry.value.events.toReversed()) {
        if (before === undefined || event.id < before) yield event;
      }
    }
  }

  /** Oldest first, from above `behind` on. */
  async *oldest(behind: string | undefined): AsyncGenerator<T> {
    let after: string | undefined;
    for (;;) {
      const [entry] = await this.#scan({ descending: false, after });
      if (entry === undefined) return;
      after = entry.path;
      for (const event of entry.value.events) {
        if (behind === undefined || event.id > behind) yield event;
      }
    }
  }

  async find(id: string): Promise<T | undefined> {
    for await (const event of this.newest(undefined)) {
      if (event.id === id) return event;
      if (event.id < id) return undefined;
    }
    return undefined;
  }

  /** Drops whole chunks whose newest event is past its time. */
  async dropExpired(nowMs: number): Promise<void> {
    for (;;) {
      const [entry] = await this.#scan({ descending: false, after: undefined });
      const last = entry?.value.events.at(-1);
      if (entry === undefined || last === undefined) return;
      if (timeOfEventId(last.id) > nowMs - this.#options.retentionMs) return;
      await this.#options.view.transact(async (transaction) => transaction.delete(entry.path));
    }
  }

  #scan(range: { readonly descending: boolean; readonly after: string | undefined }) {
    const { descending, after } = range;
    return this.#options.view.scan<Chunk<T>>({
      prefix: this.#prefix,
      limit: 1,
      descending,
      ...(after === undefined ? {} : { after }),
    });
  }

  get #prefix(): string {
    return `log/${this.#options.name}/`;
  }

  #path(number: number): string {
    return this.#prefix + String(number).padStart(NUMBER_DIGITS, '0');
  }

  async #write(events: readonly T[]): Promise<void> {
    const { view, chunksMax } = this.#options;
    const [newest] = await this.#scan({ descending: true, after: undefined });
    const [oldest] = await this.#scan({ descending: false, after: undefined });
    const numberOf = (path: string) => Number(path.slice(this.#prefix.length));
    let number = newest === undefined ? 1 : numberOf(newest.path);
    let present = newest?.value.events ?? [];
    await view.transact(async (transaction) => {
      for (let at = 0; at < events.length; ) {
        if (present.length >= CHUNK_EVENTS) {
          number += 1;
          present = [];
        }
        const taken = events.slice(at, at + CHUNK_EVENTS - present.length);
        at += taken.length;
        present = [...present, ...taken];
        transaction.put<Chunk<T>>(this.#path(number), { events: present });
      }
      const first = oldest === undefined ? number : numberOf(oldest.path);
      for (let old = first; old <= number - chunksMax; old += 1) {
        transaction.delete(this.#path(old));
      }
    });
  }
}
