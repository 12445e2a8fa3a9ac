// Which application asks, and how it proved that: by a secret, by a certificate, or by a token of
// an issuer it trusts. An application may have any number of each at once. An unknown application
// costs as much as a wrong secret.
import { type Application, type Directory, decideSecret } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError, type Clock } from '#kernel';
import { verifyCertificateAssertion } from './certificate-assertion.ts';
import { verifyFederatedAssertion } from './federated-assertion.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { type ParsedAssertion, parseAssertion } from './parsed-assertion.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const SKEW_S = 300;
/** Terraform asks for an hour, MSAL for ten minutes; a day is Entra's bound. */
const LIFETIME_MAX_S = 86_400;

export type ClientAuthenticationMethod = 'none' | 'secret' | 'certificate' | 'federated';

export interface AuthenticatedClient {
  readonly application: Application;
  readonly method: ClientAuthenticationMethod;
  /** `keyId` or `id` of the credential that was used; tokens die with it. */
  readonly credentialId: string | undefined;
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAssertion: string | undefined;
  readonly clientAssertionType: string | undefined;
}

export interface ClientAuthenticationContext {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly issuerKeys: IssuerKeys;
  readonly endpoints: { readonly login: string };
}

/** Requires a credential. Throws Entra's refusal. */
export async function authenticateClient(
  context: ClientAuthenticationContext,
  credentials: ClientCredentials,
): Promise<AuthenticatedClient> {
  const { directory, clock } = context;
  const { clientId, clientSecret, clientAssertion } = credentials;
  const application = directory.client(clientId);
  const verdict = decideSecret(
    application?.passwordCredentials ?? [],
    clientSecret ?? '',
    clock.now(),
  );
  if (application === undefined) throw clientUnknown(directory, clientId);
  const { appId } = application;
  if (clientAssertion !== undefined) {
    if (credentials.clientAssertionType !== JWT_BEARER) {
      throw new ApiError(oauthErrors.assertionTypeUnsupported);
    }
    return authenticateByAssertion(context, application, parseAssertion(clientAssertion));
  }
  if (clientSecret === undefined) throw new ApiError(oauthErrors.clientCredentialMissing);
  if (verdict.kind === 'expired') throw new ApiError(oauthErrors.clientSecretExpired, { appId });
  if (verdict.kind === 'invalid') throw new ApiError(oauthErrors.clientSecretInvalid, { appId });
  return { application, method: 'secret', credentialId: verdict.credential.keyId };
}

export function clientUnknown(directory: Directory, appId: string): ApiError {
  return new ApiError(oauthErrors.clientUnknown, { appId, tenant: directory.tenant.displayName });
}

async function authenticateByAssertion(
  context: ClientAuthenticationContext,
  application: Application,
  assertion: ParsedAssertion,
): Promise<AuthenticatedClient> {
  const { clock } = context;
  requireInTime(assertion, clock.now() / 1000);
  const isOwn = (name: string) => name.toLowerCase() === application.appId.toLowerCase();
  if (!isOwn(assertion.issuer)) {
    if (assertion.issuer.includes('://')) {
      const trust = await verifyFederatedAssertion(application, assertion, context.issuerKeys);
      return { application, method: 'federated', credentialId: trust.id };
    }
    throw new ApiError(oauthErrors.assertionClientMismatch);
  }
  if (!isOwn(assertion.subject)) throw new ApiError(oauthErrors.assertionClientMismatch);
  const { alg } = assertion.header;
  if (alg !== 'RS256' && alg !== 'PS256') throw new ApiError(oauthErrors.assertionMalformed);
  if (!assertion.audiences.some((audience) => isOwnAudience(context, audience))) {
    throw new ApiError(oauthErrors.assertionAudience);
  }
  const credential = verifyCertificateAssertion(application, assertion, clock.now());
  return { application, method: 'certificate', credentialId: credential.keyId };
}

function requireInTime({ expiresS, notBeforeS = 0 }: ParsedAssertion, nowS: number): void {
  const isInTime =
    expiresS > nowS - SKEW_S && expiresS <= nowS + LIFETIME_MAX_S && notBeforeS <= nowS + SKEW_S;
  if (isInTime) return;
  const print = (seconds: number) =>
    Math.abs(seconds) < 1e11 ? new Date(seconds * 1000).toISOString() : 'never';
  throw new ApiError(oauthErrors.assertionNotInTime, {
    now: print(nowS),
    expires: print(expiresS),
  });
}

/** The token endpoint under any name of our tenant, v1 or v2.0, or an issuer; nobody else's. */
function isOwnAudience(context: ClientAuthenticationContext, audience: string): boolean {
  const { login } = context.endpoints;
  if (!audience.toLowerCase().startsWith(`${login}/`)) return false;
  const [tenant = '', ...rest] = audience.slice(login.length + 1).split('/');
  const { tenantId, domains } = context.directory.tenant;
  const names = [tenantId, ...domains, 'common', 'organizations', 'adfs'];
  if (!names.some((name) => name.toLowerCase() === tenant.toLowerCase())) return false;
  return ['oauth2/v2.0/token', 'oauth2/token', 'v2.0', ''].includes(rest.join('/').toLowerCase());
}
