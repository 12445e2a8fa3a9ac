// X.500 names: the text that people write (`CN=contoso.com, O="Contoso, Ltd.", C=US`) to the name
// in a certificate and back. Text starts with the most specific part, certificates end with it
// (RFC 4514 §2.1). Values in hexadecimal (`#04…`) are refused: they would let any bytes in.
import type { Name } from '@peculiar/asn1-x509';
import { type Asn1, toDer } from './asn1.ts';
import { X509Error } from './x509-error.ts';

export interface NameAttribute {
  readonly oid: string;
  readonly value: string;
}

/** Attributes that stand in one relative name; nearly always one. */
export type RelativeName = readonly NameAttribute[];

interface AttributeKind {
  readonly names: readonly string[];
  readonly oid: string;
  readonly charsMax: number;
  readonly string: 'utf8' | 'printable' | 'ia5';
}

/** The first name is the one that is shown. Upper bounds: RFC 5280 appendix A. */
const KINDS: readonly AttributeKind[] = [
  { names: ['CN', 'COMMONNAME'], oid: '2.5.4.3', charsMax: 64, string: 'utf8' },
  { names: ['SN', 'SURNAME'], oid: '2.5.4.4', charsMax: 64, string: 'utf8' },
  { names: ['SERIALNUMBER'], oid: '2.5.4.5', charsMax: 64, string: 'printable' },
  { names: ['C', 'COUNTRY'], oid: '2.5.4.6', charsMax: 2, string: 'printable' },
  { names: ['L', 'LOCALITY'], oid: '2.5.4.7', charsMax: 128, string: 'utf8' },
  { names: ['S', 'ST', 'STATE'], oid: '2.5.4.8', charsMax: 128, string: 'utf8' },
  { names: ['STREET'], oid: '2.5.4.9', charsMax: 128, string: 'utf8' },
  { names: ['O', 'ORGANIZATION'], oid: '2.5.4.10', charsMax: 64, string: 'utf8' },
  { names: ['OU', 'ORGANIZATIONALUNIT'], oid: '2.5.4.11', charsMax: 64, string: 'utf8' },
  { names: ['T', 'TITLE'], oid: '2.5.4.12', charsMax: 64, string: 'utf8' },
  { names: ['POSTALCODE'], oid: '2.5.4.17', charsMax: 40, string: 'utf8' },
  { names: ['G', 'GN', 'GIVENNAME'], oid: '2.5.4.42', charsMax: 64, string: 'utf8' },
  { names: ['I', 'INITIALS'], oid: '2.5.4.43', charsMax: 64, string: 'utf8' },
  { names: ['DNQUALIFIER'], oid: '2.5.4.46', charsMax: 64, string: 'printable' },
  { names: ['UID'], oid: '0.9.2342.19200300.100.1.1', charsMax: 256, string: 'utf8' },
  { names: ['DC'], oid: '0.9.2342.19200300.100.1.25', charsMax: 63, string: 'ia5' },
  {
    names: ['E', 'EMAIL', 'EMAILADDRESS'],
    oid: '1.2.840.113549.1.9.1',
    charsMax: 255,
    string: 'ia5',
  },
];

