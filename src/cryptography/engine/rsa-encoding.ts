// The two signature encodings of RFC 8017 §9 for a digest that somebody else computed: node:crypto
// always hashes by itself. Used only where the native addon is missing; the RSA operation itself
// and the hashes remain OpenSSL's.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { DIGEST_BYTES, type DigestName } from './engine.ts';

/** DER up to the digest itself; RFC 8017 §9.2, note 1. */
const DIGEST_INFO_PREFIX: Readonly<Record<DigestName, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

/** What RSASSA-PKCS1-v1_5 pads: a DigestInfo, or for RSNULL the bytes as they are. */
export function encodeDigestInfo(name: DigestName | undefined, digest: Uint8Array): Buffer {
  if (name === undefined) return Buffer.from(digest);
  return Buffer.concat([Buffer.from(DIGEST_INFO_PREFIX[name], 'hex'), digest]);
}

/** EMSA-PKCS1-v1_5 (§9.2), whole: 00 01 ff…ff 00 DigestInfo. */
export function encodePkcs1(digestInfo: Uint8Array, sizeBytes: number): Buffer {
  const encoded = Buffer.alloc(sizeBytes, 0xff);
  encoded.writeUInt16BE(0x0001, 0);
  encoded.writeUInt8(0x00, sizeBytes - digestInfo.byteLength - 1);
  encoded.set(digestInfo, sizeBytes - digestInfo.byteLength);
  return encoded;
}

/**
 * EMSA-PSS-ENCODE (§9.1.1) with a random salt as long as the digest, for a modulus of whole bytes.
 */
export function encodePss(name: DigestName, digest: Uint8Array, sizeBytes: number): Buffer {
  return assemblePss({ name, digest, sizeBytes, salt: randomBytes(DIGEST_BYTES[name]) });
}

/**
 * EMSA-PSS-VERIFY (§9.1.2): recovers the salt, encodes again with it, and wants the very same
 * bytes, so no check of the standard's can be forgotten.
 */
export function verifyPss(name: DigestName, digest: Uint8Array, encoded: Buffer): boolean {
  const hashBytes = DIGEST_BYTES[name];
  const blockBytes = encoded.length - hashBytes - 1;
  const hash = encoded.subarray(blockBytes, blockBytes + hashBytes);
  const mask = generateMask(name, hash, blockBytes);
  const salt = xor(encoded.subarray(0, blockBytes), mask).subarray(blockBytes - hashBytes);
  const expected = assemblePss({ name, digest, sizeBytes: encoded.length, salt });
  return timingSafeEqual(encoded, expected);
}

interface PssInput {
  readonly name: DigestName;
  readonly digest: Uint8Array;
  readonly sizeBytes: number;
  readonly salt: Buffer;
}

function assemblePss({ name, digest, sizeBytes, salt }: PssInput): Buffer {
  const hash = createHash(name).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(sizeBytes - hash.length - 1);
  block.writeUInt8(0x01, block.length - salt.length - 1);
  block.set(salt, block.length - salt.length);
  const masked = xor(block, generateMask(name, hash, block.length));
  // The modulus has a whole number of bytes, so the encoding is one bit shorter than its bytes.
  masked.writeUInt8(masked.readUInt8(0) & 0x7f, 0);
  return Buffer.concat([masked, hash, Buffer.of(0xbc)]);
}

/** MGF1, RFC 8017 §B.2.1. */
function generateMask(name: DigestName, seed: Uint8Array, lengthBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * DIGEST_BYTES[name] < lengthBytes; counter += 1) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    blocks.push(createHash(name).update(seed).update(suffix).digest());
  }
  return Buffer.concat(blocks).subarray(0, lengthBytes);
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
