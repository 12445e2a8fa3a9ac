// Where a machine's agent obtains tokens for the managed identities of that machine. Programs never
// come here: they ask the agent, who speaks IMDS's and App Service's dialects to them.
import type { Host } from '#directory';
import { managedIdentityErrors, oauthErrors } from '#errors';
import { ApiError, type Operation, operation, z } from '#kernel';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { resolveResource } from '../resource/target-resource.ts';
import { parseTenantAlias } from '../tenant-alias.ts';
import { requireAppRoles } from '../token/app-roles.ts';
import { issueAccessToken } from '../token/issue.ts';
import { audited } from '../token/operations.ts';
import { requirePrincipal } from '../token/token-request.ts';
import { renderTokensV1, uncached } from '../token/wire.ts';
import { type HostAssertionContext, verifyHostAssertion } from './host-assertion.ts';
import { ReplayGuard } from './replay-guard.ts';
import { selectIdentity } from './select-identity.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PATH = 'oauth2/managed-identity/token';
const FACT_LENGTH_MAX = 256;

const text = z.string().max(2048);

const tokenForm = z.object({
  client_assertion_type: text.optional(),
  client_assertion: z.string().max(8192).optional(),
  resource: text.optional(),
  client_id: text.optional(),
  object_id: text.optional(),
  msi_res_id: text.optional(),
  claims: z.string().max(4096).optional(),
});

type TokenForm = z.infer<typeof tokenForm>;

export function managedIdentityOperations(
  context: LoginContext,
): readonly Operation<LoginTarget>[] {
  const { directory, clock, endpoints } = context;
  const replays = new ReplayGuard();
  const audiencesOf = (segment: string) => [`${endpoints.login}/${segment}/${PATH}`];
  return [
    operation({
      id: 'ManagedIdentityToken',
      method: 'POST',
      path: `/{tenant}/${PATH}`,
      versions: { required: false, accepts: () => true },
      access: { kind: 'anonymous' },
      audit: 'ManagedIdentitySignIn',
      success: 200,
      bodyFormat: 'form',
      params: z.object({ tenant: z.string().max(256) }),
      body: tokenForm,
      errors: [
        oauthErrors.tenantUnknown,
        oauthErrors.tenantNotNamed,
        oauthErrors.parameterMissing,
        oauthErrors.assertionTypeUnsupported,
        oauthErrors.resourceUnknown,
        oauthErrors.clientDisabled,
        oauthErrors.clientWithoutAppRole,
        managedIdentityErrors.hostAssertionInvalid,
        managedIdentityErrors.identityNotFound,
        managedIdentityErrors.identityAmbiguous,
        managedIdentityErrors.selectorsSeveral,
      ],
      handle: ({ params, body }) => {
        const tenant = parseTenantAlias(directory, params.tenant);
        if (!tenant) throw new ApiError(oauthErrors.tenantUnknown, { tenant: params.tenant });
        if (tenant.kind === 'any') throw new ApiError(oauthErrors.tenantNotNamed);
        const audiences = audiencesOf(tenant.segment);
        return answer(context, { directory, clock, replays, audiences }, body);
      },
    }),
  ];
}

function answer(context: LoginContext, assertions: HostAssertionContext, form: TokenForm) {
  const facts = {
    grantType: 'managed_identity',
    clientId: form.client_id?.slice(0, FACT_LENGTH_MAX),
    resource: form.resource?.slice(0, FACT_LENGTH_MAX),
  };
  return audited(facts, async () => {
    if (form.client_assertion_type !== JWT_BEARER) {
      throw new ApiError(oauthErrors.assertionTypeUnsupported);
    }
    const assertion = requireParameter(form, 'client_assertion');
    const resource = requireParameter(form, 'resource');
    const host = await verifyHostAssertion(assertions, assertion);
    return audited({ host: host.resourceId }, async () => {
      const { body, audit } = await issueFor(context, host, { ...form, resource });
      return { ...uncached(body), audit: { ...facts, host: host.resourceId, ...audit } };
    });
  });
}

/** The machine has proved itself. */
async function issueFor(
  context: LoginContext,
  host: Host,
  form: TokenForm & { readonly resource: string },
) {
  const { directory } = context;
  const identity = selectIdentity(directory, host, {
    clientId: form.client_id,
    objectId: form.object_id,
    resourceId: form.msi_res_id,
  });
  const application = directory.client(identity.appId);
  if (application === undefined) throw new ApiError(managedIdentityErrors.identityNotFound);
  const client = { application, method: 'certificate', credentialId: host.id } as const;
  const principal = requirePrincipal(context, client);
  const resource = resolveResource(context, form.resource);
  const roles = requireAppRoles(directory, principal, resource);
  const subject = { kind: 'app', principal, roles, hostResourceId: host.resourceId } as const;
  const { claims } = form;
  const issued = await issueAccessToken(context, { client, resource, subject, claims });
  return {
    body: {
      ...renderTokensV1(issued),
      // Clients hold these against what they asked for (MSAL's Azure Arc source).
      client_id: identity.appId,
      object_id: identity.id,
      msi_res_id: identity.managedIdentityResourceId,
    },
    audit: {
      clientId: identity.appId,
      resource: issued.resource.audience,
      ...issued.signedIn,
    },
  };
}

function requireParameter(form: TokenForm, parameter: 'client_assertion' | 'resource'): string {
  const value = form[parameter];
  if (value === undefined || value === '') {
    throw new ApiError(oauthErrors.parameterMissing, { parameter });
  }
  return value;
}
