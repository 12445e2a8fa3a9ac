// Hands committed changes to those who keep something in memory. Each follower sees every record
// under its prefix once, then every change in commit order. It opens what was sealed, so a follower
// is told what a restart would tell it.
import type { Committed, Row } from '../physical/physical.ts';

/** A change on its way; `text` is the record's JSON, `undefined` its deletion. */
export type Deliver = (path: string, text: string | undefined) => void;

interface Arrival {
  readonly path: string;
  readonly sequence: number;
  readonly value: Uint8Array | undefined;
}

interface Follower {
  readonly prefix: string;
  readonly deliver: Deliver;
  /** Changes that arrive while the existing records are still being read. */
  backlog: Arrival[] | undefined;
}

export interface FollowersOptions {
  readonly open: (path: string, sealed: Uint8Array) => string;
  /** All rows under the prefix, in pages. */
  readonly pages: (prefix: string) => AsyncIterable<readonly Row[]>;
}

export class Followers {
  readonly #options: FollowersOptions;
  #followers: readonly Follower[] = [];

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  async follow(prefix: string, deliver: Deliver): Promise<void> {
    // Registered before the first page is read, so that no change falls between.
    const backlog: Arrival[] = [];
    const follower: Follower = { prefix, deliver, backlog };
    this.#followers = [...this.#followers, follower];
    const seen = new Map<string, number>();
    try {
      for await (const rows of this.#options.pages(prefix)) {
        for (const row of rows) {
          seen.set(row.key, row.sequence);
          deliver(row.key, this.#options.open(row.key, row.value));
        }
      }
      for (const arrival of backlog) this.#catchUp(follower, seen, arrival);
      follower.backlog = undefined;
    } catch (error) {
      this.#followers = this.#followers.filter((other) => other !== follower);
      throw error;
    }
  }

  /** Throws what a follower or a record that does not open throws. */
  apply(committed: Committed): void {
    if (this.#followers.length === 0) return;
    const { sequence } = committed;
    for (const path of committed.deletes) this.#announce({ path, sequence, value: undefined });
    for (const [path, value] of committed.puts) this.#announce({ path, sequence, value });
  }

  #announce(arrival: Arrival): void {
    let text: string | undefined;
    for (const follower of this.#followers) {
      if (!arrival.path.startsWith(follower.prefix)) continue;
      if (follower.backlog !== undefined) {
        follower.backlog.push(arrival);
        continue;
      }
      text ??= this.#open(arrival);
      follower.deliver(arrival.path, text);
    }
  }

  #catchUp(follower: Follower, seen: Map<string, number>, arrival: Arrival): void {
    const known = seen.get(arrival.path);
    // A page may already show the change, or the page before it the absence of what was deleted.
    if (known === undefined ? arrival.value === undefined : known >= arrival.sequence) return;
    if (arrival.value === undefined) seen.delete(arrival.path);
    else seen.set(arrival.path, arrival.sequence);
    follower.deliver(arrival.path, this.#open(arrival));
  }

  #open(arrival: Arrival): string | undefined {
    return arrival.value && this.#options.open(arrival.path, arrival.value);
  }
}
