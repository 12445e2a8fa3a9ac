// Tokens that the agent has already. It asks the identity provider again every few minutes, so that
// an identity that was taken away is noticed soon; while the identity provider does not answer, a
// token serves until shortly before it expires. What is refused is refused at once.
import { createHash } from 'node:crypto';
import { type Clock, unixSeconds } from '#kernel';
import type { AskUpstream, IssuedToken, TokenQuestion, UpstreamAnswer } from './upstream.ts';

const FRESH_S = 300;
/** A token with less than this left is not handed out. */
const REMAINING_S_MIN = 60;
const ENTRIES_MAX = 1000;
const ASKING_MAX = 32;
const BUSY: UpstreamAnswer = { kind: 'unreachable', cause: 'too many questions at once' };

interface Entry {
  readonly token: IssuedToken;
  readonly fetchedS: number;
}

export class TokenCache {
  readonly #ask: AskUpstream;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Questions on their way: whoever asks the same waits for the same answer. */
  readonly #asking = new Map<string, Promise<UpstreamAnswer>>();

  constructor(ask: AskUpstream, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** `revokedSha256`: hex digest of a token that was refused somewhere and must not come again. */
  async get(question: TokenQuestion, revokedSha256?: string): Promise<UpstreamAnswer> {
    const key = JSON.stringify(Object.entries(question).sort());
    const entry = this.#usable(key, revokedSha256);
    const nowS = unixSeconds(this.#clock);
    if (entry !== undefined && nowS - entry.fetchedS < FRESH_S) return found(entry);
    const answer = await this.#askOnce(key, question);
    return answer.kind === 'unreachable' && entry !== undefined ? found(entry) : answer;
  }

  #usable(key: string, revokedSha256: string | undefined): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const remainingS = Number(entry.token.expires_on) - unixSeconds(this.#clock);
    const isRevoked =
      revokedSha256 !== undefined &&
      sha256(entry.token.access_token) === revokedSha256.toLowerCase();
    if (remainingS >= REMAINING_S_MIN && !isRevoked) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #askOnce(key: string, question: TokenQuestion): Promise<UpstreamAnswer> {
    const known = this.#asking.get(key);
    if (known !== undefined) return known;
    // Whoever may ask can ask for many things at once; upstream is not to feel it.
    if (this.#asking.size >= ASKING_MAX) return Promise.resolve(BUSY);
    const asked = this.#ask(question)
      .then((answer) => this.#keep(key, answer))
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }

  #keep(key: string, answer: UpstreamAnswer): UpstreamAnswer {
    if (answer.kind === 'refused') this.#entries.delete(key);
    if (answer.kind === 'token') {
      const [oldest] = this.#entries.keys();
      if (this.#entries.size >= ENTRIES_MAX && oldest !== undefined) this.#entries.delete(oldest);
      this.#entries.set(key, { token: answer.token, fetchedS: unixSeconds(this.#clock) });
    }
    return answer;
  }
}

function found({ token }: Entry): UpstreamAnswer {
  return { kind: 'token', token };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
