// How many requests of one kind an address may send. Kept in memory: it slows down who tries many
// things, it is not a record.
import type { Clock } from '#kernel';

const ENTRIES_MAX = 50_000;

interface Window {
  readonly startMs: number;
  count: number;
}

export interface Rate {
  readonly countMax: number;
  readonly windowMs: number;
}

export class RequestRates {
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
  }

  /** `false` once the address has had its share of this window. */
  take(address: string): boolean {
    const nowMs = this.#clock.now();
    const current = this.#windows.get(address);
    if (current !== undefined && nowMs - current.startMs < this.#rate.windowMs) {
      current.count += 1;
      return current.count <= this.#rate.countMax;
    }
    this.#windows.delete(address);
    if (this.#windows.size >= ENTRIES_MAX) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    this.#windows.set(address, { startMs: nowMs, count: 1 });
    return true;
  }
}
