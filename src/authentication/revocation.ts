// What may be withdrawn from under a token: its principal, the application it was obtained through,
// the credential that obtained it, the person's sessions; and of a token that was passed on
// (on-behalf-of) the same for everyone who passed it on.
import type { Application, Directory, Host } from '#directory';
import type { AccessTokenClaims } from './access-token.ts';
import type { Revocation } from './token-refused.ts';

/** A client that passed a person's token on, and the credential that it had the token by. */
export interface ChainLink {
  readonly appId: string;
  readonly credentialId: string | undefined;
  /** When the token that it passed on was made. */
  readonly issuedAtS: number;
}

/** What has been withdrawn from under a token, or `undefined` if it still stands. */
export function decideRevocation(
  directory: Directory,
  claims: AccessTokenClaims,
): Revocation | undefined {
  const appId = applicationId(claims);
  if (!directory.isEnabled(claims.oid)) return 'principal';
  if (claims.idtyp === 'user') {
    const validFrom = directory.user(claims.oid)?.signInSessionsValidFromDateTime;
    if (validFrom !== undefined && claims.iat * 1000 < Date.parse(validFrom)) return 'session';
    if (!directory.servicePrincipalByAppId(appId)?.accountEnabled) return 'application';
  }
  if (claims.chain !== undefined) {
    const broken = decideChain(directory, claims.chain.map(parseLink));
    if (broken !== undefined) return broken;
  }
  if (claims.cred === undefined) return undefined;
  if (hostStands(directory.host(claims.cred), claims.oid)) return undefined;
  const link = { appId, credentialId: claims.cred, issuedAtS: claims.iat };
  return decideCredential(directory.client(appId), link);
}

/** A token that a machine's agent obtained lives while the machine has that identity. */
function hostStands(host: Host | undefined, objectId: string): boolean {
  return (
    host !== undefined &&
    (host.systemAssignedPrincipalId === objectId ||
      host.userAssignedPrincipalIds.includes(objectId))
  );
}

/** What has been withdrawn from under those who passed a token on. */
export function decideChain(
  directory: Directory,
  chain: readonly ChainLink[],
): Revocation | undefined {
  for (const link of chain) {
    if (!directory.servicePrincipalByAppId(link.appId)?.accountEnabled) return 'application';
    if (link.credentialId === undefined) continue;
    const broken = decideCredential(directory.applicationByAppId(link.appId), link);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

function decideCredential(
  application: Application | undefined,
  { credentialId, issuedAtS }: ChainLink,
): Revocation | undefined {
  if (application === undefined) return 'application';
  const stands =
    application.passwordCredentials.some(({ keyId }) => keyId === credentialId) ||
    application.keyCredentials.some(({ keyId }) => keyId === credentialId) ||
    application.federatedIdentityCredentials.some(
      ({ id, trustedSince }) =>
        id === credentialId &&
        (trustedSince === undefined || issuedAtS * 1000 >= Date.parse(trustedSince)),
    );
  return stands ? undefined : 'credential';
}

/** As it stands in the claim `chain`: `appId/issuedAtS/credentialId`. */
export function renderLink({ appId, credentialId = '', issuedAtS }: ChainLink): string {
  return `${appId}/${issuedAtS}/${credentialId}`;
}

export function parseLink(text: string): ChainLink {
  const [appId = '', issuedAt = '', credentialId = ''] = text.split('/');
  return {
    appId,
    issuedAtS: Number(issuedAt),
    credentialId: credentialId === '' ? undefined : credentialId,
  };
}

export function applicationId(claims: AccessTokenClaims): string {
  return claims.appid ?? claims.azp ?? '';
}
