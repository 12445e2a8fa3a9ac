// Why a token was refused, as a code each plane puts into its own words (Key Vault: AKV100xx).

export type TokenRefusal =
  /** No `Authorization` header, or one that is not `Bearer`. */
  | { readonly code: 'missing' }
  /** Not a JWT of ours: parts, encoding, JSON, `typ`, claim types. */
  | { readonly code: 'malformed' }
  | { readonly code: 'algorithm'; readonly found: string }
  /** The key is not one of ours, or its tokens have all died. */
  | { readonly code: 'unknownKey' }
  | { readonly code: 'signature' }
  | { readonly code: 'issuer'; readonly found: string; readonly expected: string }
  | { readonly code: 'tenant'; readonly found: string }
  | { readonly code: 'audience'; readonly found: string }
  | { readonly code: 'notYetValid' }
  | { readonly code: 'expired' }
  /**
   * The principal, its application or the credential is disabled or gone, or sessions were ended.
   */
  | { readonly code: 'revoked'; readonly what: Revocation };

export type Revocation = 'principal' | 'application' | 'credential' | 'session' | 'key';

export class TokenRefused extends Error {
  readonly refusal: TokenRefusal;
  /**
   * Set when the caller said it understands claims challenges (`xms_cc` holds `cp1`): the value of
   * `claims="…"` beside `error="insufficient_claims"`, base64 of JSON.
   */
  readonly claimsChallenge: string | undefined;

  constructor(refusal: TokenRefusal, claimsChallenge?: string) {
    super(`token refused: ${refusal.code}`);
    this.name = 'TokenRefused';
    this.refusal = refusal;
    this.claimsChallenge = claimsChallenge;
  }

  get code(): TokenRefusal['code'] {
    return this.refusal.code;
  }
}
