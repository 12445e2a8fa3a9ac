// Provokes the errors of certificates.
import {
  exportPkcs8,
  generateKey,
  type KeyMaterial,
  selfSignCertificate,
  writePem,
  writePkcs12,
} from '#cryptography';
import { z } from '#kernel';
import type { Answer } from '#test/kit/wire.ts';

type Send = (method: string, path: string, json?: unknown) => Promise<Answer>;

const DAY_MS = 86_400_000;
const CSR = z.object({ csr: z.string() });
const WAIT_MS = 100;
const WAITS_MAX = 100;

async function selfSigned(key: KeyMaterial, subject = 'CN=provoked'): Promise<Buffer> {
  const notBeforeMs = Date.now() - DAY_MS;
  return await selfSignCertificate({
    profile: { subject },
    ...{ key, notBeforeMs, notAfterMs: notBeforeMs + 30 * DAY_MS },
  });
}

/** Imports a small certificate under any name, again and again. */
export async function certificateMaker(send: Send): Promise<(name: string) => Promise<Answer>> {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const certificates = [await selfSigned(key)];
  const value = writePem({ privateKey: exportPkcs8(key), certificates });
  return (name) => send('POST', `/certificates/${name}/import`, { value });
}

export async function provokeCertificates(send: Send): Promise<Answer[]> {
  return [
    ...(await provokeCreation(send)),
    ...(await provokeImport(send)),
    ...(await provokeMerge(send)),
    await send('GET', '/certificates/absent/pending'),
    await send('GET', '/certificates/contacts'),
    await send('GET', '/certificates/issuers?maxresults=0'),
    await send('GET', '/certificates/issuers/absent'),
    await send('PATCH', '/certificates/issuers/absent', {}),
  ];
}

function policy(issuer: string, more: object = {}) {
  return { policy: { x509_props: { subject: 'CN=provoked' }, issuer: { name: issuer }, ...more } };
}

async function provokeCreation(send: Send): Promise<Answer[]> {
  const create = (name: string, body: object) => send('POST', `/certificates/${name}/create`, body);
  const hardware = { key_props: { kty: 'RSA-HSM', exportable: false } };
  const answers = [
    await create('c1', { policy: { x509_props: { subject: 'no name' } } }),
    await create('c2', policy('absent')),
    await create('c3', policy('Self', hardware)),
  ];
  (await send('PUT', '/secrets/taken', { value: 'v' })).expect(200);
  answers.push(await create('taken', policy('Self')));
  (await create('signed', policy('Self'))).expect(202);
  answers.push(await create('signed', policy('Self')));
  answers.push(await send('POST', '/certificates/signed/pending/merge', { x5c: ['AAAA'] }));
  await untilSigned(send);
  const cancel = { cancellation_requested: true };
  return [
    ...answers,
    await send('PATCH', '/certificates/signed/pending', cancel),
    await send('PUT', '/secrets/signed', { value: 'v' }),
    await send('DELETE', '/keys/signed'),
  ];
}

async function untilSigned(send: Send): Promise<void> {
  for (let waits = 0; waits < WAITS_MAX; waits += 1) {
    const { text } = await send('GET', '/certificates/signed/pending');
    if (text.includes('"completed"')) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, WAIT_MS);
    await promise;
  }
  throw new Error('the certificate was not signed');
}

async function provokeImport(send: Send): Promise<Answer[]> {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const other = await generateKey({ kty: 'EC', crv: 'P-256' });
  const certificate = await selfSigned(key);
  const [privateKey, otherKey] = [exportPkcs8(key), exportPkcs8(other)];
  const pfx = await writePkcs12({ privateKey, certificates: [certificate] });
  const pem = (...parts: Parameters<typeof writePem>) => writePem(...parts);
  const changed = Buffer.from(pfx);
  changed[pfx.length - 20] = (changed[pfx.length - 20] ?? 0) ^ 1;
  const md5Mac = Buffer.from(pfx);
  // SHA-1's identifier in the MAC becomes one that nobody knows.
  const at = md5Mac.lastIndexOf(Buffer.from('06052b0e03021a', 'hex'));
  md5Mac.writeUInt8(0x1b, at + 6);
  const values = {
    tooLong: 'A'.repeat(400_000),
    notBase64: '%%%',
    notPfx: 'AAAA',
    changed: changed.toString('base64'),
    md5Mac: md5Mac.toString('base64'),
    notPem: '-----BEGIN CERTIFICATE-----\nAAAA',
    manyBlocks: pem({ certificates: new Array(101).fill(certificate) }),
    noKey: pem({ certificates: [certificate] }),
    twoKeys: pem({ privateKey, certificates: [] }) + pem({ privateKey, certificates: [] }),
    weakKey: pem({ privateKey: WEAK_KEY, certificates: [certificate] }),
    otherKey: pem({ privateKey: otherKey, certificates: [certificate] }),
    unreadable: pem({ privateKey, certificates: [Buffer.from('300100', 'hex')] }),
  };
  const answers: Answer[] = [];
  for (const value of Object.values(values)) {
    answers.push(await send('POST', '/certificates/imported/import', { value }));
  }
  return answers;
}

/** A key of a kind that vaults do not have: Ed25519. */
const WEAK_KEY = Buffer.from(
  '302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842',
  'hex',
);

async function provokeMerge(send: Send): Promise<Answer[]> {
  const created = await send('POST', '/certificates/merged/create', policy('Unknown'));
  created.expect(202).read(CSR);
  const other = await selfSigned(await generateKey({ kty: 'EC', crv: 'P-256' }));
  const merge = (...x5c: string[]) => send('POST', '/certificates/merged/pending/merge', { x5c });
  return [
    await merge('A'.repeat(30_000)),
    await merge('AAAA'),
    await merge(other.toString('base64')),
    await merge(...new Array(21).fill(other.toString('base64'))),
  ];
}
