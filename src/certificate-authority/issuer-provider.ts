// What a vault's named issuer asks of whoever signs for it. A provider is handed a request and
// answers with a chain, a promise, or a refusal; it never sees a private key of the vault's.

/** Credentials and organization as the vault's issuer record holds them. */
export interface IssuerAccount {
  /** Name of the issuer in its vault. */
  readonly issuer: string;
  readonly accountId?: string;
  readonly password?: string;
  readonly organizationId?: string;
  /** Of the issuer's administrators, or else of the vault's contacts: whom the signer may write. */
  readonly contactEmails?: readonly string[];
}

export interface IssueRequest {
  readonly tenantId: string;
  readonly account: IssuerAccount;
  /**
   * Stays the same for one certificate through every poll, retry and restart: whoever is asked
   * twice with the same id must not issue twice.
   */
  readonly requestId: string;
  /** PKCS#10, DER. Subject, SAN, key usage, EKU and basic constraints stand in it. */
  readonly csr: Uint8Array;
  readonly validityMonths: number;
  /** `cty` of the certificate policy: an own word of the provider's, for example a profile. */
  readonly certificateType?: string;
  /** What the provider gave with `pending` last time; `undefined` when it is asked first. */
  readonly state: string | undefined;
  /** The leaf (DER) that the new certificate will replace, when it is a renewal. */
  readonly previous?: Uint8Array;
}

export type IssueOutcome =
  /** The leaf first, then its issuers in order, each DER. */
  | { readonly kind: 'issued'; readonly chain: readonly Uint8Array[] }
  /** Asked again with `state` after `retryAfterSeconds`, also by another process. */
  | {
      readonly kind: 'pending';
      readonly state: string;
      readonly retryAfterSeconds: number;
      /** A sentence for `status_details`. */
      readonly details?: string;
    }
  /** Final. Goes to the caller as the operation's `error`: no secret, nothing internal. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface IssuerProvider {
  /** The `provider` of issuers that it signs for; compared without case. */
  readonly provider: string;
  /** A throw is taken as a passing failure: it is logged and asked again later. */
  issue(request: IssueRequest): Promise<IssueOutcome>;
}
