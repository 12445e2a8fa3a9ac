// Microsoft Graph v1.0, the part that is the directory. Who may do what follows from directory
// roles (decided in `authorization`), with two exceptions that Graph has as well: everybody may
// look at himself, and an owner may manage his application or group.
import { resourceAudiences, TokenRefused } from '#authentication';
import { authenticatedGrant, directoryGrant } from '#authorization';
import { graphErrors } from '#errors';
import {
  ApiError,
  type Authorization,
  type ErrorDefinition,
  type Grant,
  type Plane,
  type Principal,
  type Refusals,
} from '#kernel';
import { tenantPartition } from '#storage';
import type { LoginEndpoints } from '../login-context.ts';
import type { IdentityLogs } from '../logs/identity-logs.ts';
import { logOperations } from '../logs/log-rows.ts';
import { correlationId } from '../oauth-wire.ts';
import { appRoleOperations } from './app-role-assignments/operations.ts';
import { applicationOperations } from './applications/operations.ts';
import { authenticationMethodOperations } from './authentication-methods/operations.ts';
import { deletedItemOperations } from './deleted-items/operations.ts';
import { directoryObjectOperations } from './directory-objects/operations.ts';
import { directoryRoleOperations } from './directory-roles/operations.ts';
import type { GraphContext, GraphTarget } from './graph-context.ts';
import { renderGraphError } from './graph-wire.ts';
import { groupOperations } from './groups/operations.ts';
import { linkOperations } from './links/link-rows.ts';
import { membershipOperations } from './links/membership-rows.ts';
import { organizationOperations } from './organization/operations.ts';
import { signingKeyOperations } from './organization/signing-keys.ts';
import { permissionGrantOperations } from './permission-grants/operations.ts';
import { servicePrincipalOperations } from './service-principals/operations.ts';
import { userOperations } from './users/operations.ts';

export interface GraphPlaneOptions extends GraphContext {
  readonly endpoints: LoginEndpoints;
  readonly logs: IdentityLogs;
}

export function graphPlane(options: GraphPlaneOptions): Plane<GraphTarget> {
  const { directory, endpoints, clock } = options;
  const { hostname } = new URL(endpoints.graph);
  const target: GraphTarget = { origin: endpoints.graph };
  const audiences = resourceAudiences(endpoints).graph;
  const signIn = `${endpoints.login}/common/oauth2/authorize`;
  const challenge = `Bearer realm="", authorization_uri="${signIn}"`;
  return {
    name: 'graph',
    operations: [
      ...applicationOperations(options),
      ...servicePrincipalOperations(options),
      ...userOperations(options),
      ...groupOperations(options),
      ...linkOperations(options),
      ...membershipOperations(options),
      ...appRoleOperations(options),
      ...permissionGrantOperations(options),
      ...directoryRoleOperations(options),
      ...organizationOperations(options),
      ...signingKeyOperations(options),
      ...directoryObjectOperations(options),
      ...authenticationMethodOperations(options),
      ...deletedItemOperations(options),
      ...logOperations(options.logs),
    ],
    accept: (name) => (name === hostname ? target : undefined),
    authenticate: async (request) => {
      try {
        return options.authenticator.authenticate(request.headers.authorization, audiences);
      } catch (error) {
        throw error instanceof TokenRefused ? refuseToken(error, challenge) : error;
      }
    },
    admit: () => {},
    authorize: (input) => authorize(options, input),
    refusals,
    renderError: (error, request) => renderGraphError(error, { request, nowMs: clock.now() }),
    headers: (request) => ({
      'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'request-id': request.id,
      'client-request-id': correlationId(request),
      'OData-Version': '4.0',
    }),
    describe: ({ request }) => ({
      resourceId: `/tenants/${directory.tenantId}/providers/Microsoft.Graph`,
      objectId: `${endpoints.graph}${request.path}`,
    }),
  };
}

