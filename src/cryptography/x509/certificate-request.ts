// PKCS#10 requests (RFC 2986): made from a profile, and read from others. A request proves that its
// maker holds the private key; nothing in it is to be believed beyond that.
import { exportSpki, type KeyMaterial } from '../key-material.ts';
import { exactBuffer, fromDer, loadAsn1, parsePart, toDer } from './asn1.ts';
import { decodeName, encodeName, parseSubject, renderSubject } from './distinguished-name.ts';
import { type CertificateProfile, checkProfile, keyTypeOf, profileExtensions } from './profile.ts';
import { type StatedProfile, statedProfile } from './read-certificate.ts';
import { openPublicKey, signatureIdentifier, signDer, verifyDer } from './signature.ts';
import { X509Error } from './x509-error.ts';

export interface CertificateRequestInput {
  readonly profile: CertificateProfile;
  readonly key: KeyMaterial;
}

export interface CertificateRequest extends StatedProfile {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/** DER. X509Error as `checkProfile`. */
export async function buildCertificateRequest(input: CertificateRequestInput): Promise<Buffer> {
  const { profile, key } = input;
  checkProfile(profile);
  const asn1 = await loadAsn1();
  const { x509, csr, schema } = asn1;
  const extensions = new x509.Extensions(profileExtensions(asn1, profile, keyTypeOf(key)));
  const attribute = new x509.Attribute({
    type: EXTENSION_REQUEST,
    values: [exactBuffer(toDer(asn1, extensions))],
  });
  const certificationRequestInfo = new csr.CertificationRequestInfo({
    subject: encodeName(asn1, parseSubject(profile.subject)),
    subjectPKInfo: schema.AsnConvert.parse(exportSpki(key), x509.SubjectPublicKeyInfo),
    attributes: new csr.Attributes([attribute]),
  });
  const signature = await signDer(asn1, key, toDer(asn1, certificationRequestInfo));
  const signatureAlgorithm = signatureIdentifier(asn1, key);
  return toDer(
    asn1,
    new csr.CertificationRequest({ certificationRequestInfo, signatureAlgorithm, signature }),
  );
}

/** X509Error `malformed`, `publicKey`; `signature` if it is not its own key's. */
export async function parseCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  const asn1 = await loadAsn1();
  const request = fromDer(asn1, der, asn1.csr.CertificationRequest);
  const { subject, subjectPKInfo, attributes } = request.certificationRequestInfo;
  const spki = toDer(asn1, subjectPKInfo);
  const { publicKey } = openPublicKey(spki);
  const fits = await verifyDer(publicKey, {
    der: Buffer.from(request.certificationRequestInfoRaw ?? new ArrayBuffer(0)),
    algorithm: request.signatureAlgorithm,
    signature: Buffer.from(request.signature),
  });
  if (!fits) throw new X509Error('signature', 'CertificationRequest');
  const asked = [...(attributes ?? [])].filter(({ type }) => type === EXTENSION_REQUEST);
  const extensions = asked.flatMap(({ values }) =>
    values.flatMap((value) => [...parsePart(asn1, value, asn1.x509.Extensions)]),
  );
  return {
    ...statedProfile(asn1, extensions),
    subject: renderSubject(decodeName(subject)),
    spki,
  };
}
