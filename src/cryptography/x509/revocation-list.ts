// Certificate revocation lists (RFC 5280 §5), version 2, complete, signed by the authority itself.
import { type Asn1, exactBuffer, fromDer, loadAsn1, toDer } from './asn1.ts';
import type { Authority } from './issue.ts';
import { authorityKeyExtension, extension, keyIdentifier } from './profile.ts';
import { signatureIdentifier, signDer } from './signature.ts';

/** Reasons as RFC 5280 names them; "remove from list" is none that a list without deltas has. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REVOCATION_REASONS;

export interface RevokedCertificate {
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly revokedAtMs: number;
  readonly reason: RevocationReason;
}

export interface RevocationListInput {
  readonly authority: Authority;
  readonly revoked: readonly RevokedCertificate[];
  /** Higher than that of every list before. */
  readonly number: number;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
}

/** DER. */
export async function buildRevocationList(input: RevocationListInput): Promise<Buffer> {
  const { authority, number, thisUpdateMs, nextUpdateMs } = input;
  const asn1 = await loadAsn1();
  const { x509 } = asn1;
  const { subject, subjectPublicKeyInfo } = fromDer(
    asn1,
    authority.certificate,
    x509.Certificate,
  ).tbsCertificate;
  const identifier = keyIdentifier(asn1, toDer(asn1, subjectPublicKeyInfo));
  const signatureAlgorithm = signatureIdentifier(asn1, authority.key);
  const revokedCertificates = input.revoked.map((one) => entry(asn1, one));
  const tbsCertList = new x509.TBSCertList({
    version: x509.Version.v2,
    signature: signatureAlgorithm,
    issuer: subject,
    thisUpdate: new x509.Time(new Date(thisUpdateMs)),
    nextUpdate: new x509.Time(new Date(nextUpdateMs)),
    // An empty list is left out (§5.1.2.6).
    ...(revokedCertificates.length > 0 && { revokedCertificates }),
    crlExtensions: [
      authorityKeyExtension(asn1, identifier),
      extension(asn1, {
        oid: x509.id_ce_cRLNumber,
        critical: false,
        value: new x509.CRLNumber(number),
      }),
    ],
  });
  const signature = await signDer(asn1, authority.key, toDer(asn1, tbsCertList));
  return toDer(asn1, new x509.CertificateList({ tbsCertList, signatureAlgorithm, signature }));
}

function entry(asn1: Asn1, { serialNumber, revokedAtMs, reason }: RevokedCertificate) {
  const { x509 } = asn1;
  const code = REVOCATION_REASONS[reason];
  const crlEntryExtensions = [
    extension(asn1, {
      oid: x509.id_ce_cRLReasons,
      critical: false,
      value: new x509.CRLReason(code),
    }),
  ];
  return new x509.RevokedCertificate({
    userCertificate: exactBuffer(Buffer.from(serialNumber, 'hex')),
    revocationDate: new x509.Time(new Date(revokedAtMs)),
    // "Unspecified" is said by saying nothing (§5.3.1).
    ...(code !== 0 && { crlEntryExtensions }),
  });
}
