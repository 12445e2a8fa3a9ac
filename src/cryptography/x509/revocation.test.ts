import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as pkijs from 'pkijs';
import { hasOpenssl, openssl, opensslBytes, pem } from '#test/kit/openssl.ts';
import { generateKey } from '../generate-key.ts';
import { exportSpki } from '../key-material.ts';
import { issueCertificate, selfSignCertificate } from './issue.ts';
import {
  buildOcspError,
  buildOcspResponse,
  issuerHashes,
  OCSP_REQUEST_BYTES_MAX,
  parseOcspRequest,
} from './ocsp.ts';
import { readCertificate } from './read-certificate.ts';
import { buildRevocationList } from './revocation-list.ts';
import { X509Error } from './x509-error.ts';

const notBeforeMs = Date.UTC(2026, 10, 1);
const nowMs = notBeforeMs + 3_600_000;
const times = { notBeforeMs, notAfterMs: notBeforeMs + 365 * 86_400_000 };
const at = `-attime ${nowMs / 1000 + 5}`;
const key = await generateKey({ kty: 'EC', crv: 'P-256' });
const profile = {
  subject: 'CN=Authority',
  basicConstraints: { isAuthority: true, pathLength: 0 },
  keyUsages: ['cRLSign', 'digitalSignature'],
} as const;
const certificate = await selfSignCertificate({ profile, key, ...times });
const authority = { certificate, key };
const leafKey = await generateKey({ kty: 'EC', crv: 'P-256' });
const issue = () =>
  issueCertificate({
    profile: { subject: 'CN=leaf.example' },
    spki: exportSpki(leafKey),
    authority,
    ...times,
  });
const [good, revoked] = [await issue(), await issue()];
const serialOf = async (der: Uint8Array) => (await readCertificate(der)).serialNumber;
const responderKey = await generateKey({ kty: 'EC', crv: 'P-256' });
const responder = {
  key: responderKey,
  certificate: await issueCertificate({
    profile: {
      subject: 'CN=Responder',
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.9'],
    },
    spki: exportSpki(responderKey),
    authority,
    noRevocationCheck: true,
    ...times,
  }),
};
const list = await buildRevocationList({
  authority,
  revoked: [
    { serialNumber: await serialOf(revoked), revokedAtMs: nowMs, reason: 'keyCompromise' },
    { serialNumber: '41', revokedAtMs: nowMs, reason: 'unspecified' },
  ],
  number: 300,
  thisUpdateMs: nowMs,
  nextUpdateMs: nowMs + 86_400_000,
});

test('a revocation list is read and verified by pkijs', async () => {
  const read = pkijs.CertificateRevocationList.fromBER(list);
  const issuerCertificate = pkijs.Certificate.fromBER(certificate);
  assert.equal(await read.verify({ issuerCertificate }), true);
  assert.equal(read.isCertificateRevoked(pkijs.Certificate.fromBER(revoked)), true);
  assert.equal(read.isCertificateRevoked(pkijs.Certificate.fromBER(good)), false);
});

test('OpenSSL refuses what is on the list and nothing else', { skip: !hasOpenssl }, () => {
  const files = { 'ca.pem': certificate, 'crl.der': list, 'good.pem': good, 'bad.pem': revoked };
  const text = openssl({
    call: 'crl -inform der -in {crl.der} -noout -text -CAfile {ca.pem}',
    files,
  });
  assert.match(text, /Key Compromise/);
  assert.match(text, /CRL Number:\s+300/);
  assert.match(text, /Authority Key Identifier/);
  const verify = (leaf: string) =>
    openssl({
      call: `verify -x509_strict ${at} -crl_check -CRLfile {crl.der} -CAfile {ca.pem} {${leaf}}`,
      files: { ...files, 'crl.der': Buffer.from(pem(list, 'X509 CRL')) },
    });
  assert.match(verify('good.pem'), /OK/);
  assert.throws(() => verify('bad.pem'), /revoked/);
});

test('a list without entries is valid too', { skip: !hasOpenssl }, async () => {
  const empty = await buildRevocationList({
    authority,
    revoked: [],
    number: 1,
    thisUpdateMs: nowMs,
    nextUpdateMs: nowMs + 1000,
  });
  const files = { 'crl.der': empty };
  assert.match(
    openssl({ call: 'crl -inform der -in {crl.der} -noout -text', files }),
    /No Revoked/,
  );
});

async function answer(request: Buffer) {
  const { certificates, nonce } = await parseOcspRequest(request);
  const known = await serialOf(revoked);
  return await buildOcspResponse({
    responder,
    answers: certificates.map((id) => ({
      id,
      status:
        id.serialNumber === known
          ? { kind: 'revoked', revokedAtMs: nowMs, reason: 'superseded' }
          : { kind: 'good' },
    })),
    nonce,
    producedAtMs: nowMs,
    nextUpdateMs: nowMs + 3_600_000,
  });
}

