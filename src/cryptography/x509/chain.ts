// Certificates in any order → one chain, leaf first. Each link is checked by name and signature,
// whatever the order they came in.
import type { X509Certificate } from 'node:crypto';
import { openCertificate } from './read-certificate.ts';
import { X509Error } from './x509-error.ts';

export const CHAIN_CERTIFICATES_MAX = 20;

/**
 * DER certificates, the one for `leafSpki` first, each followed by its issuer. The same certificate
 * given twice counts once. X509Error `publicKey` if none is for that key, `chain` if one does not
 * belong, `malformed`.
 */
export function orderChain(ders: readonly Uint8Array[], leafSpki: Uint8Array): readonly Buffer[] {
  if (ders.length > CHAIN_CERTIFICATES_MAX) throw new X509Error('chain', 'length');
  const open = new Map(
    ders.map(openCertificate).map((certificate) => [certificate.fingerprint256, certificate]),
  );
  const leaf = [...open.values()].find((each) => spkiOf(each)?.equals(leafSpki));
  if (leaf === undefined) throw new X509Error('publicKey', 'x5c');
  const chain = [leaf];
  open.delete(leaf.fingerprint256);
  for (let last = leaf; open.size > 0; ) {
    const issuer = [...open.values()].find((other) => isIssuedBy(last, other));
    if (issuer === undefined) throw new X509Error('chain', 'x5c');
    chain.push(issuer);
    open.delete(issuer.fingerprint256);
    last = issuer;
  }
  return chain.map(({ raw }) => raw);
}

/**
 * Bytes, not `KeyObject.equals`: between keys of two types that leaves an error in OpenSSL's queue,
 * and the next read of whatever TLS connection comes along takes it for its own and breaks.
 */
function spkiOf(certificate: X509Certificate): Buffer | undefined {
  try {
    return certificate.publicKey.export({ format: 'der', type: 'spki' });
  } catch {
    // A key of a kind that OpenSSL does not have.
    return undefined;
  }
}

/** By name, key identifier and signature; and the issuer is an authority. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
