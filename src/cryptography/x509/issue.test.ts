import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as pkijs from 'pkijs';
import { hasOpenssl, openssl } from '#test/kit/openssl.ts';
import { generateKey, type KeySpec } from '../generate-key.ts';
import { exportSpki, type KeyMaterial } from '../key-material.ts';
import { type Authority, issueCertificate, selfSignCertificate } from './issue.ts';
import type { CertificateProfile } from './profile.ts';
import { readCertificate } from './read-certificate.ts';
import { X509Error } from './x509-error.ts';

const YEAR_MS = 365 * 86_400_000;
const notBeforeMs = Date.UTC(2026, 10, 1);
const validity = { notBeforeMs, notAfterMs: notBeforeMs + YEAR_MS };
const at = `-attime ${notBeforeMs / 1000 + 60}`;
const profile: CertificateProfile = {
  subject: 'CN=contoso.com, O="Contoso, Ltd.", L=Zürich, C=CH',
  alternativeNames: {
    dnsNames: ['contoso.com', '*.contoso.com'],
    emails: ['a@contoso.com'],
    upns: ['bob@contoso.com'],
    uris: ['https://contoso.com/x'],
    ipAddresses: ['192.0.2.7', '2001:db8::192.0.2.1'],
  },
  extendedKeyUsages: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
  keyUsages: ['digitalSignature', 'keyEncipherment'],
};
const addresses = {
  ocsp: 'http://pki.example/ocsp',
  issuer: 'http://pki.example/ca.cer',
  revocationList: 'http://pki.example/ca.crl',
};
const SPECS: readonly KeySpec[] = [
  { kty: 'RSA', sizeBits: 2048 },
  { kty: 'RSA', sizeBits: 3072 },
  { kty: 'EC', crv: 'P-256' },
  { kty: 'EC', crv: 'P-384' },
  { kty: 'EC', crv: 'P-521' },
  { kty: 'EC', crv: 'P-256K' },
];

async function authority(
  change: Partial<CertificateProfile> & {
    readonly permitted?: readonly string[];
    readonly permittedRanges?: readonly string[];
    readonly key?: KeyMaterial;
  } = {},
): Promise<Authority> {
  const { permitted, permittedRanges, ...rest } = change;
  const key = change.key ?? (await generateKey({ kty: 'EC', crv: 'P-384' }));
  const certificate = await selfSignCertificate({
    profile: { subject: 'CN=Root', basicConstraints: { isAuthority: true }, ...rest },
    key,
    notBeforeMs,
    notAfterMs: notBeforeMs + 30 * YEAR_MS,
    ...((permitted ?? permittedRanges) && {
      nameConstraints: { permitted: { dnsDomains: permitted, ipRanges: permittedRanges } },
    }),
  });
  return { certificate, key };
}

const root = await authority();
const leafKey = await generateKey({ kty: 'EC', crv: 'P-256' });
const leaf = { profile, spki: exportSpki(leafKey), ...validity };
const { ipAddresses: _, ...hosts } = profile.alternativeNames ?? {};
const hostLeaf = { ...leaf, profile: { ...profile, alternativeNames: hosts } };

for (const spec of SPECS) {
  const name = spec.kty === 'EC' ? spec.crv : `RSA ${spec.kty === 'RSA' ? spec.sizeBits : ''}`;
  test(`${name}: self-signed and issued certificates satisfy Node, pkijs and OpenSSL`, async () => {
    const key = await generateKey(spec);
    const own = await selfSignCertificate({ profile, key, ...validity });
    const issued = await issueCertificate({
      ...leaf,
      spki: exportSpki(key),
      authority: root,
      addresses,
    });
    const rootX509 = new X509Certificate(root.certificate);
    for (const [der, issuer] of [
      [own, new X509Certificate(own)],
      [issued, rootX509],
    ] as const) {
      const certificate = new X509Certificate(der);
      assert.ok(certificate.raw.equals(der), 'nothing behind the end');
      assert.ok(certificate.verify(issuer.publicKey));
      assert.ok(
        certificate.publicKey.equals(
          createPublicKey({ key: exportSpki(key), format: 'der', type: 'spki' }),
        ),
      );
      assert.ok(certificate.checkHost('www.contoso.com'));
      assert.ok(certificate.checkIP('2001:db8::c000:201'));
      assert.ok(certificate.checkEmail('a@contoso.com'));
      assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
      const third = pkijs.Certificate.fromBER(der);
      assert.equal(third.extensions?.length, new Set(third.extensions?.map((e) => e.extnID)).size);
      assert.ok(Buffer.from(third.toSchema(false).toBER()).equals(der), 'DER as another writes it');
    }
    if (!hasOpenssl) return;
    const files = { 'root.pem': root.certificate, 'own.pem': own, 'leaf.pem': issued };
    const verify = `verify -x509_strict ${at} -purpose sslserver -verify_hostname a.contoso.com`;
    assert.match(openssl({ call: `${verify} -CAfile {root.pem} {leaf.pem}`, files }), /: OK/);
    assert.match(openssl({ call: `${verify} -CAfile {own.pem} {own.pem}`, files }), /: OK/);
  });
}

