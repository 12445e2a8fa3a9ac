// Who calls, once the token has been checked.

export type PrincipalType = 'User' | 'ServicePrincipal';

export interface Principal {
  readonly type: PrincipalType;
  readonly tenantId: string;
  /** Object id in the directory (`oid`). Role assignments and access policies name this. */
  readonly objectId: string;
  /**
   * Client application (`appid`): the service principal's own, or the one a user signed in with.
   */
  readonly applicationId: string;
  /** Issuer as it stands in the token; Azure prints it in refusals. */
  readonly issuer: string;
  /** Claims that the audit event repeats, for example `upn`, `idtyp`, `xms_mirid`. */
  readonly claims: Readonly<Record<string, string>>;
}

/** `appid=…;oid=…;iss=…`, the way Key Vault names a caller in a refusal. */
export function describeCaller(principal: Principal): string {
  return `appid=${principal.applicationId};oid=${principal.objectId};iss=${principal.issuer}`;
}
