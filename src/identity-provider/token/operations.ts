// The token endpoint under its two addresses; `adfs` is one of the tenants it is reached by.

import { oauthErrors, signInErrors } from '#errors';
import { ApiError, type Grant, type Operation, operation, type RawRequest, z } from '#kernel';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { parseTenantAlias } from '../tenant-alias.ts';
import { parseBasicCredentials } from './basic-credentials.ts';
import { grantTokens } from './token-service.ts';
import { renderTokens, renderTokensV1, type TokenForm, tokenForm, uncached } from './wire.ts';

const FACT_LENGTH_MAX = 256;

const row = {
  method: 'POST',
  versions: { required: false, accepts: () => true },
  access: { kind: 'anonymous' },
  audit: 'SignIn',
  success: 200,
  bodyFormat: 'form',
  params: z.object({ tenant: z.string().max(256) }),
  body: tokenForm,
  errors: [
    oauthErrors.tenantUnknown,
    oauthErrors.tenantNotNamed,
    oauthErrors.parameterMissing,
    oauthErrors.grantUnsupported,
    oauthErrors.claimsMalformed,
    oauthErrors.scopeNotDefault,
    oauthErrors.resourceUnknown,
    oauthErrors.clientUnknown,
    oauthErrors.clientWithoutPrincipal,
    oauthErrors.clientDisabled,
    oauthErrors.clientCredentialMissing,
    oauthErrors.clientSecretInvalid,
    oauthErrors.clientSecretExpired,
    oauthErrors.assertionMalformed,
    oauthErrors.clientMayNotHaveCredential,
    oauthErrors.userCredentialsInvalid,
    oauthErrors.userLocked,
    oauthErrors.userDisabled,
    oauthErrors.passwordMustChange,
    oauthErrors.scopeInvalid,
    oauthErrors.scopesOfSeveralResources,
    oauthErrors.scopeNotExposed,
    oauthErrors.consentRequired,
    oauthErrors.clientWithoutAppRole,
    oauthErrors.userWithoutAppRole,
    oauthErrors.onBehalfOfUse,
    oauthErrors.onBehalfOfInvalid,
    oauthErrors.onBehalfOfNotInTime,
    oauthErrors.onBehalfOfAudience,
    oauthErrors.onBehalfOfApplication,
    oauthErrors.refreshTokenInvalid,
    oauthErrors.refreshTokenExpired,
    oauthErrors.refreshTokenRevoked,
    oauthErrors.assertionTypeUnsupported,
    oauthErrors.assertionKeyUnknown,
    oauthErrors.assertionSignatureInvalid,
    oauthErrors.assertionNotInTime,
    oauthErrors.assertionClientMismatch,
    oauthErrors.assertionAudience,
    oauthErrors.federatedIssuerUnknown,
    oauthErrors.federatedSubjectUnknown,
    oauthErrors.federatedAudienceUnknown,
    oauthErrors.federatedSignatureInvalid,
    signInErrors.codeMalformed,
    signInErrors.codeExpired,
    signInErrors.codeRedeemed,
    signInErrors.codeOfAnotherClient,
    signInErrors.codeRedirectUri,
    signInErrors.codeVerifierWrong,
    signInErrors.codeNotForOrigin,
    signInErrors.codeOnlyForOrigin,
    signInErrors.secondFactorRequiredGrant,
    signInErrors.deviceCodePending,
    signInErrors.deviceCodeTooSoon,
    signInErrors.deviceCodeDeclined,
    signInErrors.deviceCodeExpired,
    signInErrors.deviceCodeUnknown,
  ],
} as const;

export function tokenOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  const answer = async (given: Given, acceptsResource: boolean) => {
    const tenant = parseTenantAlias(context.directory, given.params.tenant);
    if (!tenant) throw new ApiError(oauthErrors.tenantUnknown, { tenant: given.params.tenant });
    const form = withBasicCredentials(given.body, given.request);
    const facts = signInFacts(form);
    const issued = await audited(facts, () =>
      grantTokens(context, {
        tenant,
        form,
        acceptsResource,
        clientAddress: given.request.clientAddress,
        origin: given.request.headers.origin,
        view: context.storage.view(given.grant),
      }),
    );
    const isV1 = acceptsResource && form.resource !== undefined && !tenant.isAdfs;
    return {
      ...uncached(isV1 ? renderTokensV1(issued) : renderTokens(issued)),
      audit: { ...facts, resource: issued.resource.audience, ...issued.signedIn },
    };
  };
  return [
    operation({
      ...row,
      id: 'TokenV2',
      path: '/{tenant}/oauth2/v2.0/token',
      handle: (call) => answer(call, false),
    }),
    operation({
      ...row,
      id: 'TokenV1',
      path: '/{tenant}/oauth2/token',
      handle: (call) => answer(call, true),
    }),
  ];
}

/** What the sign-in log says of an attempt, whatever comes of it. */
function signInFacts(form: TokenForm): Readonly<Record<string, unknown>> {
  return {
    grantType: limit(form.grant_type),
    clientId: limit(form.client_id),
    resource: limit(form.resource ?? form.scope),
    // A password that was typed into the wrong field must not get into a log.
    ...(form.username?.includes('@') ? { userPrincipalName: limit(form.username) } : {}),
  };
}

function limit(text: string | undefined): string | undefined {
  return text?.slice(0, FACT_LENGTH_MAX);
}

/** A refusal says in the audit log who was refused, beside its own reason. */
export async function audited<T>(facts: object, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw error.withReason({ ...facts, ...asObject(error.reason) });
  }
}

function asObject(reason: unknown): object {
  return typeof reason === 'object' && reason !== null ? reason : {};
}

interface Given {
  readonly params: { readonly tenant: string };
  readonly body: TokenForm;
  readonly request: RawRequest;
  readonly grant: Grant;
}

function withBasicCredentials(form: TokenForm, request: RawRequest): TokenForm {
  const basic = parseBasicCredentials(request.headers.authorization);
  if (basic === undefined) return form;
  return { ...form, client_id: basic.clientId, client_secret: basic.clientSecret };
}
