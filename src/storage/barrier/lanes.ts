// Queues by name: work in one lane runs one after the other. A transaction that lost a race for a
// record retries in that record's lane, so that a hundred losers do not race each other again.
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const ahead = this.#tails.get(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(name, promise);
    await ahead;
    try {
      return await work();
    } finally {
      resolve();
      if (this.#tails.get(name) === promise) this.#tails.delete(name);
    }
  }
}
