// The bytes around everything sealed under a record key: one format byte, the key's term, then what
// AES-256-GCM made (docs/internals/storage-format.md). The associated data says what kind of thing
// it is and where it belongs, so that one cannot pass for another. It never says why one will not
// open.
import type { AesGcm } from '#cryptography';
import type { Keyring } from './keyring.ts';

/** A kind of sealed thing: its first byte and the tag that opens its associated data. */
export interface EnvelopeKind {
  readonly format: number;
  readonly tag: string;
}

export const RECORD: EnvelopeKind = { format: 0x01, tag: 'strongroom/record/1\n' };
export const BLOB: EnvelopeKind = { format: 0x81, tag: 'strongroom/blob/1\n' };

/** Format byte and 32-bit term. */
const HEADER_BYTES = 5;

/** A sealed thing with its key found: ready to open, still sealed. */
export interface Envelope {
  readonly cipher: AesGcm;
  readonly body: Uint8Array;
  readonly associated: Uint8Array;
}

export interface Sealing {
  readonly kind: EnvelopeKind;
  /** The record's full path, or the blob's context. */
  readonly place: string;
  readonly plaintext: Uint8Array;
}

/** Seals under the keyring's current term. */
export function sealEnvelope(keyring: Keyring, sealing: Sealing): Uint8Array {
  const { term, cipher } = keyring.forSealing();
  const body = cipher.seal(sealing.plaintext, associatedData(sealing.kind, sealing.place));
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength);
  bytes[0] = sealing.kind.format;
  new DataView(bytes.buffer).setUint32(1, term);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Finds the key; `undefined` if the header is not of this kind or names no term of the keyring. */
export function readEnvelope(
  keyring: Keyring,
  sealed: { readonly kind: EnvelopeKind; readonly place: string; readonly bytes: Uint8Array },
): Envelope | undefined {
  const { bytes, kind, place } = sealed;
  if (bytes.byteLength < HEADER_BYTES || bytes[0] !== kind.format) return undefined;
  const term = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const cipher = keyring.cipher(term);
  if (cipher === undefined) return undefined;
  return { cipher, body: bytes.subarray(HEADER_BYTES), associated: associatedData(kind, place) };
}

/** The plaintext; `undefined` if any bit of it, its place or its key is not what was sealed. */
export function openEnvelope(envelope: Envelope): Buffer | undefined {
  return envelope.cipher.open(envelope.body, envelope.associated);
}

/** The same for what was sealed as UTF-8 text; quicker than decoding the bytes. */
export function openEnvelopeText(envelope: Envelope): string | undefined {
  return envelope.cipher.openText(envelope.body, envelope.associated);
}

function associatedData(kind: EnvelopeKind, place: string): Uint8Array {
  return Buffer.from(kind.tag + place, 'utf8');
}
