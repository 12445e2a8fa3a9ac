// The record keys, by term. They lie in the store as one record, sealed under the root key; new
// records are sealed under the newest term, and older terms stay so that older records open. It
// counts seals, because a key with random 96-bit IVs must not seal more than 2^32 values (NIST SP
// 800-38D, 8.3), and begins a new term long before. It never hands out a key, only ciphers.
import { randomBytes } from 'node:crypto';
import { AES_GCM_KEY_BYTES, type AesGcm, createAesGcm } from '#cryptography';
import { type Clock, decodeBase64Url, encodeBase64Url, parseSealed } from '#kernel';
import type { Physical } from '../physical/physical.ts';
import { StorageDamaged, StorageError } from '../storage-error.ts';
import { parseKeyringRecord, renderKeyringRecord } from './keyring-record.ts';
import type { Seal, SealConfig } from './seal.ts';

export const KEYRING_KEY = '!keyring';

/** Seals that are written off in the store before they are used; a crash wastes at most these. */
const SEALS_PER_RESERVATION = 2 ** 20;
/** A quarter of what SP 800-38D allows: two equal IVs with probability below 2^-37. */
const SEALS_PER_TERM = 2 ** 30;

interface StoredTerm {
  readonly term: number;
  /** base64url. */
  readonly key: string;
  readonly createdAtMs: number;
  /** Seals written off so far. */
  readonly seals: number;
}

/** The sealed content of the keyring record. */
interface StoredKeyring {
  /** Ascending by term; the last is current. */
  readonly terms: readonly StoredTerm[];
}

export interface KeyringOptions {
  readonly physical: Physical;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly sealsPerReservation?: number;
  readonly sealsPerTerm?: number;
}

interface Wrapping {
  readonly config: SealConfig;
  readonly rootCipher: AesGcm;
}

/** What a change makes of the keyring. */
interface Alteration {
  readonly stored: StoredKeyring;
  /** Seals of the newest term that this change writes off for us to use. */
  readonly sealsGained: number;
  readonly wrapping?: Wrapping;
}

export class Keyring {
  readonly #options: KeyringOptions;
  readonly #sealsPerReservation: number;
  #wrapping: Wrapping;
  #stored: StoredKeyring = { terms: [] };
  /** Sequence of the keyring record, so that nobody's change is overwritten. */
  #sequence: number;
  #ciphers: ReadonlyMap<number, AesGcm> = new Map();
  #current: { readonly term: number; readonly cipher: AesGcm } | undefined;
  #sealsLeft = 0;
  /** Changes to the keyring run one after the other; this is the last. */
  #saving: Promise<void> = Promise.resolve();
  #reserving = false;

  private constructor(options: KeyringOptions, wrapping: Wrapping, sequence: number) {
    this.#options = options;
    this.#sealsPerReservation = options.sealsPerReservation ?? SEALS_PER_RESERVATION;
    this.#wrapping = wrapping;
    this.#sequence = sequence;
  }

  /**
   * Opens the store's keyring, or makes one if the store is entirely empty. Throws StorageError:
   * `wrong_root_key`, `root_key_refused`, or `damaged` where there are records but no keyring.
   */
  static async open(options: KeyringOptions): Promise<Keyring> {
    const row = await options.physical.get(KEYRING_KEY);
    if (row === undefined) return Keyring.#create(options);
    const parsed = parseKeyringRecord(row.value);
    const rootCipher = createAesGcm(await options.seal.rootKey(parsed.config));
    const plaintext = rootCipher.open(parsed.sealed, parsed.associated);
    if (plaintext === undefined) {
      throw new StorageError(
        'wrong_root_key',
        'The root key does not open this store: another key sealed it, or its keyring was altered.',
      );
    }
    const keyring = new Keyring(options, { config: parsed.config, rootCipher }, row.sequence);
    keyring.#adopt(parseSealed<StoredKeyring>(plaintext.toString('utf8')), 0);
    plaintext.fill(0);
    if (!options.physical.isReadOnly) await keyring.#reserve();
    return keyring;
  }

