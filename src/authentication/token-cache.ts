// Tokens whose signature has been checked, by SHA-256 of the token, so that a busy client pays for
// RSA once. It holds nothing that can change: whether the principal may still use the token is
// asked of the directory at every request.
import { hash } from 'node:crypto';
import type { AccessToken } from './access-token.ts';

export class TokenCache {
  readonly #entriesMax: number;
  readonly #tokens = new Map<string, AccessToken>();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#tokens.size;
  }

  /** `open` runs, and may throw, if the token has not been seen or was pushed out by others. */
  get(token: string, open: (token: string) => AccessToken): AccessToken {
    const key = hash('sha256', token, 'base64');
    const cached = this.#tokens.get(key);
    if (cached !== undefined) return cached;
    const opened = open(token);
    if (this.#tokens.size >= this.#entriesMax) {
      const [oldest] = this.#tokens.keys();
      if (oldest !== undefined) this.#tokens.delete(oldest);
    }
    this.#tokens.set(key, opened);
    return opened;
  }
}
