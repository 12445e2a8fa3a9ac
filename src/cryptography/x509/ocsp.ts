// OCSP (RFC 6960): questions read, answers signed. Signatures of those who ask are not looked at:
// everybody may know what is revoked.
import { createHash } from 'node:crypto';
import type { Extension } from '@peculiar/asn1-x509';
import { type Asn1, exactBuffer, fromDer, loadAsn1, toDer } from './asn1.ts';
import type { Authority } from './issue.ts';
import { keyIdentifier } from './profile.ts';
import { REVOCATION_REASONS, type RevocationReason } from './revocation-list.ts';
import { signatureIdentifier, signDer } from './signature.ts';
import { X509Error } from './x509-error.ts';

/** By which a client names a certificate: its serial number, and hashes of its issuer. */
export interface OcspCertificateId {
  readonly hash: 'sha1' | 'sha256';
  /** Hexadecimal, all three. */
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly serialNumber: string;
  /** As it came; the answer repeats it. */
  readonly der: Buffer;
}

export interface OcspRequest {
  readonly certificates: readonly OcspCertificateId[];
  readonly nonce: Buffer | undefined;
}

export type CertificateStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked'; readonly revokedAtMs: number; readonly reason: RevocationReason };

export interface OcspAnswer {
  readonly id: OcspCertificateId;
  readonly status: CertificateStatus;
}

export interface OcspResponseInput {
  readonly responder: Authority;
  readonly answers: readonly OcspAnswer[];
  readonly nonce: Buffer | undefined;
  readonly producedAtMs: number;
  readonly nextUpdateMs: number;
}

export const OCSP_REQUEST_BYTES_MAX = 8192;
const CERTIFICATES_MAX = 20;
/** RFC 9654 §2.1. */
const NONCE_BYTES_MAX = 128;
const SERIAL_BYTES_MAX = 20;
const HASHES: Readonly<
  Record<string, { readonly hash: 'sha1' | 'sha256'; readonly bytes: number }>
> = {
  '1.3.14.3.2.26': { hash: 'sha1', bytes: 20 },
  '2.16.840.1.101.3.4.2.1': { hash: 'sha256', bytes: 32 },
};

/** X509Error `malformed`. */
export async function parseOcspRequest(der: Uint8Array): Promise<OcspRequest> {
  const asn1 = await loadAsn1();
  if (der.length > OCSP_REQUEST_BYTES_MAX) throw new X509Error('malformed', 'OCSPRequest');
  const { tbsRequest } = fromDer(asn1, der, asn1.ocsp.OCSPRequest);
  const requests = [...tbsRequest.requestList];
  const extensions = tbsRequest.requestExtensions ?? [];
  // What must be understood and is not.
  const strange = extensions.some(
    ({ critical, extnID }) => critical && extnID !== asn1.ocsp.id_pkix_ocsp_nonce,
  );
  if (requests.length === 0 || requests.length > CERTIFICATES_MAX || strange) {
    throw new X509Error('malformed', 'OCSPRequest');
  }
  return {
    certificates: requests.map(({ reqCert }) => readCertificateId(asn1, reqCert)),
    nonce: readNonce(asn1, extensions),
  };
}

/** By which `parseOcspRequest` names the certificates of this authority. */
export async function issuerHashes(certificate: Uint8Array, hash: OcspCertificateId['hash']) {
  const asn1 = await loadAsn1();
  const { subject, subjectPublicKeyInfo } = fromDer(
    asn1,
    certificate,
    asn1.x509.Certificate,
  ).tbsCertificate;
  const digest = (bytes: Uint8Array) => createHash(hash).update(bytes).digest('hex');
  return {
    issuerNameHash: digest(toDer(asn1, subject)),
    issuerKeyHash: digest(Buffer.from(subjectPublicKeyInfo.subjectPublicKey)),
  };
}