test('OpenSSL prints the extensions as the policy has them', { skip: !hasOpenssl }, async () => {
  const key = await generateKey({ kty: 'RSA', sizeBits: 2048 });
  const der = await issueCertificate({
    ...leaf,
    spki: exportSpki(key),
    authority: root,
    addresses,
  });
  const text = openssl({
    call: 'x509 -in {c.pem} -noout -text -nameopt utf8',
    files: { 'c.pem': der },
  });
  for (const line of [
    /Basic Constraints: critical\s+CA:FALSE/,
    /Key Usage: critical\s+Digital Signature, Key Encipherment\n/,
    /Extended Key Usage:\s+TLS Web Server Authentication, TLS Web Client Authentication/,
    /DNS:contoso.com, DNS:\*.contoso.com, email:a@contoso.com, othername: UPN::bob@contoso.com/,
    /URI:https:\/\/contoso.com\/x, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:C000:201/,
    /Subject: C=CH, L=Zürich, O=Contoso, Ltd., CN=contoso.com/,
    /Subject Key Identifier:\s+([0-9A-F]{2}:){19}/,
    /Authority Key Identifier:\s+([0-9A-F]{2}:){19}/,
    /OCSP - URI:http:\/\/pki.example\/ocsp/,
    /CA Issuers - URI:http:\/\/pki.example\/ca.cer/,
    /CRL Distribution Points:\s+Full Name:\s+URI:http:\/\/pki.example\/ca.crl/,
  ]) {
    assert.match(text, line);
  }
  assert.doesNotMatch(
    openssl({ call: 'asn1parse -in {c.pem}', files: { 'c.pem': der } }),
    /BAD|Error/,
  );
});

test('reading a certificate gives back what was asked for', async () => {
  const der = await issueCertificate({ ...leaf, authority: root });
  const read = await readCertificate(der);
  assert.equal(read.subject, profile.subject);
  assert.equal(read.issuer, 'CN=Root');
  assert.deepEqual(read.alternativeNames, {
    ...profile.alternativeNames,
    ipAddresses: ['192.0.2.7', '2001:db8::c000:201'],
  });
  assert.deepEqual(read.extendedKeyUsages, profile.extendedKeyUsages);
  assert.deepEqual(
    [read.notBeforeMs, read.notAfterMs],
    [validity.notBeforeMs, validity.notAfterMs],
  );
  assert.ok(read.spki.equals(leaf.spki));
  const authorityRead = await readCertificate(root.certificate);
  assert.deepEqual(read.authorityKeyIdentifier, authorityRead.subjectKeyIdentifier);
});

test('usages that do not fit the key are left out; a leaf signs no certificates', async () => {
  const keyUsages = [
    'digitalSignature',
    'keyEncipherment',
    'dataEncipherment',
    'keyAgreement',
    'keyCertSign',
    'encipherOnly',
  ] as const;
  const rsa = await generateKey({ kty: 'RSA', sizeBits: 2048 });
  const usagesOf = async (key: typeof rsa) =>
    (
      await readCertificate(
        await selfSignCertificate({ profile: { ...profile, keyUsages }, key, ...validity }),
      )
    ).keyUsages;
  assert.deepEqual(await usagesOf(rsa), [
    'digitalSignature',
    'keyEncipherment',
    'dataEncipherment',
  ]);
  assert.deepEqual(await usagesOf(leafKey), ['digitalSignature', 'keyAgreement', 'encipherOnly']);
});

