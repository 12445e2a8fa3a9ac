// Smart lockout: how often a password may be guessed. Counted per user and address, per user from
// anywhere, and per address against anyone, whether or not the user exists, so that a lock says
// nothing about who does. Kept in memory: it slows guessing down, it is not a record.
import { createHash } from 'node:crypto';
import type { Clock } from '#kernel';
import { clientNetwork } from '#network';

export interface Bound {
  /** Failures that are free of consequence. */
  readonly failuresMax: number;
  readonly lockMs: number;
}

const MINUTE_MS = 60_000;
/** One person mistyping is locked out alone: others at other addresses are not. */
const PAIR: Bound = { failuresMax: 10, lockMs: MINUTE_MS };
const USER: Bound = { failuresMax: 100, lockMs: MINUTE_MS };
const ADDRESS: Bound = { failuresMax: 200, lockMs: MINUTE_MS };
/** `pair`: one name from one address; `user`: one name from anywhere; `address`: any name. */
export type Bounds = Readonly<Record<'pair' | 'user' | 'address', Bound>>;

const PASSWORDS: Bounds = { pair: PAIR, user: USER, address: ADDRESS };
/** Six digits are soon guessed, and who gets there knows the password: no more from elsewhere. */
export const SECOND_FACTORS: Bounds = { pair: PAIR, user: PAIR, address: ADDRESS };
const LOCK_MAX_MS = 60 * MINUTE_MS;
/** Failures are forgotten after this long without another. */
const MEMORY_MS = 60 * MINUTE_MS;
const ENTRIES_MAX = 50_000;

interface Counter {
  failures: number;
  lastMs: number;
  lockedUntilMs: number;
}

export interface Attempt {
  /** Takes back the failure that the attempt has counted as until now, and forgives the pair's. */
  succeeded(): void;
  /** Takes back its own failure only: where anybody can succeed whenever he likes. */
  withdraw(): void;
}

export class SignInLimits {
  readonly #clock: Clock;
  readonly #bounds: Bounds;
  readonly #counters = new Map<string, Counter>();

  constructor(clock: Clock, bounds = PASSWORDS) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /**
   * `undefined` if locked. An attempt counts as failed from its beginning, so that many at once do
   * not all pass before the first has failed.
   */
  begin(userName: string, clientAddress: string): Attempt | undefined {
    const network = clientNetwork(clientAddress);
    const user = createHash('sha256').update(userName.toLowerCase()).digest('base64url');
    const bounds: readonly [string, Bound][] = [
      [`pair ${user} ${network}`, this.#bounds.pair],
      [`user ${user}`, this.#bounds.user],
      [`address ${network}`, this.#bounds.address],
    ];
    const nowMs = this.#clock.now();
    if (bounds.some(([key]) => (this.#counters.get(key)?.lockedUntilMs ?? 0) > nowMs)) {
      return undefined;
    }
    const counted = bounds.map(([key, bound]) => [key, this.#fail(key, bound, nowMs)] as const);
    return {
      succeeded: () => {
        for (const [key, lockedUntilMs] of counted) {
          if (key.startsWith('pair ')) this.#counters.delete(key);
          else this.#forgive(key, lockedUntilMs);
        }
      },
      withdraw: () => {
        for (const [key, lockedUntilMs] of counted) this.#forgive(key, lockedUntilMs);
      },
    };
  }

  /** Answers until when that locks; 0 if it does not. */
  #fail(key: string, { failuresMax, lockMs }: Bound, nowMs: number): number {
    const before = this.#counters.get(key);
    const isStale = before === undefined || nowMs - before.lastMs > MEMORY_MS;
    const failures = isStale ? 1 : before.failures + 1;
    const over = failures - failuresMax;
    const lock = over < 0 ? 0 : Math.min(lockMs * 2 ** Math.min(over, 16), LOCK_MAX_MS);
    this.#counters.delete(key);
    if (this.#counters.size >= ENTRIES_MAX) {
      const [oldest] = this.#counters.keys();
      if (oldest !== undefined) this.#counters.delete(oldest);
    }
    const lockedUntilMs = lock === 0 ? 0 : nowMs + lock;
    this.#counters.set(key, { failures, lastMs: nowMs, lockedUntilMs });
    return lockedUntilMs;
  }

  /** Takes back one failure, and the lock that it made itself; what others earned stays. */
  #forgive(key: string, lockedUntilMs: number): void {
    const counter = this.#counters.get(key);
    if (counter === undefined) return;
    counter.failures -= 1;
    if (counter.lockedUntilMs === lockedUntilMs) counter.lockedUntilMs = 0;
  }
}
