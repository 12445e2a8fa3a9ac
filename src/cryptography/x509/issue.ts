// Certificates: self-signed, and issued by an authority that has a certificate of its own. An
// authority never signs what a verifier would refuse: beyond its lifetime, past its path length or
// outside its names.
import type { Extension } from '@peculiar/asn1-x509';
import { exportSpki, type KeyMaterial } from '../key-material.ts';
import { type Asn1, exactBuffer, loadAsn1, toDer } from './asn1.ts';
import { encodeName, parseSubject } from './distinguished-name.ts';
import {
  checkNameConstraints,
  encodeNameConstraints,
  type NameConstraints,
  violatedConstraint,
} from './name-constraints.ts';
import {
  authorityKeyExtension,
  type CertificateProfile,
  checkProfile,
  extension,
  keyIdentifier,
  keyTypeOf,
  profileExtensions,
  subjectKeyExtension,
} from './profile.ts';
import { type Certificate, readCertificate } from './read-certificate.ts';
import { newSerialNumber } from './serial-number.ts';
import { openPublicKey, signatureIdentifier, signDer } from './signature.ts';
import { X509Error } from './x509-error.ts';

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface SelfSignInput extends Validity {
  readonly profile: CertificateProfile;
  readonly key: KeyMaterial;
  readonly nameConstraints?: NameConstraints | undefined;
}

export interface Authority {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly key: KeyMaterial;
}

export interface IssueInput extends Validity {
  readonly profile: CertificateProfile;
  /** DER SubjectPublicKeyInfo; the caller has seen that its owner holds the private key. */
  readonly spki: Uint8Array;
  readonly authority: Authority;
  /** For an authority below this one. */
  readonly nameConstraints?: NameConstraints | undefined;
  /** Where verifiers ask; absent in what is not revoked, an OCSP responder's certificate. */
  readonly addresses?: RevocationAddresses | undefined;
  /** RFC 6960 §4.2.2.2.1: its revocation is not asked for. */
  readonly noRevocationCheck?: boolean;
}

export interface RevocationAddresses {
  /** Absent where only a list says what is revoked. */
  readonly ocsp?: string | undefined;
  readonly issuer: string;
  readonly revocationList: string;
}

/** 9999-12-31T23:59:59Z, which RFC 5280 §4.1.2.5 has for "no end". */
const LAST_MS = 253_402_300_799_000;

/** DER. Its signature is the only private operation. X509Error as `checkProfile`, `validity`. */
export async function selfSignCertificate(input: SelfSignInput): Promise<Buffer> {
  const { profile, key } = input;
  checkProfile(profile);
  const asn1 = await loadAsn1();
  const spki = exportSpki(key);
  const extensions = [
    ...profileExtensions(asn1, profile, keyTypeOf(key)),
    ...constraintExtensions(asn1, input.nameConstraints),
    subjectKeyExtension(asn1, spki),
    authorityKeyExtension(asn1, keyIdentifier(asn1, spki)),
  ];
  const issuer = encodeName(asn1, parseSubject(profile.subject));
  return await signCertificate(asn1, { ...input, issuer, spki, extensions, signingKey: key });
}

/** DER. X509Error `issuer` where the authority may not, and as `checkProfile`. */
export async function issueCertificate(input: IssueInput): Promise<Buffer> {
  const { profile, authority, spki } = input;
  checkProfile(profile);
  const asn1 = await loadAsn1();
  const issuer = await readCertificate(authority.certificate);
  const { kty } = openPublicKey(spki);
  assertMayIssue(issuer, input);
  const parent = asn1.schema.AsnConvert.parse(authority.certificate, asn1.x509.Certificate);
  const extensions = [
    ...profileExtensions(asn1, profile, kty),
    ...constraintExtensions(asn1, input.nameConstraints),
    subjectKeyExtension(asn1, spki),
    authorityKeyExtension(asn1, issuer.subjectKeyIdentifier ?? keyIdentifier(asn1, issuer.spki)),
    ...addressExtensions(asn1, input.addresses),
    ...(input.noRevocationCheck === true ? [noCheckExtension(asn1)] : []),
  ];
  return await signCertificate(asn1, {
    ...input,
    issuer: parent.tbsCertificate.subject,
    extensions,
    signingKey: authority.key,
  });
}