/** DER, signed by a responder whose certificate it carries. */
export async function buildOcspResponse(input: OcspResponseInput): Promise<Buffer> {
  const { responder, nonce, producedAtMs } = input;
  const asn1 = await loadAsn1();
  const { ocsp, x509, schema } = asn1;
  const certificate = fromDer(asn1, responder.certificate, x509.Certificate);
  const spki = toDer(asn1, certificate.tbsCertificate.subjectPublicKeyInfo);
  const tbsResponseData = new ocsp.ResponseData({
    responderID: new ocsp.ResponderID({
      byKey: new ocsp.KeyHash(exactBuffer(keyIdentifier(asn1, spki))),
    }),
    producedAt: wholeSecond(producedAtMs),
    responses: input.answers.map((answer) => singleResponse(asn1, answer, input)),
    ...(nonce !== undefined && { responseExtensions: [nonceExtension(asn1, nonce)] }),
  });
  const signature = await signDer(asn1, responder.key, toDer(asn1, tbsResponseData));
  const basic = new ocsp.BasicOCSPResponse({
    tbsResponseData,
    signatureAlgorithm: signatureIdentifier(asn1, responder.key),
    signature,
    certs: [certificate],
  });
  const responseBytes = new ocsp.ResponseBytes({
    responseType: ocsp.id_pkix_ocsp_basic,
    response: new schema.OctetString(toDer(asn1, basic)),
  });
  const responseStatus = ocsp.OCSPResponseStatus.successful;
  return toDer(asn1, new ocsp.OCSPResponse({ responseStatus, responseBytes }));
}

/** DER: a refusal, which nobody signs (RFC 6960 §2.3). */
export async function buildOcspError(
  status: 'malformedRequest' | 'internalError' | 'tryLater' | 'unauthorized',
): Promise<Buffer> {
  const asn1 = await loadAsn1();
  const responseStatus = asn1.ocsp.OCSPResponseStatus[status];
  return toDer(asn1, new asn1.ocsp.OCSPResponse({ responseStatus }));
}

type EncodedId = InstanceType<Asn1['ocsp']['CertID']>;

function readCertificateId(asn1: Asn1, id: EncodedId): OcspCertificateId {
  const { algorithm } = id.hashAlgorithm;
  const known = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  const name = Buffer.from(id.issuerNameHash.buffer);
  const key = Buffer.from(id.issuerKeyHash.buffer);
  const serial = Buffer.from(id.serialNumber);
  const fits = known !== undefined && name.length === known.bytes && key.length === known.bytes;
  if (!fits || serial.length === 0 || serial.length > SERIAL_BYTES_MAX) {
    throw new X509Error('malformed', 'CertID');
  }
  return {
    hash: known.hash,
    issuerNameHash: name.toString('hex'),
    issuerKeyHash: key.toString('hex'),
    serialNumber: serial.toString('hex'),
    der: toDer(asn1, id),
  };
}

/** As it stands in the extension: some clients leave the OCTET STRING inside out. */
function readNonce(asn1: Asn1, extensions: readonly Extension[]): Buffer | undefined {
  const found = extensions.find(({ extnID }) => extnID === asn1.ocsp.id_pkix_ocsp_nonce);
  if (found === undefined) return undefined;
  const bytes = Buffer.from(found.extnValue.buffer);
  if (bytes.length === 0 || bytes.length > NONCE_BYTES_MAX + 3) {
    throw new X509Error('malformed', 'Nonce');
  }
  return bytes;
}

function nonceExtension({ x509, schema, ocsp }: Asn1, nonce: Buffer): Extension {
  const extnValue = new schema.OctetString(nonce);
  return new x509.Extension({ extnID: ocsp.id_pkix_ocsp_nonce, critical: false, extnValue });
}

function singleResponse(asn1: Asn1, { id, status }: OcspAnswer, input: OcspResponseInput) {
  const { ocsp, schema } = asn1;
  return new ocsp.SingleResponse({
    certID: schema.AsnConvert.parse(id.der, ocsp.CertID),
    certStatus: encodeStatus(asn1, status),
    thisUpdate: wholeSecond(input.producedAtMs),
    nextUpdate: wholeSecond(input.nextUpdateMs),
  });
}

function encodeStatus({ ocsp, x509 }: Asn1, status: CertificateStatus) {
  if (status.kind === 'good') return new ocsp.CertStatus({ good: null });
  if (status.kind === 'unknown') return new ocsp.CertStatus({ unknown: null });
  const code = REVOCATION_REASONS[status.reason];
  return new ocsp.CertStatus({
    revoked: new ocsp.RevokedInfo({
      revocationTime: wholeSecond(status.revokedAtMs),
      ...(code !== 0 && { revocationReason: new x509.CRLReason(code) }),
    }),
  });
}

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
