// Slow work, a few pieces at a time. Who asks for it takes turns with the others, however much he
// asks for; and nobody has more waiting than is done in reasonable time.

export interface FairQueueLimits {
  /** Under way at once. */
  readonly runningMax: number;
  /** Waiting, of one party. */
  readonly partyWaitingMax: number;
  /** Waiting, of all together. */
  readonly waitingMax: number;
}

export class QueueFull extends Error {
  constructor() {
    super('too much is waiting');
    this.name = 'QueueFull';
  }
}

export class FairQueue {
  readonly #limits: FairQueueLimits;
  /** By party; the first one's turn is next. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #waitingCount = 0;
  #running = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** Rejects with QueueFull, without having begun. */
  async run<T>(party: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(party);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #turn(party: string): Promise<void> {
    const { runningMax, partyWaitingMax, waitingMax } = this.#limits;
    if (this.#running < runningMax) {
      this.#running += 1;
      return Promise.resolve();
    }
    const own = this.#waiting.get(party) ?? [];
    if (own.length >= partyWaitingMax || this.#waitingCount >= waitingMax) throw new QueueFull();
    const { promise, resolve } = Promise.withResolvers<void>();
    own.push(resolve);
    this.#waiting.set(party, own);
    this.#waitingCount += 1;
    return promise;
  }

  /** Hands the place on. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    const [party, [begin, ...rest]] = first;
    this.#waiting.delete(party);
    if (rest.length > 0) this.#waiting.set(party, rest);
    this.#waitingCount -= 1;
    begin?.();
  }
}
