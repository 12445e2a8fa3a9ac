// The login host: sign-in, tokens and discovery. No operation here takes a bearer token; each
// decides for itself who is asking, and nothing on this host opens a vault.
import { resourceAudiences } from '#authentication';
import { anonymousGrant } from '#authorization';
import type { Directory } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError, type Clock, type Plane, type Refusals } from '#kernel';
import { type Storage, tenantPartition } from '#storage';
import { discoveryOperations } from './discovery/operations.ts';
import type { LoginContext, LoginEndpoints, LoginTarget } from './login-context.ts';
import { managedIdentityOperations } from './managed-identity/operations.ts';
import { correlationId, renderOAuthError } from './oauth-wire.ts';
import { type FetchJson, IssuerKeys } from './token/issuer-keys.ts';
import { tokenOperations } from './token/operations.ts';
import { SignInLimits } from './token/sign-in-limits.ts';

export interface LoginPlaneOptions {
  readonly storage: Storage;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly endpoints: LoginEndpoints;
  /** For the keys of outside issuers; without it only uploaded keys serve. */
  readonly fetchJson?: FetchJson;
}

export function loginPlane(options: LoginPlaneOptions): Plane<LoginTarget> {
  const { directory, endpoints, clock } = options;
  const context: LoginContext = {
    ...options,
    audiences: resourceAudiences(endpoints),
    issuerKeys: new IssuerKeys(options.fetchJson, clock),
    signInLimits: new SignInLimits(clock),
  };
  const { hostname } = new URL(endpoints.login);
  const target: LoginTarget = { origin: endpoints.login };
  return {
    name: 'login',
    operations: [
      ...discoveryOperations(context),
      ...tokenOperations(context),
      ...managedIdentityOperations(context),
    ],
    accept: (name) => (name === hostname ? target : undefined),
    // Every row is anonymous, so this is asked only for paths and methods that have no row.
    authenticate: async () => undefined,
    admit: () => {},
    authorize: ({ operation }) =>
      anonymousGrant(tenantPartition(directory.tenantId), `login/${operation.id}`),
    refusals,
    renderError: (error, request) =>
      renderOAuthError(error, request, { login: endpoints.login, nowMs: clock.now() }),
    headers: (request) => ({
      'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
      'X-Content-Type-Options': 'nosniff',
      'x-ms-request-id': request.id,
      'client-request-id': correlationId(request),
    }),
    describe: ({ request, params }) => ({
      resourceId: `/tenants/${directory.tenantId}/providers/Microsoft.aadiam`,
      objectId: `${endpoints.login}${params.tenant === undefined ? '/' : request.path}`,
    }),
  };
}

const refusals: Refusals = {
  unknownPath: () => new ApiError(oauthErrors.unknownPath),
  methodNotAllowed: ({ method }) => new ApiError(oauthErrors.methodNotAllowed, { method }),
  apiVersion: () => new ApiError(oauthErrors.malformedRequest),
  malformedJson: () => new ApiError(oauthErrors.malformedRequest),
  schema: (error) => new ApiError(oauthErrors.malformedRequest, {}, { cause: error }),
  bodyTooLarge: () => new ApiError(oauthErrors.bodyTooLarge),
  internal: (cause) => new ApiError(oauthErrors.internal, {}, { cause }),
};
