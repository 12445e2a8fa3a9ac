// The ASN.1 classes, loaded when they are first needed (they take 50 ms, which a start should not
// pay), and the two ways through them: values to DER, and DER of unknown origin to values.
import { X509Error } from './x509-error.ts';

/** What can be parsed into. */
export type Asn1Class<T> = new () => T;

export interface Asn1 {
  readonly x509: typeof import('@peculiar/asn1-x509');
  readonly csr: typeof import('@peculiar/asn1-csr');
  readonly schema: typeof import('@peculiar/asn1-schema');
  readonly ocsp: typeof import('@peculiar/asn1-ocsp');
  readonly asn1js: typeof import('asn1js');
}

const DER_BYTES_MAX = 65_536;
const SEQUENCE = 0x30;
const LONG_FORM = 0x80;
/** Lengths of up to three octets are far beyond what is let in. */
const LENGTH_OCTETS_MAX = 3;

let loading: Promise<Asn1> | undefined;

export function loadAsn1(): Promise<Asn1> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Asn1> {
  const [x509, csr, schema, ocsp, asn1js] = await Promise.all([
    import('@peculiar/asn1-x509'),
    import('@peculiar/asn1-csr'),
    import('@peculiar/asn1-schema'),
    import('@peculiar/asn1-ocsp'),
    import('asn1js'),
  ]);
  return { x509, csr, schema, ocsp, asn1js };
}

export function toDer({ schema }: Asn1, value: unknown): Buffer {
  return Buffer.from(schema.AsnConvert.serialize(value));
}

/** The bytes in a buffer of their own, which is what the ASN.1 classes keep. */
export function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** X509Error `malformed` for anything but one whole `target` within the limit. */
export function fromDer<T>(asn1: Asn1, der: Uint8Array, target: Asn1Class<T>): T {
  assertWholeSequence(der, target.name);
  return parsePart(asn1, der, target);
}

/** The same for what stands inside: an extension's value, which need not be a sequence. */
export function parsePart<T>(
  { schema }: Asn1,
  der: Uint8Array | ArrayBuffer,
  target: Asn1Class<T>,
): T {
  try {
    return schema.AsnConvert.parse(der, target);
  } catch (cause) {
    // Depth and shape alike: whatever the parser stumbles over is the sender's.
    throw new X509Error('malformed', target.name, { cause });
  }
}

/** One SEQUENCE in definite length that ends exactly where the bytes end. */
function assertWholeSequence(der: Uint8Array, what: string): void {
  if (der.length > DER_BYTES_MAX || der[0] !== SEQUENCE) throw new X509Error('malformed', what);
  const first = der[1] ?? LONG_FORM;
  const octets = first < LONG_FORM ? 0 : first - LONG_FORM;
  if (first === LONG_FORM || octets > LENGTH_OCTETS_MAX) throw new X509Error('malformed', what);
  let length = octets === 0 ? first : 0;
  for (const octet of der.subarray(2, 2 + octets)) length = length * 256 + octet;
  if (der.length !== 2 + octets + length) throw new X509Error('malformed', what);
}
