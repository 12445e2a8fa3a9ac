// A token request as the grants see it, and how its client is told.

import type { ServicePrincipal } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { View } from '#storage';
import type { Platform } from '../authorize/redirect-uri.ts';
import type { LoginContext } from '../login-context.ts';
import type { TenantAlias } from '../tenant-alias.ts';
import {
  type AuthenticatedClient,
  authenticateClient,
  clientUnknown,
} from './client-authentication.ts';
import type { TokenForm } from './wire.ts';

export interface TokenRequest {
  readonly tenant: TenantAlias;
  readonly form: TokenForm;
  /** The v1 endpoint names what it wants in `resource`. */
  readonly acceptsResource: boolean;
  readonly clientAddress: string;
  /** Of the page that asks by script. */
  readonly origin: string | undefined;
  readonly view: View;
}

/** Throws AADSTS900144. */
export function requireParameter(form: TokenForm, parameter: keyof TokenForm): string {
  const value = form[parameter];
  if (value === undefined || value === '') {
    throw new ApiError(oauthErrors.parameterMissing, { parameter });
  }
  return value;
}

/** The client with a credential. */
export function requireConfidentialClient(
  context: LoginContext,
  form: TokenForm,
): Promise<AuthenticatedClient> {
  return authenticateClient(context, {
    clientId: requireParameter(form, 'client_id'),
    clientSecret: form.client_secret,
    clientAssertion: form.client_assertion,
    clientAssertionType: form.client_assertion_type,
  });
}

/** For people's sign-ins: a public client needs no credential, any other needs one. */
export async function requireClient(
  context: LoginContext,
  form: TokenForm,
  /** Where the sign-in was answered to, if it was in a browser. */
  platform?: Platform,
): Promise<AuthenticatedClient> {
  const hasCredential = Boolean(form.client_secret ?? form.client_assertion);
  const appId = requireParameter(form, 'client_id');
  const application = context.directory.client(appId);
  if (application === undefined) throw clientUnknown(context.directory, appId);
  const isInstalled = platform !== undefined && platform !== 'web';
  const isPublic = application.isFallbackPublicClient || isInstalled;
  if (hasCredential && isPublic && application.passwordCredentials.length === 0) {
    throw new ApiError(oauthErrors.clientMayNotHaveCredential);
  }
  if (hasCredential || !isPublic) return requireConfidentialClient(context, form);
  return { application, method: 'none', credentialId: undefined };
}

/** The client's identity in this tenant. Throws if it has none or it is disabled. */
export function requirePrincipal(
  { directory }: LoginContext,
  { application }: AuthenticatedClient,
): ServicePrincipal {
  const { appId, displayName } = application;
  const principal = directory.servicePrincipalByAppId(appId);
  if (principal === undefined) {
    const tenant = directory.tenantId;
    throw new ApiError(oauthErrors.clientWithoutPrincipal, { appId, tenant });
  }
  if (!principal.accountEnabled) {
    throw new ApiError(oauthErrors.clientDisabled, { appId, displayName });
  }
  return principal;
}
