// Vaults in which something falls due before the next ordinary look: a certificate to be signed in
// a moment, an order to be asked for again. Only a hint, held in memory: an ordinary look, the one
// at the start too, makes it anew.

export class DueSoon {
  readonly #vaults = new Map<string, number>();

  note(vaultUid: string, atSeconds: number): void {
    const known = this.#vaults.get(vaultUid) ?? Number.POSITIVE_INFINITY;
    this.#vaults.set(vaultUid, Math.min(known, atSeconds));
  }

  /** Uids of vaults with something due by now; they are forgotten here. */
  take(nowSeconds: number): ReadonlySet<string> {
    const due = new Set<string>();
    for (const [uid, at] of this.#vaults) if (at <= nowSeconds) due.add(uid);
    for (const uid of due) this.#vaults.delete(uid);
    return due;
  }
}
