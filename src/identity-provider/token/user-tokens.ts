// What a client gets beside the access token when a person has signed in: who it was.
import type { User } from '#directory';
import { encodeBase64Url } from '#kernel';
import { ACCESS_TOKEN_LIFETIME_S } from './access-token.ts';

export interface IdTokenInput {
  readonly login: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly user: User;
  readonly nonce: string | undefined;
  /** App roles that the person holds on the client itself. */
  readonly roles: readonly string[];
  readonly nowS: number;
}

/** Python's credentials fail without `preferred_username`; az reads `tid` and `oid`. */
export function renderIdTokenClaims(input: IdTokenInput): Readonly<Record<string, unknown>> {
  const { user, nowS } = input;
  return {
    ver: '2.0',
    iss: `${input.login}/${input.tenantId}/v2.0`,
    aud: input.clientId,
    sub: user.id,
    oid: user.id,
    tid: input.tenantId,
    iat: nowS,
    nbf: nowS,
    exp: nowS + ACCESS_TOKEN_LIFETIME_S,
    name: user.displayName,
    preferred_username: user.userPrincipalName,
    email: user.mail ?? undefined,
    nonce: input.nonce,
    ...(input.roles.length > 0 ? { roles: input.roles } : {}),
  };
}

/** MSAL's home account id, base64url of JSON. */
export function renderClientInfo(user: User, tenantId: string): string {
  return encodeBase64Url(Buffer.from(JSON.stringify({ uid: user.id, utid: tenantId }), 'utf8'));
}
