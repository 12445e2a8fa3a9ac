// The login host: sign-in, tokens and discovery. No operation here takes a bearer token; each
// decides for itself who is asking, and nothing on this host opens a vault.
import { resourceAudiences } from '#authentication';
import { anonymousGrant } from '#authorization';
import type { Directory } from '#directory';
import { oauthErrors } from '#errors';
import {
  ApiError,
  type Clock,
  type Plane,
  type RawRequest,
  type Refusals,
  type Result,
} from '#kernel';
import { type Storage, tenantPartition } from '#storage';
import { authorizeOperations } from './authorize/operations.ts';
import { isSpaOrigin } from './authorize/redirect-uri.ts';
import { deviceCodeOperations } from './device-code/operations.ts';
import { discoveryOperations } from './discovery/operations.ts';
import type { LoginContext, LoginEndpoints, LoginTarget } from './login-context.ts';
import { managedIdentityOperations } from './managed-identity/operations.ts';
import { correlationId, renderOAuthError } from './oauth-wire.ts';
import { securityInfoOperations } from './security-info/operations.ts';
import { assetOperations } from './sign-in/assets/operations.ts';
import { signInOperations } from './sign-in/operations.ts';
import { PageError } from './sign-in/page-error.ts';
import { isPagePath, renderErrorPage } from './sign-in/pages/error-page.ts';
import { RequestRates } from './sign-in/request-rates.ts';
import { signOutOperations } from './sign-out/operations.ts';
import { type FetchJson, IssuerKeys } from './token/issuer-keys.ts';
import { tokenOperations } from './token/operations.ts';
import { SECOND_FACTORS, SignInLimits } from './token/sign-in-limits.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of one address in a minute; enough for an office behind one address. */
const FORMS_MAX = 300;
/** A client polls every five seconds; what comes a little early is no offence. */
const POLLS_MAX = 3;
const POLL_WINDOW_MS = 5000;

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
    secondFactorLimits: new SignInLimits(clock, SECOND_FACTORS),
    formRates: new RequestRates(clock, { countMax: FORMS_MAX, windowMs: MINUTE_MS }),
    userCodeLimits: new SignInLimits(clock),
    devicePolls: new RequestRates(clock, { countMax: POLLS_MAX, windowMs: POLL_WINDOW_MS }),
    usedChallenges: new RequestRates(clock, { countMax: 1, windowMs: HOUR_MS }),
  };
  const { hostname } = new URL(endpoints.login);
  const target: LoginTarget = { origin: endpoints.login };
  return {
    name: 'login',
    operations: [
      ...discoveryOperations(context),
      ...tokenOperations(context),
      ...managedIdentityOperations(context),
      ...pageOperations(context),
    ],
    accept: (name) => (name === hostname ? target : undefined),
    // Every row is anonymous, so this is asked only for paths and methods that have no row.
    authenticate: async () => undefined,
    admit: () => {},
    authorize: ({ operation }) =>
      anonymousGrant(tenantPartition(directory.tenantId), `login/${operation.id}`),
    refusals,
    renderError: (error, request) => renderError(context, error, request),
    headers: (request) => ({
      'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
      'X-Content-Type-Options': 'nosniff',
      'x-ms-request-id': request.id,
      'client-request-id': correlationId(request),
      ...crossOriginHeaders(directory, request),
    }),
    describe: ({ request, params }) => ({
      resourceId: `/tenants/${directory.tenantId}/providers/Microsoft.aadiam`,
      objectId: `${endpoints.login}${params.tenant === undefined ? '/' : request.path}`,
    }),
  };
}

function pageOperations(context: LoginContext) {
  return [
    ...authorizeOperations(context),
    ...signInOperations(context),
    ...securityInfoOperations(context),
    ...signOutOperations(context),
    ...deviceCodeOperations(context),
    ...assetOperations(),
  ];
}

/** Pages of single-page applications may read what the token endpoint answers them. */
function crossOriginHeaders(directory: Directory, { path, headers }: RawRequest) {
  const { origin } = headers;
  if (origin === undefined || !/\/oauth2\/(v2\.0\/)?token\/?$/i.test(path)) return {};
  const isOurs = directory.applications().some((application) => isSpaOrigin(application, origin));
  return isOurs ? { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' } : {};
}

/** To a program in OAuth's words, to a person as a page. */
function renderError(context: LoginContext, error: ApiError, request: RawRequest): Result {
  const { clock, endpoints } = context;
  if (error instanceof PageError) return error.page;
  if (isPagePath(request.path)) return renderErrorPage(error, request, clock.now());
  return renderOAuthError(error, request, { login: endpoints.login, nowMs: clock.now() });
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
