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

  /** `undefined` if the token has not been kept or was pushed out by others. */
  find(token: string): AccessToken | undefined {
    return this.#tokens.get(keyOf(token));
  }

  keep(token: string, opened: AccessToken): void {
    const key = keyOf(token);
    if (!this.#tokens.has(key) && this.#tokens.size >= this.#entriesMax) {
      const [oldest] = this.#tokens.keys();
      if (oldest !== undefined) this.#tokens.delete(oldest);
    }
    this.#tokens.set(key, opened);
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
