// The claims of an access token, as Entra writes them (clients.md §7). Groups are never among them:
// who belongs where is asked at request time.
import { randomBytes } from 'node:crypto';
import { type ChainLink, renderLink, tokenIssuer, tokenIssuerV2 } from '#authentication';
import type { ServicePrincipal, User } from '#directory';
import type { TargetResource } from '../resource/target-resource.ts';
import type { AuthenticatedClient } from './client-authentication.ts';

/** Entra answers 3599 for an hour. */
export const ACCESS_TOKEN_LIFETIME_S = 3599;
/** Entra's tokens are valid from five minutes before they were made, for clocks that lag. */
const BACKDATED_S = 300;

export interface AccessTokenInput {
  readonly login: string;
  readonly tenantId: string;
  readonly resource: TargetResource;
  readonly client: AuthenticatedClient;
  readonly subject: TokenSubject;
  /** `xms_cc` values that the client asked for in `claims`. */
  readonly clientCapabilities: readonly string[];
  readonly nowS: number;
}

export type TokenSubject =
  | {
      readonly kind: 'app';
      readonly principal: ServicePrincipal;
      readonly roles: readonly string[];
      /** Of a managed identity: the machine whose agent asked. */
      readonly hostResourceId?: string;
    }
  | {
      readonly kind: 'user';
      readonly user: User;
      readonly scopes: readonly string[];
      readonly roles: readonly string[];
      /** How the user signed in, for example `['pwd', 'mfa']`. */
      readonly methods: readonly string[];
      readonly signedInAtS: number;
      /** Who else has to stand for the token to stand: those it was passed on by. */
      readonly chain: readonly ChainLink[];
    };

const METHOD_CLASS = { none: '0', secret: '1', certificate: '2', federated: '2' } as const;

export function renderAccessTokenClaims(
  input: AccessTokenInput,
): Readonly<Record<string, unknown>> {
  const { subject, client, clientCapabilities } = input;
  const issuedAtS =
    subject.kind === 'app' ? input.nowS : notBeforeSessionCut(subject.user, input.nowS);
  return {
    aud: input.resource.audience,
    iat: issuedAtS,
    nbf: issuedAtS - BACKDATED_S,
    exp: issuedAtS + ACCESS_TOKEN_LIFETIME_S,
    tid: input.tenantId,
    uti: newTokenId(),
    ...(client.credentialId === undefined ? {} : { cred: client.credentialId }),
    ...(clientCapabilities.length > 0 ? { xms_cc: clientCapabilities } : {}),
    ...(subject.kind === 'app' ? appClaims(subject) : userClaims(subject)),
    ...versionClaims(input),
  };
}

/** The two forms of Entra's access tokens; the resource says which it wants. */
function versionClaims({ resource: { owner }, ...input }: AccessTokenInput) {
  const { client, subject } = input;
  const { appId } = client.application;
  const credentialClass = METHOD_CLASS[client.method];
  const wanted = owner.kind === 'application' ? owner.application.api : undefined;
  if (wanted?.requestedAccessTokenVersion === 2) {
    return {
      iss: tokenIssuerV2(input.login, input.tenantId),
      azp: appId,
      azpacr: credentialClass,
      ver: '2.0',
      ...(subject.kind === 'user' ? { preferred_username: subject.user.userPrincipalName } : {}),
    };
  }
  const issuer = tokenIssuer(input.login, input.tenantId);
  return {
    iss: issuer,
    appid: appId,
    appidacr: credentialClass,
    idp: issuer,
    ver: '1.0',
    ...(subject.kind === 'user'
      ? { unique_name: subject.user.userPrincipalName, upn: subject.user.userPrincipalName }
      : {}),
  };
}

function appClaims({ principal, roles, hostResourceId }: Extract<TokenSubject, { kind: 'app' }>) {
  const resource = principal.managedIdentityResourceId;
  return {
    idtyp: 'app',
    oid: principal.id,
    sub: principal.id,
    ...(roles.length > 0 ? { roles } : {}),
    ...(resource === undefined ? {} : { xms_mirid: resource }),
    ...(hostResourceId === undefined ? {} : { xms_az_rid: hostResourceId }),
  };
}

function userClaims({
  user,
  scopes,
  roles,
  methods,
  signedInAtS,
  chain,
}: Extract<TokenSubject, { kind: 'user' }>) {
  return {
    idtyp: 'user',
    oid: user.id,
    sub: user.id,
    acr: '1',
    amr: methods,
    auth_time: signedInAtS,
    name: user.displayName,
    given_name: user.givenName ?? undefined,
    family_name: user.surname ?? undefined,
    scp: scopes.join(' '),
    ...(roles.length > 0 ? { roles } : {}),
    ...(chain.length > 0 ? { chain: chain.map(renderLink) } : {}),
  };
}

/** Random bytes not given out yet; drawn many at a time, as one draw costs as much as another. */
let entropy = Buffer.alloc(0);
const ENTROPY_BYTES = 4096;
const TOKEN_ID_BYTES = 16;

function newTokenId(): string {
  if (entropy.length < TOKEN_ID_BYTES) entropy = randomBytes(ENTROPY_BYTES);
  const id = entropy.toString('base64url', 0, TOKEN_ID_BYTES);
  entropy = entropy.subarray(TOKEN_ID_BYTES);
  return id;
}

/**
 * A session cut lies on the next whole second (`users.ts`); what comes after it must not fall
 * before.
 */
export function notBeforeSessionCut(user: User, nowS: number): number {
  const validFrom = user.signInSessionsValidFromDateTime;
  return validFrom === undefined ? nowS : Math.max(nowS, Math.ceil(Date.parse(validFrom) / 1000));
}
