// Which application asks, and how it proved that. An application may have many secrets at once; every
// one is compared, and an unknown application costs as much as a wrong secret.

import { type Application, type Directory, decideSecret } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError, type Clock } from '#kernel';

export type ClientAuthenticationMethod = 'none' | 'secret' | 'certificate' | 'federated';

export interface AuthenticatedClient {
  readonly application: Application;
  readonly method: ClientAuthenticationMethod;
  /** `keyId` of the credential that was used; tokens die with it. */
  readonly credentialId: string | undefined;
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

export interface ClientAuthenticationContext {
  readonly directory: Directory;
  readonly clock: Clock;
}

/** Requires a credential. Throws Entra's refusal. */
export function authenticateClient(
  { directory, clock }: ClientAuthenticationContext,
  credentials: ClientCredentials,
): AuthenticatedClient {
  const { clientId, clientSecret } = credentials;
  const application = directory.client(clientId);
  const verdict = decideSecret(
    application?.passwordCredentials ?? [],
    clientSecret ?? '',
    clock.now(),
  );
  if (application === undefined) throw clientUnknown(directory, clientId);
  const appId = application.appId;
  if (clientSecret === undefined) throw new ApiError(oauthErrors.clientCredentialMissing);
  if (verdict.kind === 'expired') throw new ApiError(oauthErrors.clientSecretExpired, { appId });
  if (verdict.kind === 'invalid') throw new ApiError(oauthErrors.clientSecretInvalid, { appId });
  return { application, method: 'secret', credentialId: verdict.credential.keyId };
}

export function clientUnknown(directory: Directory, appId: string): ApiError {
  return new ApiError(oauthErrors.clientUnknown, { appId, tenant: directory.tenant.displayName });
}
