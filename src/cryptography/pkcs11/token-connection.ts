// The connection with a token, for as long as the process runs. A token that goes away takes its
// sessions along: the connection is renewed once for all who met that, and each tries once more.
// While the token stays away callers are refused at once, and one of them tries it now and then.
// To renew it the module is ended for the whole process: no call may be in it at that moment.
import type { Clock } from '#kernel';
import { TokenError, type TokenErrorCode } from './token-error.ts';
import type { SentTask, TokenResult, TokenTask } from './token-task.ts';

const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 30_000;
/** So long callers wait for a renewal; it goes on without them. */
const PATIENCE_MS = 5000;

export interface TokenConnectionOptions {
  readonly clock: Clock;
  /** Shared with those who do the tasks: none of an earlier epoch is begun. */
  readonly epoch: Int32Array;
  /** Rejects with TokenError `lost` or `unavailable` if it is time for another epoch. */
  readonly send: (sent: SentTask) => Promise<TokenResult>;
}

type Attempt =
  | { readonly result: TokenResult }
  | { readonly lost: TokenError; readonly epoch: number };

export class TokenConnection {
  readonly #options: TokenConnectionOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  /** What callers wait for; there until the renewal is over, also if they wait no longer. */
  #renewal: Promise<void> | undefined;
  /** Why callers are refused at once. */
  #absence: TokenError | undefined;
  #retryAtMs = 0;
  #retryMs = 0;

  constructor(options: TokenConnectionOptions) {
    this.#options = options;
  }

  /** The first connection; what keeps it from coming about is told as it is. */
  async open(): Promise<void> {
    await this.#send({ kind: 'open' });
  }

  /** Rejects with TokenError `unavailable` while the token is away. */
  async run(task: TokenTask): Promise<TokenResult> {
    const first = await this.#attempt(task);
    if ('result' in first) return first.result;
    // Whoever comes late finds the renewal under way, or over.
    if (first.epoch === this.#epoch) this.#renew(first.lost);
    const second = await this.#attempt(task);
    if ('result' in second) return second.result;
    throw second.epoch === this.#epoch ? this.#miss(second.lost) : absent(second.lost);
  }

  get #epoch(): number {
    return Atomics.load(this.#options.epoch, 0);
  }

  async #attempt(task: TokenTask): Promise<Attempt> {
    // Nothing may come between this look and the sending: the module may be ending by then.
    while (this.#renewal !== undefined || this.#absence !== undefined) await this.#whole();
    const epoch = this.#epoch;
    try {
      const result = await this.#send(task);
      this.#retryMs = 0;
      return { result };
    } catch (cause) {
      if (!(cause instanceof TokenError) || !OVER.includes(cause.code)) throw cause;
      return { lost: cause, epoch };
    }
  }

  /** Waits for the renewal. Of those who come while the token is away, one begins the next. */
  async #whole(): Promise<void> {
    if (this.#absence !== undefined) {
      const isTooSoon = this.#options.clock.now() < this.#retryAtMs;
      if (this.#renewal !== undefined || isTooSoon) throw this.#absence;
      this.#begin();
    }
    await this.#renewal;
  }

  #renew(lost: TokenError): void {
    const isTooSoon = this.#options.clock.now() < this.#retryAtMs;
    if (isTooSoon || lost.code === 'pinRefused') throw this.#miss(lost);
    this.#begin();
  }

  #begin(): void {
    const { clock, epoch } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // It may be that nobody waits for it.
    promise.catch(() => {});
    this.#renewal = promise;
    Atomics.add(epoch, 0, 1);
    const stop = clock.after(PATIENCE_MS, () => {
      reject(this.#miss(new TokenError('unavailable', 'the token does not answer')));
    });
    const over = () => {
      stop();
      this.#renewal = undefined;
    };
    this.#restart().then(
      () => {
        over();
        this.#absence = undefined;
        this.#retryAtMs = clock.now() + RETRY_MS_MIN;
        resolve();
      },
      (cause: unknown) => {
        over();
        reject(this.#miss(cause));
      },
    );
  }

  async #restart(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#send({ kind: 'restart' });
  }

  #send(task: TokenTask): Promise<TokenResult> {
    const sent = this.#options.send({ epoch: this.#epoch, task });
    this.#underWay.add(sent);
    const forget = () => this.#underWay.delete(sent);
    sent.then(forget, forget);
    return sent;
  }

  /** From now on callers are refused, for longer each time. A refused PIN is never tried again. */
  #miss(cause: unknown): TokenError {
    this.#retryMs = Math.min(Math.max(this.#retryMs * 2, RETRY_MS_MIN), RETRY_MS_MAX);
    const isRefused = cause instanceof TokenError && cause.code === 'pinRefused';
    this.#retryAtMs = isRefused ? Infinity : this.#options.clock.now() + this.#retryMs;
    this.#absence = absent(cause);
    return this.#absence;
  }
}

const OVER: readonly TokenErrorCode[] = ['lost', 'unavailable', 'pinRefused'];

function absent(cause: unknown): TokenError {
  const why = cause instanceof Error ? cause.message : 'unknown';
  return new TokenError('unavailable', `the HSM cannot be used for now: ${why}`, { cause });
}