test('times until 2049 are UTCTime, later ones GeneralizedTime, in whole seconds', async () => {
  const times = async (notAfterMs: number) => {
    const input = { profile, key: leafKey, notBeforeMs: notBeforeMs + 999, notAfterMs };
    const der = await selfSignCertificate(input);
    const start = der.indexOf('261101000000Z');
    return der.subarray(start - 2, start + 32).toString('latin1');
  };
  const begin = '\u0017\r261101000000Z';
  const end = Date.UTC(2049, 11, 31, 23, 59, 59, 999);
  assert.ok((await times(end)).startsWith(`${begin}\u0017\r491231235959Z`));
  assert.ok((await times(end + 1)).startsWith(`${begin}\u0018\u000f20500101000000Z`));
  const last = Date.UTC(9999, 11, 31, 23, 59, 59);
  assert.ok((await times(last)).startsWith(`${begin}\u0018\u000f99991231235959Z`));
  await assert.rejects(times(last + 1), X509Error);
  await assert.rejects(times(notBeforeMs), X509Error);
  await assert.rejects(times(Number.NaN), X509Error);
});

test('names are critical where there is no subject; without both nothing is made', async () => {
  const only = { subject: '', alternativeNames: { dnsNames: ['a.example'] } };
  const der = await issueCertificate({ ...leaf, profile: only, authority: root });
  assert.equal((await readCertificate(der)).subject, '');
  if (hasOpenssl) {
    const files = { 'c.pem': der, 'root.pem': root.certificate };
    assert.match(
      openssl({ call: 'x509 -in {c.pem} -noout -text', files }),
      /Alternative Name: critical/,
    );
    assert.match(
      openssl({ call: `verify -x509_strict ${at} -CAfile {root.pem} {c.pem}`, files }),
      /OK/,
    );
  }
  await assert.rejects(issueCertificate({ ...leaf, profile: { subject: ' ' }, authority: root }), {
    code: 'nameless',
  });
});

test('serial numbers are never met twice', async () => {
  const one = () => issueCertificate({ ...leaf, authority: root });
  const ders = await Promise.all(Array.from({ length: 200 }, one));
  const serials = new Set(ders.map((der) => new X509Certificate(der).serialNumber));
  assert.equal(serials.size, 200);
});

test('an authority issues nothing that a verifier would refuse', async () => {
  const refused = async (change: object, why: string) =>
    assert.rejects(
      issueCertificate({ ...leaf, authority: root, ...change }),
      { code: 'issuer', subject: why },
      why,
    );
  const leafDer = await issueCertificate({ ...leaf, authority: root });
  await refused({ authority: { certificate: leafDer, key: leafKey } }, 'isNoAuthority');
  await refused({ authority: { ...root, key: leafKey } }, 'key');
  await refused({ notAfterMs: notBeforeMs + 31 * YEAR_MS }, 'lifetime');
  await refused({ notBeforeMs: notBeforeMs - 1000 }, 'lifetime');
  const flat = await authority({ basicConstraints: { isAuthority: true, pathLength: 0 } });
  const below = { subject: 'CN=Below', basicConstraints: { isAuthority: true, pathLength: 0 } };
  await refused({ authority: flat, profile: below }, 'pathLength');
  const two = await authority({ basicConstraints: { isAuthority: true, pathLength: 1 } });
  await issueCertificate({ ...leaf, authority: two, profile: below });
  const unbounded = { subject: 'CN=Below', basicConstraints: { isAuthority: true } };
  await refused({ authority: two, profile: unbounded }, 'pathLength');
  const narrow = await authority({ permitted: ['contoso.com'] });
  await issueCertificate({ ...hostLeaf, authority: narrow });
  for (const alternativeNames of [
    { dnsNames: ['evil.example'] },
    { dnsNames: ['notcontoso.com'] },
    { dnsNames: ['*.com'] },
    { emails: ['a@evil.example'] },
    { upns: ['a@evil.example'] },
    { uris: ['https://evil.example/contoso.com'] },
  ]) {
    const [name = ''] = Object.values(alternativeNames).flat();
    const host = name.replace(/^.*@|^https:\/\/|\/.*$/g, '');
    await refused(
      { authority: narrow, profile: { subject: 'CN=x', alternativeNames } },
      `nameConstraints ${host}`,
    );
  }
  const common = { subject: 'CN=evil.example' };
  await refused({ authority: narrow, profile: common }, 'nameConstraints evil.example');
});

test('who may issue for domains only issues for no address, and the other way round', async () => {
  const byDomain = await authority({ permitted: ['contoso.com'] });
  const byRange = await authority({ permittedRanges: ['10.0.0.0/8'] });
  const address = { subject: 'CN=x', alternativeNames: { ipAddresses: ['10.1.2.3'] } };
  const sixth = { subject: 'CN=x', alternativeNames: { ipAddresses: ['fd00::1'] } };
  const host = { subject: 'CN=x', alternativeNames: { dnsNames: ['www.contoso.com'] } };
  for (const [authority, profile, outside] of [
    [byDomain, address, '10.1.2.3'],
    [byDomain, sixth, 'fd00::1'],
    [byRange, sixth, 'fd00::1'],
    [byRange, host, 'www.contoso.com'],
  ] as const) {
    await assert.rejects(issueCertificate({ ...leaf, authority, profile }), {
      code: 'issuer',
      subject: `nameConstraints ${outside}`,
    });
  }
  await issueCertificate({ ...leaf, authority: byDomain, profile: host });
  await issueCertificate({ ...leaf, authority: byRange, profile: address });
});