for (const hash of ['sha1', 'sha256'] as const) {
  test(`${hash}: OpenSSL asks and believes the answer`, { skip: !hasOpenssl }, async () => {
    const files = { 'ca.pem': certificate, 'good.pem': good, 'bad.pem': revoked };
    const request = opensslBytes({
      call: `ocsp -${hash} -issuer {ca.pem} -cert {good.pem} -cert {bad.pem} -reqout {out}`,
      files,
    });
    const { certificates, nonce } = await parseOcspRequest(request);
    assert.equal(certificates.length, 2);
    assert.ok(nonce);
    for (const id of certificates) {
      const { hash: named, issuerKeyHash, issuerNameHash } = id;
      assert.deepEqual({ issuerKeyHash, issuerNameHash }, await issuerHashes(certificate, hash));
      assert.equal(named, hash);
    }
    const asked = '-issuer {ca.pem} -cert {good.pem} -cert {bad.pem} -CAfile {ca.pem}';
    const call = `ocsp ${at} -validity_period 2000000000 -${hash} ${asked}`;
    const text = openssl({
      call: `${call} -respin {r.der} -reqin {q.der} -no_nonce`,
      files: { ...files, 'r.der': await answer(request), 'q.der': request },
    });
    assert.match(text, /good.pem: good/);
    assert.match(text, /bad.pem: revoked[\s\S]*Reason: superseded/);
  });
}

test('the answer carries the nonce asked with, and is signed by the responder', async () => {
  const request = new pkijs.OCSPRequest();
  await request.createForCertificate(pkijs.Certificate.fromBER(good), {
    hashAlgorithm: 'SHA-1',
    issuerCertificate: pkijs.Certificate.fromBER(certificate),
  });
  const nonce = Buffer.from('0410000102030405060708090a0b0c0d0e0f', 'hex');
  request.tbsRequest.requestExtensions = [
    new pkijs.Extension({
      extnID: '1.3.6.1.5.5.7.48.1.2',
      extnValue: new Uint8Array(nonce).buffer,
    }),
  ];
  const der = Buffer.from(request.toSchema(true).toBER());
  const response = pkijs.OCSPResponse.fromBER(await answer(der));
  assert.equal(response.responseStatus.valueBlock.valueDec, 0);
  const status = await response.getCertificateStatus(
    pkijs.Certificate.fromBER(good),
    pkijs.Certificate.fromBER(certificate),
  );
  assert.deepEqual(status, { isForCertificate: true, status: 0 });
  const bytes = Buffer.from(response.responseBytes?.response.valueBlock.valueHexView ?? []);
  const basic = pkijs.BasicOCSPResponse.fromBER(bytes);
  const [extension] = basic.tbsResponseData.responseExtensions ?? [];
  assert.ok(Buffer.from(extension?.extnValue.valueBlock.valueHexView ?? []).equals(nonce));
  assert.equal(
    await basic.verify({ trustedCerts: [pkijs.Certificate.fromBER(certificate)] }),
    true,
  );
});

test('a refusal is the three bytes that RFC 6960 has for it', async () => {
  assert.equal((await buildOcspError('malformedRequest')).toString('hex'), '30030a0101');
  assert.equal((await buildOcspError('tryLater')).toString('hex'), '30030a0103');
  assert.equal((await buildOcspError('unauthorized')).toString('hex'), '30030a0106');
});

test('a question that is too long, too many or no question is refused', async () => {
  const refused = (der: Buffer) => assert.rejects(parseOcspRequest(der), X509Error);
  await refused(Buffer.alloc(0));
  await refused(Buffer.from('3000', 'hex'));
  await refused(Buffer.from(good));
  await refused(Buffer.alloc(OCSP_REQUEST_BYTES_MAX + 1, 0x30));
  const request = new pkijs.OCSPRequest();
  const issuerCertificate = pkijs.Certificate.fromBER(certificate);
  const asked = { hashAlgorithm: 'SHA-1', issuerCertificate };
  await request.createForCertificate(pkijs.Certificate.fromBER(good), asked);
  const [one] = request.tbsRequest.requestList;
  assert.ok(one);
  const der = () => Buffer.from(request.toSchema(true).toBER());
  assert.equal((await parseOcspRequest(der())).certificates.length, 1);
  await refused(Buffer.concat([der(), Buffer.of(0)]));
  request.tbsRequest.requestList = Array.from({ length: 21 }, () => one);
  await refused(der());
  request.tbsRequest.requestList = [one];
  const extension = (extnID: string, critical: boolean, length: number) =>
    new pkijs.Extension({ extnID, critical, extnValue: new ArrayBuffer(length) });
  request.tbsRequest.requestExtensions = [extension('1.3.6.1.5.5.7.48.1.2', false, 200)];
  await refused(der());
  request.tbsRequest.requestExtensions = [extension('1.2.3', true, 2)];
  await refused(der());
});

test('thousands of mutated questions each give an answer or an X509Error', async () => {
  const request = new pkijs.OCSPRequest();
  const issuerCertificate = pkijs.Certificate.fromBER(certificate);
  const asked = { hashAlgorithm: 'SHA-256', issuerCertificate };
  await request.createForCertificate(pkijs.Certificate.fromBER(good), asked);
  const der = Buffer.from(request.toSchema(true).toBER());
  for (let round = 0, seed = 11; round < 5000; round += 1) {
    const mutated = Buffer.from(der);
    for (let change = 0; change <= round % 4; change += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      mutated.writeUInt8(seed % 256, (seed >>> 8) % mutated.length);
    }
    try {
      await parseOcspRequest(round % 5 === 0 ? mutated.subarray(0, seed % der.length) : mutated);
    } catch (error) {
      assert.ok(error instanceof X509Error, String(error));
    }
  }
});
