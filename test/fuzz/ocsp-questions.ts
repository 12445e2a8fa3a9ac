// OCSP questions about the authorities of a served instance, by GET, as seeds to be broken; and
// whether what comes back is an answer.
import { issuerHashes, readCertificate } from '#cryptography';
import { z } from '#kernel';
import type { Instance } from '#test/kit/instance.ts';

const AUTHORITIES = '/providers/Strongroom.CertificateAuthority/authorities';
const API_VERSION = '2026-11-01';
const SHA1 = Buffer.from('300906052b0e03021a0500', 'hex');
/** `[2] { { { id-pkix-ocsp-nonce, 8 bytes } } }` */
const NONCE = Buffer.from('a21b3019301706092b0601050507300102040a04080102030405060708', 'hex');
/** `{ ENUMERATED }`, which reading it as text does not change. */
const REFUSAL_BYTES = 5;
const listSchema = z.object({
  value: z.array(z.object({ properties: z.object({ certificate: z.base64() }) })),
});

/** Sets up an authority. One question for the root, with a nonce; one for the intermediate. */
export async function ocspQuestions(instance: Instance): Promise<Buffer[]> {
  const { owner } = instance;
  const apiVersion = API_VERSION;
  const path = `${AUTHORITIES}/root`;
  (await owner.arm({ method: 'PUT', path, json: {}, apiVersion })).expect(201);
  const listed = await owner.arm({ method: 'GET', path: AUTHORITIES, apiVersion });
  const [root, intermediate] = listed
    .read(listSchema)
    .value.map(({ properties }) => Buffer.from(properties.certificate, 'base64'));
  if (root === undefined || intermediate === undefined) throw new Error('no authorities');
  const { serialNumber } = await readCertificate(intermediate);
  const questions = [
    await question(root, serialNumber, NONCE),
    await question(intermediate, '4711'),
  ];
  for (const whole of questions) {
    const outcome = await askOcsp(instance, whole);
    if (outcome !== 'accepted') throw new Error(`a question that is right: ${outcome}`);
  }
  return questions;
}

async function question(issuer: Buffer, serialNumber: string, extensions = Buffer.of()) {
  const { issuerNameHash, issuerKeyHash } = await issuerHashes(issuer, 'sha1');
  const hash = (hex: string) => encode(0x04, Buffer.from(hex, 'hex'));
  const serial = encode(0x02, Buffer.from(`00${serialNumber}`, 'hex'));
  const id = sequence(SHA1, hash(issuerNameHash), hash(issuerKeyHash), serial);
  return sequence(sequence(sequence(sequence(id)), extensions));
}

const sequence = (...parts: readonly Buffer[]) => encode(0x30, Buffer.concat(parts));

function encode(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

export async function askOcsp(instance: Instance, der: Buffer): Promise<string> {
  const origin = instance.management.replace('//management.', '//pki.');
  const base64 = der.subarray(0, 4096).toString('base64');
  // As it is, or encoded as most clients do.
  const path = der.length % 2 === 0 ? base64 : encodeURIComponent(base64);
  const { status, headers, text } = await instance.wire.send({ url: `${origin}/ocsp/${path}` });
  if (status !== 200 || headers['content-type'] !== 'application/ocsp-response') {
    return `${status} ${text}`;
  }
  return text.length === REFUSAL_BYTES ? 'refused' : 'accepted';
}