  static async #create(options: KeyringOptions): Promise<Keyring> {
    if (options.physical.isReadOnly) {
      throw new StorageError('unreadable', 'This store has not been begun yet.');
    }
    const everything = { from: '', until: '\u007f', limit: 1, descending: false };
    if ((await options.physical.scan(everything)).length > 0) {
      throw new StorageDamaged('This store has records but its keyring is gone.');
    }
    const { rootKey, config } = await options.seal.create();
    const keyring = new Keyring(options, { config, rootCipher: createAesGcm(rootKey) }, 0);
    await keyring.rotate();
    return keyring;
  }

  /** Number of the newest term. */
  get term(): number {
    return this.#current?.term ?? 0;
  }

  /** The cipher that new things are sealed with. Each call counts as one seal. */
  forSealing(): { readonly term: number; readonly cipher: AesGcm } {
    if (this.#sealsLeft <= this.#sealsPerReservation / 2) this.#reserveSoon();
    if (this.#current === undefined || this.#sealsLeft <= 0) {
      throw new StorageError('write_failed', 'The store could not write off further seals.');
    }
    this.#sealsLeft -= 1;
    return this.#current;
  }

  cipher(term: number): AesGcm | undefined {
    return this.#ciphers.get(term);
  }

  /** Begins a new term; records sealed before stay readable. Answers the new term. */
  async rotate(): Promise<number> {
    await this.#change(() => this.#withNewTerm());
    return this.term;
  }

  /** Seals the keyring under another root key. The old root key opens this store no longer. */
  async rewrap(seal: Seal): Promise<void> {
    const { rootKey, config } = await seal.create();
    const wrapping = { config, rootCipher: createAesGcm(rootKey) };
    await this.#change(() => ({ stored: this.#stored, sealsGained: 0, wrapping }));
  }

  /** Resolves when no change to the keyring is under way. */
  async settled(): Promise<void> {
    await this.#saving.catch(() => undefined);
  }

  /** A failure is not lost: the next seal tries again, and with none left sealing is refused. */
  #reserveSoon(): void {
    if (this.#reserving) return;
    this.#reserving = true;
    this.#reserve()
      .catch(() => undefined)
      .finally(() => {
        this.#reserving = false;
      });
  }

  #reserve(): Promise<void> {
    return this.#change(() => {
      const sealsGained = this.#sealsPerReservation;
      const last = this.#stored.terms.at(-1);
      const seals = (last?.seals ?? 0) + sealsGained;
      if (last === undefined || seals > (this.#options.sealsPerTerm ?? SEALS_PER_TERM)) {
        return this.#withNewTerm();
      }
      const terms = [...this.#stored.terms.slice(0, -1), { ...last, seals }];
      return { stored: { terms }, sealsGained };
    });
  }

  #withNewTerm(): Alteration {
    const sealsGained = this.#sealsPerReservation;
    const added: StoredTerm = {
      term: this.term + 1,
      key: encodeBase64Url(randomBytes(AES_GCM_KEY_BYTES)),
      createdAtMs: this.#options.clock.now(),
      seals: sealsGained,
    };
    return { stored: { terms: [...this.#stored.terms, added] }, sealsGained };
  }

  #change(next: () => Alteration): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#save(next()));
    return this.#saving;
  }

  async #save(alteration: Alteration): Promise<void> {
    const { stored, sealsGained, wrapping = this.#wrapping } = alteration;
    const plaintext = Buffer.from(JSON.stringify(stored), 'utf8');
    const record = renderKeyringRecord(wrapping.config, (associated) =>
      wrapping.rootCipher.seal(plaintext, associated),
    );
    plaintext.fill(0);
    const outcome = await this.#options.physical.commit({
      expectations: new Map([[KEYRING_KEY, this.#sequence]]),
      puts: new Map([[KEYRING_KEY, record]]),
      deletes: new Set(),
    });
    if (!outcome.committed) {
      throw new StorageError('conflict', 'The keyring was changed by somebody else.');
    }
    this.#sequence = outcome.sequence;
    this.#wrapping = wrapping;
    this.#adopt(stored, sealsGained);
  }

  #adopt(stored: StoredKeyring, sealsGained: number): void {
    const last = stored.terms.at(-1);
    if (last === undefined) throw new StorageDamaged('The keyring of this store is empty.');
    const ciphers = new Map<number, AesGcm>();
    for (const each of stored.terms) {
      ciphers.set(each.term, this.#ciphers.get(each.term) ?? cipherOf(each));
    }
    const cipher = ciphers.get(last.term) ?? cipherOf(last);
    this.#sealsLeft = sealsGained + (this.term === last.term ? this.#sealsLeft : 0);
    this.#stored = stored;
    this.#ciphers = ciphers;
    this.#current = { term: last.term, cipher };
  }
}

function cipherOf(stored: StoredTerm): AesGcm {
  const key = decodeBase64Url(stored.key);
  if (key === undefined) throw new StorageDamaged('The keyring of this store is damaged.');
  return createAesGcm(key);
}