const BY_NAME = new Map(KINDS.flatMap((kind) => kind.names.map((name) => [name, kind] as const)));
const BY_OID = new Map(KINDS.map((kind) => [kind.oid, kind] as const));
const OTHER_CHARS_MAX = 256;
const TEXT_CHARS_MAX = 2048;
const ATTRIBUTES_MAX = 64;
const OID = /^(?:[01]\.(?:0|[1-3]?\d)|2\.(?:0|[1-9]\d{0,8}))(?:\.(?:0|[1-9]\d{0,8})){1,18}$/;
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]+$/;
const IA5 = /^[ -~]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** What has to be quoted to be read back as itself. */
const SPECIAL = /[,;+"<>=\\]|^[# ]| $/;

/** In the order of the text. Empty for a blank text. X509Error `subject`. */
export function parseSubject(text: string): readonly RelativeName[] {
  if (text.length > TEXT_CHARS_MAX || !text.isWellFormed())
    throw new X509Error('subject', 'length');
  if (text.trim() === '') return [];
  const names = new NameReader(text).names();
  if (names.flat().length > ATTRIBUTES_MAX) throw new X509Error('subject', 'length');
  return names;
}

/** As Key Vault shows a subject. The inverse of `parseSubject`. */
export function renderSubject(names: readonly RelativeName[]): string {
  return names.map((attributes) => attributes.map(renderAttribute).join(' + ')).join(', ');
}

/** The name as certificates have it. */
export function encodeName(asn1: Asn1, names: readonly RelativeName[]): Name {
  const { x509 } = asn1;
  return new x509.Name(
    names.toReversed().map((attributes) => {
      const encoded = attributes.map(
        ({ oid, value }) =>
          new x509.AttributeTypeAndValue({ type: oid, value: encodeValue(asn1, oid, value) }),
      );
      // A SET OF is sorted in DER.
      const sorted = encoded.toSorted((a, b) => Buffer.compare(toDer(asn1, a), toDer(asn1, b)));
      return new x509.RelativeDistinguishedName(sorted);
    }),
  );
}

export function decodeName(name: Name): readonly RelativeName[] {
  return [...name]
    .map((attributes) =>
      [...attributes].map(({ type, value }) => ({ oid: type, value: value.toString() })),
    )
    .reverse();
}

/** Reads one name from left to right. */
class NameReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  names(): readonly RelativeName[] {
    const names: NameAttribute[][] = [[this.#attribute()]];
    while (this.#at < this.#text.length) {
      const separator = this.#text[this.#at];
      this.#at += 1;
      if (separator === '+') names.at(-1)?.push(this.#attribute());
      else names.push([this.#attribute()]);
    }
    return names;
  }

  #attribute(): NameAttribute {
    const equals = this.#text.indexOf('=', this.#at);
    if (equals < 0) throw new X509Error('subject', 'attribute');
    const type = this.#text.slice(this.#at, equals).trim();
    this.#at = equals + 1;
    const oid = oidOf(type);
    while (this.#text[this.#at] === ' ') this.#at += 1;
    const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#plain();
    checkValue(oid, value);
    return { oid, value };
  }

  /** `"…"`; inside, a quotation mark is doubled or escaped. */
  #quoted(): string {
    const parts: Buffer[] = [];
    for (this.#at += 1; ; ) {
      const letter = this.#text[this.#at];
      if (letter === undefined) throw new X509Error('subject', 'quotation');
      if (letter === '"' && this.#text[this.#at + 1] !== '"') break;
      if (letter === '"') this.#at += 1;
      parts.push(this.#letter(letter === '"'));
    }
    this.#at += 1;
    while (this.#text[this.#at] === ' ') this.#at += 1;
    const next = this.#text[this.#at];
    if (next !== undefined && !isSeparator(next)) throw new X509Error('subject', 'quotation');
    return decodeText(parts);
  }

  #plain(): string {
    if (this.#text[this.#at] === '#') throw new X509Error('subject', 'hexadecimal');
    const parts: Buffer[] = [];
    let kept = 0;
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined || isSeparator(letter)) break;
      if (letter === '"' || letter === '<' || letter === '>')
        throw new X509Error('subject', 'escape');
      parts.push(this.#letter(false));
      // Spaces at the end do not count unless escaped.
      if (letter !== ' ') kept = parts.length;
    }
    return decodeText(parts.slice(0, kept));
  }

  /** One letter, escaped or not, as UTF-8; `\C3\A4` is given as bytes. */
  #letter(literal: boolean): Buffer {
    const point = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += point.length;
    if (point !== '\\' || literal) return Buffer.from(point, 'utf8');
    const pair = this.#text.slice(this.#at, this.#at + 2);
    if (/^[0-9a-f]{2}$/i.test(pair)) {
      this.#at += 2;
      return Buffer.from(pair, 'hex');
    }
    const escaped = this.#text[this.#at] ?? '';
    if (!/^[,;+"<>=\\# ]$/.test(escaped)) throw new X509Error('subject', 'escape');
    this.#at += 1;
    return Buffer.from(escaped, 'utf8');
  }
}

function isSeparator(letter: string): boolean {
  return letter === ',' || letter === ';' || letter === '+';
}

function decodeText(parts: readonly Buffer[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    throw new X509Error('subject', 'escape');
  }
}

function oidOf(type: string): string {
  const known = BY_NAME.get(type.toUpperCase());
  if (known !== undefined) return known.oid;
  const oid = type.replace(/^OID\./i, '');
  if (!OID.test(oid)) throw new X509Error('subject', 'attribute');
  return oid;
}

function checkValue(oid: string, value: string): void {
  const kind = BY_OID.get(oid);
  const name = kind?.names[0] ?? oid;
  const tooLong = [...value].length > (kind?.charsMax ?? OTHER_CHARS_MAX);
  const wrong =
    kind?.string === 'printable'
      ? !PRINTABLE.test(value)
      : kind?.string === 'ia5' && !IA5.test(value);
  const country = name === 'C' && !/^[A-Za-z]{2}$/.test(value);
  if (value === '' || tooLong || wrong || country || CONTROL.test(value)) {
    throw new X509Error('subject', name);
  }
}

function encodeValue({ x509 }: Asn1, oid: string, value: string) {
  const string = BY_OID.get(oid)?.string;
  if (string === 'printable') return new x509.AttributeValue({ printableString: value });
  if (string === 'ia5') return new x509.AttributeValue({ ia5String: value });
  return new x509.AttributeValue({ utf8String: value });
}

function renderAttribute({ oid, value }: NameAttribute): string {
  const name = BY_OID.get(oid)?.names[0] ?? `OID.${oid}`;
  return SPECIAL.test(value)
    ? `${name}="${value.replaceAll('"', '""').replaceAll('\\', '\\\\')}"`
    : `${name}=${value}`;
}
