// Directory objects as stored under `tenant/<tenantId>/`. Secrets are kept only as hashes.

export interface Tenant {
  readonly tenantId: string;
  readonly displayName: string;
  /** Verified domains; the first is the default, for example `strongroom.localhost`. */
  readonly domains: readonly string[];
}

export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName: string | null;
  /** First characters, shown so that people can tell secrets apart. */
  readonly hint: string;
  /** SHA-256 of the generated secret (≥ 256 bits of entropy, so no slow hash), base64url. */
  readonly secretHash: string;
  readonly startDateTime: string;
  readonly endDateTime: string;
}

export interface KeyCredential {
  readonly keyId: string;
  readonly displayName: string | null;
  readonly type: 'AsymmetricX509Cert';
  readonly usage: 'Verify';
  /** DER certificate, standard base64. */
  readonly certificate: string;
  readonly startDateTime: string;
  readonly endDateTime: string;
}

export interface FederatedIdentityCredential {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly description: string | null;
  /** The issuer's keys as uploaded, for issuers that cannot be reached. A JWK Set. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** When it was last changed: tokens from before were given to somebody else's trust. */
  readonly trustedSince?: string;
}

export interface AppRole {
  readonly id: string;
  readonly value: string | null;
  readonly displayName: string;
  readonly description: string;
  readonly allowedMemberTypes: readonly string[];
  readonly isEnabled: boolean;
}

export interface Application {
  /** Object id of the application. */
  readonly id: string;
  /** Client id. */
  readonly appId: string;
  readonly displayName: string;
  readonly createdDateTime: string;
  readonly signInAudience: string;
  readonly identifierUris: readonly string[];
  readonly publicClientRedirectUris: readonly string[];
  readonly webRedirectUris: readonly string[];
  readonly spaRedirectUris: readonly string[];
  readonly isFallbackPublicClient: boolean;
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
  readonly federatedIdentityCredentials: readonly FederatedIdentityCredential[];
  readonly appRoles: readonly AppRole[];
  readonly owners: readonly string[];
  /** Graph properties that mean nothing here but are kept and given back, for example `notes`. */
  readonly otherProperties?: Readonly<Record<string, unknown>>;
  readonly deletedDateTime?: string;
}

export interface ServicePrincipal {
  /** Object id: what role assignments and access policies name. */
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
  readonly accountEnabled: boolean;
  readonly createdDateTime: string;
  readonly servicePrincipalType: 'Application' | 'ManagedIdentity';
  /** ARM id of the managed identity's resource. */
  readonly managedIdentityResourceId?: string;
  readonly tags: readonly string[];
  readonly owners: readonly string[];
  readonly deletedDateTime?: string;
}

export interface User {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly mailNickname: string | null;
  readonly accountEnabled: boolean;
  readonly createdDateTime: string;
  /** argon2id, PHC string. */
  readonly passwordHash: string;
  readonly forceChangePasswordNextSignIn: boolean;
  /** Tokens issued before this moment are refused (password changed, sessions revoked). */
  readonly signInSessionsValidFromDateTime?: string;
  readonly givenName?: string | null;
  readonly surname?: string | null;
  readonly mail?: string | null;
  readonly deletedDateTime?: string;
}

export interface Group {
  readonly id: string;
  readonly displayName: string;
  readonly description: string | null;
  readonly mailNickname: string;
  readonly securityEnabled: boolean;
  readonly createdDateTime: string;
  /** Object ids of users, groups and service principals that belong directly. */
  readonly members: readonly string[];
  readonly owners: readonly string[];
  readonly deletedDateTime?: string;
}

/** A token-signing key. Which one signs follows from the clock alone (`signing-keys.ts`). */
export interface SigningKey {
  /** JWK thumbprint (RFC 7638), base64url. */
  readonly kid: string;
  /** RSA-2048 private key, PKCS#8 DER, base64; sealed like every record. */
  readonly privateKey: string;
  readonly createdMs: number;
  /** From this moment on it signs, until a later key's moment comes. */
  readonly activeFromMs: number;
}

/** Built-in directory role by its template id, with the principals that hold it. */
export interface DirectoryRole {
  readonly roleTemplateId: string;
  readonly members: readonly string[];
}
