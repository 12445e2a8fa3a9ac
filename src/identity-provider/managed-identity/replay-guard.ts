// Remembers which assertions have been used until they expire, so that each is good for one token.
// In memory: an assertion lives for minutes, and a copied one is of use only to who can read TLS.

const USED_MAX = 100_000;

export class ReplayGuard {
  /** Id → when it expires; in the order of use. */
  readonly #used = new Map<string, number>();

  /** `false` if the id was used before, or if there are too many to remember. */
  use(id: string, { nowS, expiresS }: { readonly nowS: number; readonly expiresS: number }) {
    // Oldest first: what stands behind one that still lives waits, for minutes at most.
    for (const [known, knownExpiresS] of this.#used) {
      if (knownExpiresS > nowS) break;
      this.#used.delete(known);
    }
    if (this.#used.has(id) || this.#used.size >= USED_MAX) return false;
    this.#used.set(id, expiresS);
    return true;
  }
}
