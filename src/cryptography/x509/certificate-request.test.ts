import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as pkijs from 'pkijs';
import { hasOpenssl, openssl } from '#test/kit/openssl.ts';
import { generateKey, type KeySpec } from '../generate-key.ts';
import { exportSpki } from '../key-material.ts';
import { buildCertificateRequest, parseCertificateRequest } from './certificate-request.ts';
import { orderChain } from './chain.ts';
import { issueCertificate, selfSignCertificate } from './issue.ts';
import { X509Error } from './x509-error.ts';

const profile = {
  subject: 'CN=contoso.com, C=CH',
  alternativeNames: { dnsNames: ['contoso.com'], upns: ['a@contoso.com'] },
  keyUsages: ['digitalSignature'],
  extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
} as const;
const SPECS: readonly KeySpec[] = [
  { kty: 'RSA', sizeBits: 2048 },
  { kty: 'RSA', sizeBits: 4096 },
  { kty: 'EC', crv: 'P-256' },
  { kty: 'EC', crv: 'P-384' },
  { kty: 'EC', crv: 'P-521' },
  { kty: 'EC', crv: 'P-256K' },
];

for (const spec of SPECS) {
  const name = spec.kty === 'EC' ? spec.crv : `RSA ${spec.kty === 'RSA' ? spec.sizeBits : ''}`;
  test(`${name}: a request verifies here, in OpenSSL and in pkijs`, async () => {
    const key = await generateKey(spec);
    const der = await buildCertificateRequest({ profile, key });
    const read = await parseCertificateRequest(der);
    assert.equal(read.subject, profile.subject);
    assert.ok(read.spki.equals(exportSpki(key)));
    assert.deepEqual(read.alternativeNames.dnsNames, ['contoso.com']);
    assert.deepEqual(read.keyUsages, ['digitalSignature']);
    const third = pkijs.CertificationRequest.fromBER(der);
    if (name !== 'P-256K') assert.equal(await third.verify(), true);
    if (!hasOpenssl) return;
    const files = { 'r.der': der };
    const text = openssl({ call: 'req -inform der -in {r.der} -noout -verify -text', files });
    assert.match(
      text,
      /Requested Extensions:[\s\S]*DNS:contoso.com, othername: UPN::a@contoso.com/,
    );
  });
}

test('a request whose signature is another key’s, or damaged, is refused', async () => {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const der = await buildCertificateRequest({ profile, key });
  const damaged = Buffer.from(der);
  damaged.writeUInt8(damaged.readUInt8(30) ^ 1, 30);
  await assert.rejects(parseCertificateRequest(damaged), X509Error);
  const last = Buffer.from(der);
  last.writeUInt8(last.readUInt8(last.length - 1) ^ 1, last.length - 1);
  await assert.rejects(parseCertificateRequest(last), { code: 'signature' });
});

test('a request is one whole DER value and nothing else', async () => {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const der = await buildCertificateRequest({ profile, key });
  const own = await selfSignCertificate({ profile, key, notBeforeMs: 1e12, notAfterMs: 2e12 });
  for (const bad of [
    Buffer.alloc(0),
    Buffer.concat([der, Buffer.of(0)]),
    der.subarray(0, -1),
    Buffer.from('not DER'),
    Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(4), Buffer.of(0, 0)]),
    Buffer.alloc(70_000, 0x30),
    Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.of(0x30, 0x80))),
    own,
  ]) {
    await assert.rejects(parseCertificateRequest(bad), X509Error);
  }
});

test('thousands of mutated requests each give a request or an X509Error', async () => {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const der = await buildCertificateRequest({ profile, key });
  let accepted = 0;
  // A fixed sequence: a failure can be repeated.
  for (let round = 0, seed = 7; round < 5000; round += 1) {
    const mutated = Buffer.from(der);
    for (let change = 0; change <= round % 3; change += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      mutated.writeUInt8(seed % 256, (seed >>> 8) % mutated.length);
    }
    try {
      await parseCertificateRequest(mutated);
      accepted += 1;
    } catch (error) {
      assert.ok(error instanceof X509Error, String(error));
    }
  }
  assert.ok(accepted < 50, `${accepted} were accepted`);
});

test('a chain in any order becomes leaf, intermediate, root', async () => {
  const times = { notBeforeMs: 1_700_000_000_000, notAfterMs: 1_900_000_000_000 };
  const [rootKey, middleKey, key] = await Promise.all(
    [1, 2, 3].map(() => generateKey({ kty: 'EC', crv: 'P-256' })),
  );
  assert.ok(rootKey && middleKey && key);
  const isAuthority = { basicConstraints: { isAuthority: true } };
  const root = await selfSignCertificate({
    ...times,
    profile: { subject: 'CN=Root', ...isAuthority },
    key: rootKey,
  });
  const middle = await issueCertificate({
    ...times,
    profile: { subject: 'CN=Middle', ...isAuthority },
    spki: exportSpki(middleKey),
    authority: { certificate: root, key: rootKey },
  });
  const spki = exportSpki(key);
  const leaf = await issueCertificate({
    ...times,
    profile,
    spki,
    authority: { certificate: middle, key: middleKey },
  });
  const ordered = [leaf, middle, root];
  for (const mixed of [
    [leaf, middle, root],
    [root, middle, leaf],
    [middle, leaf, root],
    [root, leaf, middle, leaf],
  ]) {
    assert.deepEqual(orderChain(mixed, spki), ordered);
  }
  assert.deepEqual(orderChain([middle, leaf], spki), [leaf, middle]);
  const stranger = await selfSignCertificate({
    ...times,
    profile,
    key: await generateKey({ kty: 'EC', crv: 'P-256' }),
  });
  const refused = (ders: readonly Buffer[], code: string) =>
    assert.throws(() => orderChain(ders, spki), { code });
  refused([middle, root], 'publicKey');
  refused([], 'publicKey');
  refused([leaf, root], 'chain');
  refused([leaf, middle, stranger], 'chain');
  refused([leaf, Buffer.from('x')], 'malformed');
  refused(
    Array.from({ length: 21 }, () => leaf),
    'chain',
  );
});