test('verifiers, too, refuse names of a kind that is not permitted', {
  skip: !hasOpenssl,
}, async () => {
  const address = { subject: 'CN=x', alternativeNames: { ipAddresses: ['10.1.2.3'] } };
  const sixth = { subject: 'CN=x', alternativeNames: { ipAddresses: ['fd00::1'] } };
  const host = { subject: 'CN=x', alternativeNames: { dnsNames: ['www.contoso.com'] } };
  const domains = { permitted: ['contoso.com'] };
  const ranges = { permittedRanges: ['10.0.0.0/8'] };
  for (const [change, profile, isWithin] of [
    [domains, host, true],
    [domains, address, false],
    [domains, sixth, false],
    [ranges, address, true],
    [ranges, host, false],
  ] as const) {
    const narrow = await authority(change);
    // The same authority, had it been made without constraints.
    const wide = await authority({ key: narrow.key });
    const issued = await issueCertificate({ ...leaf, authority: wide, profile });
    const files = { 'root.pem': narrow.certificate, 'leaf.pem': issued };
    const call = `verify ${at} -CAfile {root.pem} {leaf.pem}`;
    if (isWithin) assert.match(openssl({ call, files }), /OK/);
    else assert.throws(() => openssl({ call, files }), /excluded subtree violation/);
  }
});

test('what OpenSSL thinks of names outside is what we think', { skip: !hasOpenssl }, async () => {
  const narrow = await authority({ permitted: ['contoso.com'] });
  const text = openssl({
    call: 'x509 -in {c.pem} -noout -text',
    files: { 'c.pem': narrow.certificate },
  });
  assert.match(text, /Name Constraints: critical\s+Permitted:\s+DNS:contoso.com/);
  const inside = await issueCertificate({ ...hostLeaf, authority: narrow });
  const call = `verify ${at} -CAfile {root.pem} {leaf.pem}`;
  const verify = (der: Uint8Array) =>
    openssl({ call, files: { 'root.pem': narrow.certificate, 'leaf.pem': der } });
  assert.match(verify(inside), /OK/);
});

test('a public key that is weak or of another kind gets no certificate', async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  const keys = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
  ];
  for (const { publicKey } of keys) {
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    await assert.rejects(issueCertificate({ ...leaf, spki, authority: root }), {
      code: 'publicKey',
    });
  }
  await assert.rejects(issueCertificate({ ...leaf, spki: Buffer.alloc(9), authority: root }), {
    code: 'publicKey',
  });
});

test('names that could be read in two ways are in no certificate', async () => {
  const bad: readonly Record<string, readonly string[]>[] = [
    { dnsNames: ['a b'] },
    { dnsNames: ['a\0.example'] },
    { dnsNames: ['*'] },
    { dnsNames: ['a.*.example'] },
    { dnsNames: ['ä.example'] },
    { dnsNames: [''] },
    { emails: ['no-at'] },
    { emails: ['a@b@c.example'] },
    { upns: ['a b@c'] },
    { uris: ['/relative'] },
    { uris: ['https://a b'] },
    { ipAddresses: ['1.2.3'] },
    { ipAddresses: ['0x7f.1.1.1'] },
    { ipAddresses: ['fe80::1%eth0'] },
    { dnsNames: Array.from({ length: 101 }, (_, index) => `a${index}.example`) },
  ];
  for (const alternativeNames of bad) {
    const issuing = issueCertificate({
      ...leaf,
      profile: { subject: 'CN=a', alternativeNames },
      authority: root,
    });
    await assert.rejects(issuing, X509Error, JSON.stringify(alternativeNames));
  }
  for (const extendedKeyUsages of [
    ['x'],
    ['1'],
    ['9.9'],
    Array.from({ length: 33 }, () => '1.2.3'),
  ]) {
    const issuing = issueCertificate({
      ...leaf,
      profile: { subject: 'CN=a', extendedKeyUsages },
      authority: root,
    });
    await assert.rejects(issuing, { code: 'extendedKeyUsage' });
  }
});