function authorize(options: GraphPlaneOptions, input: Authorization<GraphTarget>): Grant {
  const { principal, operation, params } = input;
  const partition = tenantPartition(options.directory.tenantId);
  const { access } = operation;
  if (principal === undefined) throw new ApiError(graphErrors.tokenMissing);
  if (access.kind === 'authenticated') {
    return authenticatedGrant(principal, partition, `graph/${operation.id}`);
  }
  if (access.kind !== 'directory') throw new ApiError(graphErrors.requestDenied);
  const { permission } = access;
  // A person's token for the own profile alone (`User.Read`) is good for `/me` and nothing else.
  const { scp = 'user_impersonation' } = principal.claims;
  if (!scp.split(' ').includes('user_impersonation')) {
    throw new ApiError(graphErrors.requestDenied, {}, { reason: { code: 'ScopeTooNarrow' } });
  }
  const decision = options.authorizer.decideDirectory({ principal, permission });
  if (decision.allowed) return decision.grant;
  const asked = { principal, permission, id: params.id };
  if (owns(options, asked) || rollsOwnKeys(options, operation.id, asked)) {
    return directoryGrant(principal, partition, permission);
  }
  throw new ApiError(graphErrors.requestDenied, {}, { reason: decision.reason });
}

interface Ownership {
  readonly principal: Principal;
  readonly permission: string;
  readonly id: string | undefined;
}

/** Owners manage their application, its service principal, or their group. */
function owns({ directory }: GraphPlaneOptions, { principal, permission, id }: Ownership): boolean {
  if (id === undefined || !directory.isEnabled(principal.objectId)) return false;
  const [noun = ''] = permission.split('.');
  const owned =
    noun === 'Application'
      ? (directory.application(id) ?? directory.servicePrincipal(id))
      : OWNED_GROUP.has(noun) && directory.group(id);
  return owned ? owned.owners.includes(principal.objectId) : false;
}

/** An application needs no right to roll the certificates that it signs in with itself. */
function rollsOwnKeys(
  { directory }: GraphPlaneOptions,
  operationId: string,
  { principal, id = '' }: Ownership,
): boolean {
  if (!ROLLS_KEYS.has(operationId) || principal.type !== 'ServicePrincipal') return false;
  const own = directory.servicePrincipal(principal.objectId);
  return own?.accountEnabled === true && directory.application(id)?.appId === own.appId;
}

const ROLLS_KEYS = new Set(['AddApplicationKey', 'RemoveApplicationKey']);
const OWNED_GROUP = new Set(['Group', 'GroupMember']);

const REFUSED: Readonly<Record<TokenRefused['code'], ErrorDefinition>> = {
  missing: graphErrors.tokenMissing,
  malformed: graphErrors.tokenMalformed,
  algorithm: graphErrors.tokenInvalid,
  unknownKey: graphErrors.tokenInvalid,
  signature: graphErrors.tokenInvalid,
  issuer: graphErrors.tokenInvalid,
  tenant: graphErrors.tokenInvalid,
  audience: graphErrors.tokenAudience,
  notYetValid: graphErrors.tokenExpired,
  expired: graphErrors.tokenExpired,
  revoked: graphErrors.tokenRevoked,
};

function refuseToken(refused: TokenRefused, challenge: string): ApiError {
  const claims = refused.claimsChallenge;
  const header =
    claims === undefined
      ? challenge
      : `${challenge}, error="insufficient_claims", claims="${claims}"`;
  return new ApiError(
    REFUSED[refused.code],
    {},
    { cause: refused, reason: refused.refusal, headers: { 'WWW-Authenticate': header } },
  );
}

const refusals: Refusals = {
  unknownPath: ({ path }) =>
    new ApiError(graphErrors.unknownPath, { segment: path.split('/').at(-1)?.slice(0, 64) ?? '' }),
  methodNotAllowed: () => new ApiError(graphErrors.methodNotAllowed),
  apiVersion: () => new ApiError(graphErrors.malformedJson),
  malformedJson: () => new ApiError(graphErrors.malformedJson),
  schema: ({ part, issues }) => {
    const [issue] = issues;
    if (part !== 'body' || issue === undefined) {
      return new ApiError(graphErrors.badRequest, { detail: `Invalid ${part}.` });
    }
    const property = issue.path.join('/') || 'body';
    return new ApiError(graphErrors.invalidProperty, { property, resource: 'the request' });
  },
  bodyTooLarge: () => new ApiError(graphErrors.bodyTooLarge),
  internal: (cause) => new ApiError(graphErrors.internal, {}, { cause }),
};
