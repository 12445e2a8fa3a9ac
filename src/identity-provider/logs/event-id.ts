// Ids of logged events: GUIDs of version 7, which begin with the time, so that ids sort as the
// events came and an event is found by its id alone.
import { type Clock, newGuid } from '#kernel';

const COUNT_MAX = 0xfff;
const VARIANT_AT = 19;

export interface EventStamp {
  readonly id: string;
  readonly timeMs: number;
}

/** Makes ids that only rise, also within one millisecond and when the clock is set back. */
export class EventIds {
  readonly #clock: Clock;
  #timeMs = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): EventStamp {
    const nowMs = this.#clock.now();
    if (nowMs > this.#timeMs) {
      this.#timeMs = nowMs;
      this.#count = 0;
    } else if (this.#count === COUNT_MAX) {
      this.#timeMs += 1;
      this.#count = 0;
    } else this.#count += 1;
    const time = this.#timeMs.toString(16).padStart(12, '0');
    const count = this.#count.toString(16).padStart(3, '0');
    // Variant and random bits stand where they stand in version 4.
    const tail = newGuid().slice(VARIANT_AT);
    return { id: `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${tail}`, timeMs: this.#timeMs };
  }
}

/** The time within an id; NaN if it is none of ours. */
export function timeOfEventId(id: string): number {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id)
    ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    : Number.NaN;
}
