// What the certificate authority keeps, in the tenant's partition: sealed there like every record,
// private keys included.
import type { NameConstraints, RevocationReason } from '#cryptography';

export interface AuthoritySettings {
  readonly constraints?: NameConstraints;
  /** Name of the intermediate that issues now. */
  readonly active: string;
  /** How many intermediates there ever were. */
  readonly intermediates: number;
}

export interface Revocation {
  readonly revokedAtMs: number;
  readonly reason: RevocationReason;
}

export interface AuthorityRecord {
  /** `root`, or `intermediate-1` and so on. */
  readonly name: string;
  readonly kind: 'root' | 'intermediate';
  readonly subject: string;
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DER, base64. */
  readonly certificate: string;
  /** Serialized, base64. Absent for a root that was taken offline. */
  readonly key?: string;
  /** Of an intermediate, which issues no more and whose certificates count no more. */
  readonly revocation?: Revocation;
}

/** The certificate that signs OCSP answers for one authority. */
export interface ResponderRecord {
  readonly certificate: string;
  readonly key: string;
  readonly notAfterMs: number;
}

export interface RevocationListRecord {
  /** DER, base64. */
  readonly list: string;
  readonly number: number;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** Something was revoked since. */
  readonly isStale: boolean;
}

export interface IssuedCertificate {
  readonly serialNumber: string;
  readonly authority: string;
  readonly subject: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly issuedAtMs: number;
  readonly certificate: string;
  readonly revocation?: Revocation;
}

/** One per request id, so that a request that is repeated is not issued twice. */
export interface RequestRecord {
  readonly serialNumber: string;
  /** SHA-256 of the request, base64url. */
  readonly digest: string;
}

export interface RevokedEntry extends Revocation {
  readonly notAfterMs: number;
}

export const paths = {
  settings: 'ca/settings',
  authorities: 'ca/authority/',
  authority: (name: string) => `ca/authority/${name}`,
  responder: (authority: string) => `ca/responder/${authority}`,
  revocationList: (authority: string) => `ca/list/${authority}`,
  revoked: (authority: string) => `ca/revoked/${authority}/`,
  revokedOne: (authority: string, serialNumber: string) =>
    `ca/revoked/${authority}/${serialNumber}`,
  issued: 'ca/issued/',
  issuedOne: (serialNumber: string) => `ca/issued/${serialNumber}`,
  request: (digest: string) => `ca/request/${digest}`,
} as const;
