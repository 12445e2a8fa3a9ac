// Serial numbers: 126 random bits behind 01, so that none is guessed, none met twice, and all are
// positive, of the same length and within the 20 octets of RFC 5280 §4.1.2.2.
import { randomBytes } from 'node:crypto';

const BYTES = 16;

export function newSerialNumber(): Buffer {
  const bytes = randomBytes(BYTES);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes;
}
