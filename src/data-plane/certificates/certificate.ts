// What a certificate is, and the rules that need neither storage nor cryptography. A certificate is
// three objects of one name and one version: the certificate itself, its key and its secret.
import type { KeyUsageName } from '#cryptography';
import { certificateErrors } from '#errors';
import type { ObjectKind } from '../object/kind.ts';
import type { Found } from '../object/object-store.ts';

export interface CertificateListed {
  /** base64url of the SHA-1 thumbprint. Absent: nothing has been issued yet. */
  readonly x5t?: string;
}

export interface CertificateContent {
  /** base64 of the DER. Absent: nothing has been issued yet. */
  readonly cer?: string;
  /** The chain is kept in the order in which it was given. */
  readonly preserveCertOrder?: boolean;
  /** The key may leave, and so may every later version that uses it again. Absent: it may not. */
  readonly keyExportable?: true;
}

export type FoundCertificate = Found<CertificateListed, CertificateContent>;

export const certificateKind: ObjectKind = {
  collection: 'certificates',
  errors: certificateErrors,
};

// `azure/semantics.md` §5; the order is that of recorded keys.
const OPERATIONS_OF_USAGE: readonly (readonly [string, readonly KeyUsageName[]])[] = [
  ['encrypt', ['dataEncipherment', 'encipherOnly']],
  ['decrypt', ['dataEncipherment', 'decipherOnly']],
  ['sign', ['digitalSignature', 'keyCertSign', 'nonRepudiation', 'cRLSign']],
  ['verify', ['digitalSignature', 'keyCertSign', 'nonRepudiation', 'cRLSign']],
  ['wrapKey', ['keyEncipherment']],
  ['unwrapKey', ['keyEncipherment']],
];

/** What a certificate's key may do. An elliptic-curve key signs and does nothing else. */
export function keyOperationsOf(
  usages: readonly KeyUsageName[],
  keyType: 'RSA' | 'EC',
): readonly string[] {
  return OPERATIONS_OF_USAGE.filter(
    ([operation, allowing]) =>
      (keyType === 'RSA' || operation === 'sign' || operation === 'verify') &&
      allowing.some((usage) => usages.includes(usage)),
  ).map(([operation]) => operation);
}
