// What a certificate says about its subject – names, usages, whether it is an authority – and the
// extensions that say it (RFC 5280 §4.2.1). The same profile goes into requests, self-signed and
// issued certificates.
import { createHash } from 'node:crypto';
import type { Extension, KeyUsageFlags } from '@peculiar/asn1-x509';
import type { KeyMaterial } from '../key-material.ts';
import {
  type AlternativeNames,
  checkAlternativeNames,
  encodeAlternativeNames,
} from './alternative-names.ts';
import { type Asn1, exactBuffer, fromDer, toDer } from './asn1.ts';
import { parseSubject } from './distinguished-name.ts';
import { X509Error } from './x509-error.ts';

/** Key Vault's names, which are X.509's. */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsageName = (typeof KEY_USAGES)[number];

export interface CertificateProfile {
  /** X.500 text; may be empty where there are alternative names. */
  readonly subject: string;
  readonly alternativeNames?: AlternativeNames | undefined;
  /** Object identifiers; absent or empty: the certificate says nothing about it. */
  readonly extendedKeyUsages?: readonly string[] | undefined;
  readonly keyUsages?: readonly KeyUsageName[] | undefined;
  /** Absent: not an authority. */
  readonly basicConstraints?: BasicConstraints | undefined;
}

export interface BasicConstraints {
  readonly isAuthority: boolean;
  /** How many authorities may follow below this one. */
  readonly pathLength?: number | undefined;
}

const OID = /^[0-2](?:\.(?:0|[1-9]\d{0,8})){1,19}$/;
const EXTENDED_KEY_USAGES_MAX = 32;
const PATH_LENGTH_MAX = 16;

/** RSA agrees on no key; EC encrypts nothing (RFC 3279 §2.3.1, RFC 5480 §3). */
const UNFIT: Readonly<Record<'RSA' | 'EC', ReadonlySet<KeyUsageName>>> = {
  RSA: new Set(['keyAgreement', 'encipherOnly', 'decipherOnly']),
  EC: new Set(['keyEncipherment', 'dataEncipherment']),
};

/** Throws X509Error for what no certificate can say. */
export function checkProfile(profile: CertificateProfile): void {
  const names = parseSubject(profile.subject);
  const others = checkAlternativeNames(profile.alternativeNames ?? {});
  if (names.length === 0 && others === 0) throw new X509Error('nameless', 'subject');
  const { extendedKeyUsages = [], keyUsages = [], basicConstraints } = profile;
  if (
    extendedKeyUsages.length > EXTENDED_KEY_USAGES_MAX ||
    !extendedKeyUsages.every((oid) => OID.test(oid))
  ) {
    throw new X509Error('extendedKeyUsage', 'ekus');
  }
  if (!keyUsages.every((usage) => KEY_USAGES.includes(usage))) {
    throw new X509Error('keyUsage', 'key_usage');
  }
  const { isAuthority = false, pathLength } = basicConstraints ?? {};
  if (pathLength === undefined) return;
  if (
    !isAuthority ||
    !Number.isInteger(pathLength) ||
    pathLength < 0 ||
    pathLength > PATH_LENGTH_MAX
  ) {
    throw new X509Error('pathLength', 'path_len_constraint');
  }
}

/** Those of the usages that fit the key and the place: only an authority signs certificates. */
export function fittingKeyUsages(
  { keyUsages = [], basicConstraints }: CertificateProfile,
  kty: 'RSA' | 'EC',
): readonly KeyUsageName[] {
  const isAuthority = basicConstraints?.isAuthority === true;
  const wanted = new Set(keyUsages);
  if (isAuthority) wanted.add('keyCertSign');
  const fitting = KEY_USAGES.filter(
    (usage) =>
      wanted.has(usage) && !UNFIT[kty].has(usage) && (isAuthority || usage !== 'keyCertSign'),
  );
  // These two say something about keyAgreement only.
  const agrees = fitting.includes('keyAgreement');
  return fitting.filter(
    (usage) => agrees || (usage !== 'encipherOnly' && usage !== 'decipherOnly'),
  );
}

/** In the order in which OpenSSL's users are used to read them. */
export function profileExtensions(
  asn1: Asn1,
  profile: CertificateProfile,
  kty: 'RSA' | 'EC',
): Extension[] {
  const { x509 } = asn1;
  const { isAuthority = false, pathLength } = profile.basicConstraints ?? {};
  const constraints = new x509.BasicConstraints({
    cA: isAuthority,
    ...(pathLength !== undefined && { pathLenConstraint: pathLength }),
  });
  const extensions = [
    extension(asn1, { oid: x509.id_ce_basicConstraints, critical: true, value: constraints }),
  ];
  const usages = fittingKeyUsages(profile, kty);
  if (usages.length > 0) {
    const value = new x509.KeyUsage(usages.reduce((sum, usage) => sum + flag(asn1, usage), 0));
    extensions.push(extension(asn1, { oid: x509.id_ce_keyUsage, critical: true, value }));
  }
  const extended = [...new Set(profile.extendedKeyUsages)];
  if (extended.length > 0) {
    const value = new x509.ExtendedKeyUsage(extended);
    extensions.push(extension(asn1, { oid: x509.id_ce_extKeyUsage, critical: false, value }));
  }
  const names = encodeAlternativeNames(asn1, profile.alternativeNames ?? {});
  if (names.length > 0) {
    const value = new x509.SubjectAlternativeName(names);
    // RFC 5280 §4.2.1.6: critical where there is no other name.
    const critical = parseSubject(profile.subject).length === 0;
    extensions.push(extension(asn1, { oid: x509.id_ce_subjectAltName, critical, value }));
  }
  return extensions;
}

export interface ExtensionParts {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: unknown;
}

export function extension(asn1: Asn1, { oid, critical, value }: ExtensionParts): Extension {
  const extnValue = new asn1.schema.OctetString(toDer(asn1, value));
  return new asn1.x509.Extension({ extnID: oid, critical, extnValue });
}

/** SHA-1 over the public key's bits (RFC 5280 §4.2.1.2, the first method): a name, no proof. */
export function keyIdentifier(asn1: Asn1, spki: Uint8Array): Buffer {
  const info = fromDer(asn1, spki, asn1.x509.SubjectPublicKeyInfo);
  return createHash('sha1').update(Buffer.from(info.subjectPublicKey)).digest();
}

export function subjectKeyExtension(asn1: Asn1, spki: Uint8Array): Extension {
  const value = new asn1.x509.SubjectKeyIdentifier(exactBuffer(keyIdentifier(asn1, spki)));
  return extension(asn1, { oid: asn1.x509.id_ce_subjectKeyIdentifier, critical: false, value });
}

export function authorityKeyExtension(asn1: Asn1, identifier: Uint8Array): Extension {
  const { KeyIdentifier, AuthorityKeyIdentifier, id_ce_authorityKeyIdentifier } = asn1.x509;
  const value = new AuthorityKeyIdentifier({
    keyIdentifier: new KeyIdentifier(exactBuffer(identifier)),
  });
  return extension(asn1, { oid: id_ce_authorityKeyIdentifier, critical: false, value });
}

/** RSA or EC; keys of other types are in no certificate. */
export function keyTypeOf({ kty }: KeyMaterial): 'RSA' | 'EC' {
  if (kty === 'oct' || kty === 'AKP') throw new X509Error('publicKey', kty);
  return kty;
}

function flag({ x509 }: Asn1, usage: KeyUsageName): KeyUsageFlags {
  return x509.KeyUsageFlags[usage];
}
