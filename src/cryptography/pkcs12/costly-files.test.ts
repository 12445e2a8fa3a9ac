// Files that are made to cost more than they say: each is refused before the work is done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPem } from './pem.ts';
import { readPkcs12 } from './read-pkcs12.ts';

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([Buffer.of(tag, 0x84), length, content]);
};
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const octets = (bytes: Uint8Array) => der(0x04, bytes);
const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return der(0x02, bytes);
};
const hex = (text: string) => Buffer.from(text, 'hex');
const OID = {
  data: hex('06092a864886f70d010701'),
  pbmac1: hex('06092a864886f70d01050e'),
  pbkdf2: hex('06092a864886f70d01050c'),
  hmacSha256: hex('06082a864886f70d0209'),
};

/** A PFX whose integrity is said to be protected by PBMAC1 (RFC 9579). */
function pfxWithPbmac1(macBytes: number): Buffer {
  const derivation = sequence(octets(Buffer.alloc(8)), number(1000), sequence(OID.hmacSha256));
  const parameters = sequence(sequence(OID.pbkdf2, derivation), sequence(OID.hmacSha256));
  const digest = sequence(sequence(OID.pbmac1, parameters), octets(Buffer.alloc(macBytes)));
  const safe = sequence(OID.data, der(0xa0, octets(sequence())));
  return sequence(number(3), safe, sequence(digest, octets(Buffer.alloc(8)), number(1)));
}

test('a PFX cannot have a key derived that is as long as it likes', async () => {
  // Every 32 bytes cost the iterations once more: 200,000 bytes would take a thread for hours.
  for (const bytes of [0, 31, 33, 64, 200, 200_000]) {
    await assert.rejects(readPkcs12(pfxWithPbmac1(bytes), 'x'), { code: 'password' });
  }
  await assert.rejects(readPkcs12(pfxWithPbmac1(32), 'x'), { code: 'password' });
});

test('a text of nothing but beginnings is refused without reading it again for each', async () => {
  const begun = '-----BEGIN A-----';
  for (const text of [begun.repeat(20_000), begun.repeat(9000) + '-----END B-----'.repeat(9000)]) {
    const before = process.cpuUsage();
    await assert.rejects(readPem(text, undefined), { code: 'tooMuch' });
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1_000_000, `${user} µs`);
  }
});
