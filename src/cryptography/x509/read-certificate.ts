// A certificate of any origin, read: what the program shows of it and checks in it. OpenSSL parses
// it first, then the ASN.1 classes; what either refuses, or has something behind its end, is not
// one.
import { createHash, X509Certificate } from 'node:crypto';
import type { Extension } from '@peculiar/asn1-x509';
import { type AlternativeNames, decodeAlternativeNames } from './alternative-names.ts';
import { type Asn1, type Asn1Class, fromDer, loadAsn1, parsePart, toDer } from './asn1.ts';
import { decodeName, renderSubject } from './distinguished-name.ts';
import { decodeNameConstraints, type NameConstraints } from './name-constraints.ts';
import { type BasicConstraints, KEY_USAGES, type KeyUsageName } from './profile.ts';
import { X509Error } from './x509-error.ts';

/** The parts of a profile, as they stand in a certificate or request. */
export interface StatedProfile {
  /** X.500 text; empty if there is no subject. */
  readonly subject: string;
  readonly alternativeNames: AlternativeNames;
  readonly keyUsages: readonly KeyUsageName[];
  readonly extendedKeyUsages: readonly string[];
  readonly basicConstraints: BasicConstraints | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly subjectKeyIdentifier: Buffer | undefined;
  readonly authorityKeyIdentifier: Buffer | undefined;
}

export interface Certificate extends StatedProfile {
  readonly der: Buffer;
  readonly issuer: string;
  /** Hexadecimal, lower-case. */
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  readonly thumbprintSha1: Buffer;
}

/** X509Error `malformed`. */
export async function readCertificate(der: Uint8Array): Promise<Certificate> {
  const asn1 = await loadAsn1();
  const { tbsCertificate } = fromDer(asn1, der, asn1.x509.Certificate);
  openCertificate(der);
  const { validity, serialNumber, issuer, subject } = tbsCertificate;
  return {
    ...statedProfile(asn1, [...(tbsCertificate.extensions ?? [])]),
    subject: renderSubject(decodeName(subject)),
    issuer: renderSubject(decodeName(issuer)),
    der: Buffer.from(der),
    serialNumber: Buffer.from(serialNumber).toString('hex'),
    notBeforeMs: validity.notBefore.getTime().getTime(),
    notAfterMs: validity.notAfter.getTime().getTime(),
    spki: toDer(asn1, tbsCertificate.subjectPublicKeyInfo),
    thumbprintSha1: createHash('sha1').update(der).digest(),
  };
}

/** OpenSSL's view of the same. X509Error `malformed`. */
export function openCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new X509Error('malformed', 'Certificate', { cause });
  }
}

/** X509Error `malformed` for an extension that is there twice (RFC 5280 §4.2) or damaged. */
export function statedProfile(
  asn1: Asn1,
  extensions: readonly Extension[],
): Omit<StatedProfile, 'subject'> {
  const { x509 } = asn1;
  if (new Set(extensions.map(({ extnID }) => extnID)).size !== extensions.length) {
    throw new X509Error('malformed', 'extensions');
  }
  const read = <T>(oid: string, target: Asn1Class<T>): T | undefined => {
    const found = extensions.find(({ extnID }) => extnID === oid);
    return found && parsePart(asn1, found.extnValue.buffer, target);
  };
  const constraints = read(x509.id_ce_basicConstraints, x509.BasicConstraints);
  const names = read(x509.id_ce_subjectAltName, x509.SubjectAlternativeName);
  const usage = read(x509.id_ce_keyUsage, x509.KeyUsage)?.toNumber() ?? 0;
  const nameConstraints = read(x509.id_ce_nameConstraints, x509.NameConstraints);
  const own = read(x509.id_ce_subjectKeyIdentifier, x509.SubjectKeyIdentifier);
  const above = read(x509.id_ce_authorityKeyIdentifier, x509.AuthorityKeyIdentifier);
  return {
    alternativeNames: decodeAlternativeNames(asn1, names ?? []),
    keyUsages: KEY_USAGES.filter((name) => (usage & x509.KeyUsageFlags[name]) !== 0),
    extendedKeyUsages: [...(read(x509.id_ce_extKeyUsage, x509.ExtendedKeyUsage) ?? [])],
    basicConstraints: constraints && {
      isAuthority: constraints.cA,
      pathLength: constraints.pathLenConstraint,
    },
    nameConstraints: nameConstraints && decodeNameConstraints(nameConstraints),
    subjectKeyIdentifier: own && Buffer.from(own.buffer),
    authorityKeyIdentifier: above?.keyIdentifier && Buffer.from(above.keyIdentifier.buffer),
  };
}