function assertMayIssue(issuer: Certificate, input: IssueInput): void {
  const { profile, notBeforeMs, notAfterMs, authority } = input;
  const refuse = (why: string) => new X509Error('issuer', why);
  if (issuer.basicConstraints?.isAuthority !== true) throw refuse('isNoAuthority');
  if (!exportSpki(authority.key).equals(issuer.spki)) throw refuse('key');
  const isWithin =
    wholeSecond(notBeforeMs) >= issuer.notBeforeMs && wholeSecond(notAfterMs) <= issuer.notAfterMs;
  if (!isWithin) throw refuse('lifetime');
  const below = profile.basicConstraints;
  const allowed = issuer.basicConstraints.pathLength;
  if (below?.isAuthority === true && allowed !== undefined) {
    if (below.pathLength === undefined || below.pathLength >= allowed) throw refuse('pathLength');
  }
  const violated = violatedConstraint(issuer.nameConstraints, {
    ...profile.alternativeNames,
    subject: profile.subject,
  });
  if (violated !== undefined) throw refuse(`nameConstraints ${violated}`);
}

/** Certificates know no smaller part of time. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

interface Signing extends Validity {
  readonly profile: CertificateProfile;
  readonly issuer: InstanceType<Asn1['x509']['Name']>;
  readonly spki: Uint8Array;
  readonly extensions: Extension[];
  readonly signingKey: KeyMaterial;
}

async function signCertificate(asn1: Asn1, signing: Signing): Promise<Buffer> {
  const { x509 } = asn1;
  const { notBeforeMs, notAfterMs, signingKey } = signing;
  if (!(notBeforeMs > 0 && notBeforeMs < notAfterMs && notAfterMs <= LAST_MS)) {
    throw new X509Error('validity', 'notAfter');
  }
  const signatureAlgorithm = signatureIdentifier(asn1, signingKey);
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: exactBuffer(newSerialNumber()),
    signature: signatureAlgorithm,
    issuer: signing.issuer,
    // UTCTime until 2049, GeneralizedTime from then on; whole seconds.
    validity: new x509.Validity({
      notBefore: new Date(notBeforeMs),
      notAfter: new Date(notAfterMs),
    }),
    subject: encodeName(asn1, parseSubject(signing.profile.subject)),
    subjectPublicKeyInfo: asn1.schema.AsnConvert.parse(signing.spki, x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions(signing.extensions),
  });
  const signatureValue = await signDer(asn1, signingKey, toDer(asn1, tbsCertificate));
  return toDer(asn1, new x509.Certificate({ tbsCertificate, signatureAlgorithm, signatureValue }));
}

function constraintExtensions(asn1: Asn1, constraints: NameConstraints | undefined): Extension[] {
  if (constraints === undefined) return [];
  checkNameConstraints(constraints);
  const value = encodeNameConstraints(asn1, constraints);
  return [extension(asn1, { oid: asn1.x509.id_ce_nameConstraints, critical: true, value })];
}

function addressExtensions(asn1: Asn1, addresses: RevocationAddresses | undefined): Extension[] {
  if (addresses === undefined) return [];
  const { x509 } = asn1;
  const uri = (uniformResourceIdentifier: string) =>
    new x509.GeneralName({ uniformResourceIdentifier });
  const places = [
    [x509.id_ad_ocsp, addresses.ocsp],
    [x509.id_ad_caIssuers, addresses.issuer],
  ] as const;
  const access = new x509.AuthorityInfoAccessSyntax(
    places.flatMap(([accessMethod, address]) =>
      address === undefined
        ? []
        : new x509.AccessDescription({ accessMethod, accessLocation: uri(address) }),
    ),
  );
  const points = new x509.CRLDistributionPoints([
    new x509.DistributionPoint({
      distributionPoint: new x509.DistributionPointName({
        fullName: [uri(addresses.revocationList)],
      }),
    }),
  ]);
  return [
    extension(asn1, { oid: x509.id_pe_authorityInfoAccess, critical: false, value: access }),
    extension(asn1, { oid: x509.id_ce_cRLDistributionPoints, critical: false, value: points }),
  ];
}

function noCheckExtension({ x509, schema, ocsp }: Asn1): Extension {
  const extnValue = new schema.OctetString(Buffer.of(0x05, 0x00));
  return new x509.Extension({ extnID: ocsp.id_pkix_ocsp_nocheck, critical: false, extnValue });
}
