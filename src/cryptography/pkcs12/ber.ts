// BER of unknown origin, read step by step: each function takes a value that must be of one kind,
// or throws Pkcs12Error `malformed`. PFX files are BER, not DER: lengths may be indefinite, and a
// string may come in pieces.
import { Pkcs12Error } from './pkcs12-error.ts';

type Library = typeof import('asn1js');

/** A value as the parser gives it. */
export type Ber = InstanceType<Library['BaseBlock']>;

/** Where an object identifier or integer could be long without end. */
const OID_CHARACTERS_MAX = 128;
const UNIVERSAL = 1;
const CONTEXT = 3;
const TAG = { integer: 2, octets: 4, oid: 6, sequence: 16, set: 17 } as const;

export class BerReader {
  readonly #library: Library;

  private constructor(library: Library) {
    this.#library = library;
  }

  /** Loads the parser when it is first needed. */
  static async load(): Promise<BerReader> {
    return new BerReader(await import('asn1js'));
  }

  /** One value that takes up all of the bytes. */
  parse(bytes: Uint8Array): Ber {
    let result: ReturnType<Library['fromBER']>;
    try {
      result = this.#library.fromBER(new Uint8Array(bytes));
    } catch (cause) {
      throw new Pkcs12Error('malformed', 'encoding', { cause });
    }
    // Zeros behind the end are what some exports are padded with.
    const rest = bytes.subarray(Math.max(result.offset, 0));
    if (result.offset <= 0 || result.result.error !== '' || rest.some((byte) => byte !== 0)) {
      throw new Pkcs12Error('malformed', 'encoding');
    }
    return result.result;
  }

  /** The values in a sequence or set. */
  items(block: Ber | undefined): readonly Ber[] {
    const fits = isTagged(block, UNIVERSAL, TAG.sequence) || isTagged(block, UNIVERSAL, TAG.set);
    return fits ? this.#children(block) : malformed('sequence');
  }

  /** The one value inside of `[0]`. */
  explicit(block: Ber | undefined): Ber {
    const [only] = isTagged(block, CONTEXT, 0) ? this.#children(block) : [];
    return only ?? malformed('[0]');
  }

  /** The bytes of an octet string, or of one that is tagged `[0]` implicitly. */
  octets(block: Ber | undefined, depth = 0): Buffer {
    const fits = isTagged(block, UNIVERSAL, TAG.octets) || isTagged(block, CONTEXT, 0);
    if (block === undefined || !fits || depth > 4) return malformed('octet string');
    const { valueBlock } = block;
    if (block.idBlock.isConstructed) {
      return Buffer.concat(this.#children(block).map((part) => this.octets(part, depth + 1)));
    }
    return 'valueHexView' in valueBlock && valueBlock.valueHexView instanceof Uint8Array
      ? Buffer.from(valueBlock.valueHexView)
      : malformed('octet string');
  }

  oid(block: Ber | undefined): string {
    if (!(block instanceof this.#library.ObjectIdentifier)) return malformed('oid');
    const text = block.getValue();
    return text.length <= OID_CHARACTERS_MAX ? text : malformed('oid');
  }

  /** A whole number from 0 to 2^31 − 1. */
  number(block: Ber | undefined): number {
    if (!(block instanceof this.#library.Integer)) return malformed('integer');
    const bytes = Buffer.from(block.valueBlock.valueHexView);
    const small = bytes.length >= 1 && bytes.length <= 4 && (bytes[0] ?? 0x80) < 0x80;
    return small ? bytes.readUIntBE(0, bytes.length) : malformed('integer');
  }

  isNumber(block: Ber | undefined): boolean {
    return isTagged(block, UNIVERSAL, TAG.integer);
  }

  isOctets(block: Ber | undefined): boolean {
    return isTagged(block, UNIVERSAL, TAG.octets);
  }

  isSequence(block: Ber | undefined): boolean {
    return isTagged(block, UNIVERSAL, TAG.sequence);
  }

  #children(block: Ber | undefined): readonly Ber[] {
    const value: unknown =
      block?.valueBlock && 'value' in block.valueBlock && block.valueBlock.value;
    if (!Array.isArray(value)) return [];
    return value.filter((child): child is Ber => child instanceof this.#library.BaseBlock);
  }
}

function isTagged(block: Ber | undefined, tagClass: number, tag: number): boolean {
  return block?.idBlock.tagClass === tagClass && block.idBlock.tagNumber === tag;
}

function malformed(what: string): never {
  throw new Pkcs12Error('malformed', what);
}
