// A certificate with its key, as a program signs itself in: for tests of what it signs.
import { X509Certificate } from 'node:crypto';
import { loadX509Library } from '#cryptography';

export interface CertificateIdentity {
  readonly certificate: X509Certificate;
  readonly key: CryptoKey;
}

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

export async function makeIdentity(): Promise<CertificateIdentity> {
  const x509 = await loadX509Library();
  const keys = await crypto.subtle.generateKey(RSA, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=worker',
    keys,
    notBefore: new Date('2025-01-01'),
    notAfter: new Date('2027-01-01'),
    signingAlgorithm: RSA,
  });
  return { certificate: new X509Certificate(Buffer.from(made.rawData)), key: keys.privateKey };
}
