// The token's own AES-256 keys that wrap all of Strongroom's. The newest one wraps; older ones
// still unwrap what they wrapped. Made at first use, found again by their label.
import { randomBytes } from 'node:crypto';
import pkcs11, { type Handle, type Mechanism, type PKCS11 } from 'pkcs11js';
import { TokenError } from './token-error.ts';
import { wrappingKeyTemplate } from './token-templates.ts';

/** CKA_ID of the wrapping key, in front of every blob. */
export const ID_BYTES = 16;

const LABEL = 'strongroom wrapping key';
const KEY_BYTES = 32;
const FOUND_MAX = 100;

export interface WrappingKey {
  readonly id: Buffer;
  readonly handle: Handle;
  readonly mechanism: Mechanism;
}

export class WrappingKeys {
  readonly #library: PKCS11;
  readonly #session: Handle;
  #known: readonly WrappingKey[] = [];

  constructor(library: PKCS11, session: Handle) {
    this.#library = library;
    this.#session = session;
  }

  /** The one that wraps; made if there is none. */
  current(): WrappingKey {
    if (this.#known.length === 0) this.#known = this.#search();
    if (this.#known.length === 0) {
      this.#make();
      // Read back: two threads that made one each agree on the same.
      this.#known = this.#search();
    }
    const [first] = this.#known;
    if (first === undefined) throw new TokenError('failed', 'the wrapping key was not kept');
    return first;
  }

  /** Throws TokenError `foreignKey`. */
  find(id: Buffer): WrappingKey {
    const known = this.#known.find((key) => key.id.equals(id));
    if (known !== undefined) return known;
    this.#known = this.#search();
    const found = this.#known.find((key) => key.id.equals(id));
    if (found === undefined) {
      throw new TokenError('foreignKey', 'the token does not hold the key that wrapped this one');
    }
    return found;
  }

  /** Asks the token, whatever is known here. */
  areThere(): boolean {
    try {
      return this.#search().length > 0;
    } catch {
      return false;
    }
  }

  #make(): void {
    const template = wrappingKeyTemplate(LABEL, randomBytes(ID_BYTES), KEY_BYTES);
    this.#library.C_GenerateKey(this.#session, { mechanism: pkcs11.CKM_AES_KEY_GEN }, template);
  }

  /** In the order of their ids, so that every thread and process prefers the same. */
  #search(): WrappingKey[] {
    this.#library.C_FindObjectsInit(this.#session, [
      { type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
      { type: pkcs11.CKA_LABEL, value: LABEL },
    ]);
    const handles = this.#library.C_FindObjects(this.#session, FOUND_MAX);
    this.#library.C_FindObjectsFinal(this.#session);
    const mechanism = { mechanism: pkcs11.CKM_AES_KEY_WRAP_PAD };
    return handles
      .map((handle) => ({ id: this.#idOf(handle), handle, mechanism }))
      .filter(({ id }) => id.length === ID_BYTES)
      .sort((a, b) => a.id.compare(b.id));
  }

  #idOf(handle: Handle): Buffer {
    const type = pkcs11.CKA_ID;
    const [attribute] = this.#library.C_GetAttributeValue(this.#session, handle, [{ type }]);
    return Buffer.from(attribute?.value ?? []);
  }
}
