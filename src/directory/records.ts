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
  /** Made on this service principal rather than on its application. */
  readonly servicePrincipalId?: string;
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

/** A scope that an application exposes: what clients may be let do in a person's name. */
export interface PermissionScope {
  readonly id: string;
  readonly value: string;
  /** `Admin`: only an administrator may consent. */
  readonly type: 'User' | 'Admin';
  readonly isEnabled: boolean;
  readonly adminConsentDisplayName: string | null;
  readonly adminConsentDescription: string | null;
  readonly userConsentDisplayName: string | null;
  readonly userConsentDescription: string | null;
}

/** A client that an application trusts with some of its scopes: nobody is asked to consent. */
export interface PreAuthorizedApplication {
  readonly appId: string;
  /** Ids of scopes. */
  readonly delegatedPermissionIds: readonly string[];
}

/** What an application is as a resource, Graph's `api`. */
export interface ApplicationApi {
  /** Form of the access tokens made for it; `null` is 1. */
  readonly requestedAccessTokenVersion: 1 | 2 | null;
  readonly oauth2PermissionScopes: readonly PermissionScope[];
  readonly preAuthorizedApplications: readonly PreAuthorizedApplication[];
  readonly acceptMappedClaims: boolean | null;
  readonly knownClientApplications: readonly string[];
}

/** Of a web application, beside its redirect URIs. */
export interface WebSettings {
  readonly homePageUrl: string | null;
  readonly logoutUrl: string | null;
  readonly enableAccessTokenIssuance: boolean;
  readonly enableIdTokenIssuance: boolean;
}

/** What an application says it will ask for. It gives nothing. */
export interface RequiredResourceAccess {
  readonly resourceAppId: string;
  readonly resourceAccess: readonly { readonly id: string; readonly type: 'Scope' | 'Role' }[];
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
  readonly webSettings?: WebSettings;
  readonly isFallbackPublicClient: boolean;
  readonly passwordCredentials: readonly PasswordCredential[];
  readonly keyCredentials: readonly KeyCredential[];
  readonly federatedIdentityCredentials: readonly FederatedIdentityCredential[];
  readonly appRoles: readonly AppRole[];
  readonly api?: ApplicationApi;
  readonly requiredResourceAccess?: readonly RequiredResourceAccess[];
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
  /** Of managed identities only: outside issuers whose subjects may act as it. */
  readonly federatedIdentityCredentials?: readonly FederatedIdentityCredential[];
  /** Only who has an app role here gets a token: people who sign in to it, applications for it. */
  readonly appRoleAssignmentRequired?: boolean;
  readonly tags: readonly string[];
  readonly owners: readonly string[];
  readonly deletedDateTime?: string;
}

/** An app role of one service principal (the resource) that a principal holds. */
export interface AppRoleAssignment {
  readonly id: string;
  /** A user, a group or a service principal. */
  readonly principalId: string;
  /** The service principal whose application declares the role. */
  readonly resourceId: string;
  /** Of the role; the zero GUID is the default access of an application without roles. */
  readonly appRoleId: string;
  readonly createdDateTime: string;
}

/** Consent: scopes of a resource that a client may use in one person's name, or in everybody's. */
export interface OAuth2PermissionGrant {
  readonly id: string;
  /** The client's service principal. */
  readonly clientId: string;
  readonly consentType: 'AllPrincipals' | 'Principal';
  /** The person; `null` for everybody. */
  readonly principalId: string | null;
  /** The resource's service principal. */
  readonly resourceId: string;
  /** Values of scopes, separated by spaces. */
  readonly scope: string;
}

/** A registered machine, whose agent obtains tokens for the managed identities assigned to it. */
export interface Host {
  /** Made anew by each registration. Tokens carry it as their credential, and die with it. */
  readonly id: string;
  /** ARM id of the machine. */
  readonly resourceId: string;
  /** The agent's public key: EC P-256, SPKI DER, standard base64. Never changed. */
  readonly publicKey: string;
  /** Object id of the machine's own identity. */
  readonly systemAssignedPrincipalId?: string;
  readonly userAssignedPrincipalIds: readonly string[];
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
  /** Graph properties that mean nothing here but are kept and given back: `jobTitle` and such. */
  readonly otherProperties?: Readonly<Record<string, unknown>>;
  readonly deletedDateTime?: string;
}

/** What a person can prove himself with beside the password. */
export interface AuthenticationMethods {
  readonly userId: string;
  readonly authenticator?: { readonly id: string; readonly createdDateTime: string };
  readonly passkeys: readonly Passkey[];
}

/** A WebAuthn credential: the public half. */
export interface Passkey {
  readonly id: string;
  /** As the authenticator names it, base64url. */
  readonly credentialId: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly displayName: string;
  readonly createdDateTime: string;
}

/** The secret of time-based codes, and the last step of which a code was taken. */
export interface AuthenticatorSecret {
  /** Base32, as authenticator apps take it. */
  readonly secret: string;
  readonly lastStep: number;
}

export interface Group {
  readonly id: string;
  readonly displayName: string;
  readonly description: string | null;
  readonly mailNickname: string;
  readonly securityEnabled: boolean;
  /** Made to hold directory roles: only a Global Administrator says who belongs to it. */
  readonly isAssignableToRole?: boolean;
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
  /** Set by an emergency: its tokens are recognised from then on, to be refused. */
  readonly withdrawnMs?: number;
}

/** Built-in directory role by its template id, with the principals that hold it. */
export interface DirectoryRole {
  readonly roleTemplateId: string;
  readonly members: readonly string[];
}
