// What a client asks of a person's browser: the parameters of the authorization endpoint. Until its
// redirect URI is known to be the client's own, nothing is sent there; what is wrong is then said
// to the person. Everything that is wrong afterwards is said to the client.
import type { Application } from '#directory';
import { oauthErrors, signInErrors } from '#errors';
import { ApiError, z } from '#kernel';
import type { LoginContext } from '../login-context.ts';
import { requestedUserScope, type UserScope } from '../resource/user-scope.ts';
import { parseTenantAlias, type TenantAlias } from '../tenant-alias.ts';
import { clientUnknown } from '../token/client-authentication.ts';
import { parseClientCapabilities } from '../token/client-capabilities.ts';
import { requirePrincipal } from '../token/token-request.ts';
import { asksForSecondFactor } from './claims-request.ts';
import { isProofKeyChallenge } from './proof-key.ts';
import { findPlatform, type Platform } from './redirect-uri.ts';

const short = z.string().max(512).optional();
const long = z.string().max(8192).optional();

export const authorizeParameters = z.object({
  client_id: short,
  response_type: short,
  redirect_uri: z.string().max(4096).optional(),
  response_mode: short,
  scope: long,
  resource: long,
  state: long,
  nonce: z.string().max(2048).optional(),
  prompt: short,
  login_hint: short,
  domain_hint: short,
  max_age: short,
  claims: long,
  client_info: short,
  code_challenge: short,
  code_challenge_method: short,
  amr_values: short,
});

export type AuthorizeParameters = z.infer<typeof authorizeParameters>;

export type ResponseMode = 'query' | 'fragment' | 'form_post';
export type Prompt = 'login' | 'none' | 'select_account' | 'consent';

/** Where the answer goes, once that is known to be the client's own address. */
export interface ReplyAddress {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly platform: Platform;
  readonly responseMode: ResponseMode;
  readonly state: string | undefined;
}

/** A request in which nothing is wrong. Plain values: it travels in a sealed form. */
export interface AuthorizeRequest {
  readonly reply: ReplyAddress;
  readonly isV1: boolean;
  readonly scope: string;
  readonly resource: string | undefined;
  readonly nonce: string | undefined;
  readonly prompt: Prompt | undefined;
  readonly loginHint: string | undefined;
  readonly maxAgeS: number | undefined;
  readonly wantsClientInfo: boolean;
  readonly codeChallenge: string | undefined;
  readonly demandsSecondFactor: boolean;
}

export interface GivenRequest {
  readonly tenant: string;
  readonly isV1: boolean;
  readonly parameters: AuthorizeParameters;
}

/** Throws what the person is told. */
export function parseReplyAddress(context: LoginContext, given: GivenRequest): ReplyAddress {
  const { parameters } = given;
  requireTenant(context, given.tenant);
  const clientId = requireOne(parameters, 'client_id');
  const application = context.directory.client(clientId);
  if (application === undefined) throw clientUnknown(context.directory, clientId);
  requirePrincipal(context, { application, method: 'none', credentialId: undefined });
  const redirectUri = parameters.redirect_uri ?? '';
  if (redirectUri === '') throw new ApiError(signInErrors.redirectUriMissing);
  const platform = findPlatform(application, redirectUri);
  if (platform === undefined) {
    const args = { redirectUri, appId: application.appId };
    throw new ApiError(signInErrors.redirectUriUnknown, args);
  }
  const { response_mode: mode, state } = parameters;
  return {
    clientId: application.appId,
    redirectUri,
    platform,
    // A mode that we do not know is refused below; that has to reach the client somehow.
    responseMode: isResponseMode(mode) ? mode : 'query',
    state,
  };
}

/** Throws what the client is told. */
export function parseAuthorizeRequest(
  context: LoginContext,
  given: GivenRequest,
  reply: ReplyAddress,
): AuthorizeRequest {
  const { parameters, isV1 } = given;
  requireResponse(parameters);
  const request: AuthorizeRequest = {
    reply,
    isV1,
    scope: parameters.scope ?? '',
    resource: isV1 ? parameters.resource : undefined,
    nonce: parameters.nonce,
    prompt: parsePrompt(parameters.prompt),
    loginHint: parameters.login_hint?.trim() || undefined,
    maxAgeS: parseMaxAge(parameters.max_age),
    wantsClientInfo: parameters.client_info === '1',
    codeChallenge: parseChallenge(context, parameters, reply),
    demandsSecondFactor: asksForSecondFactor(parameters.claims, parameters.amr_values),
  };
  // Said now rather than after the person has signed in.
  parseClientCapabilities(parameters.claims);
  requestedScope(context, request);
  return request;
}

export function requestedScope(
  context: LoginContext,
  request: Pick<AuthorizeRequest, 'scope' | 'resource' | 'isV1'>,
): UserScope {
  const { scope, resource, isV1 } = request;
  return requestedUserScope(context, { acceptsResource: isV1, form: { scope, resource } });
}

export function requireTenant(context: LoginContext, name: string): TenantAlias {
  const tenant = parseTenantAlias(context.directory, name);
  if (tenant === undefined) throw new ApiError(oauthErrors.tenantUnknown, { tenant: name });
  return tenant;
}

function requireOne(
  parameters: AuthorizeParameters,
  parameter: 'client_id' | 'response_type',
): string {
  const value = parameters[parameter];
  if (value) return value;
  throw new ApiError(oauthErrors.parameterMissing, { parameter });
}

function requireResponse(parameters: AuthorizeParameters): void {
  const responseType = requireOne(parameters, 'response_type');
  const kinds = responseType.split(/\s+/).filter((kind) => kind !== '');
  if (kinds.some((kind) => !['code', 'id_token', 'token'].includes(kind))) {
    throw new ApiError(signInErrors.responseTypeUnsupported, { responseType });
  }
  // Tokens in an address end up in histories and logs; Entra has them off unless switched on.
  if (kinds.length !== 1 || kinds[0] !== 'code') {
    throw new ApiError(signInErrors.responseTypeNotEnabled, { responseType });
  }
  const { response_mode: mode } = parameters;
  if (mode !== undefined && mode !== '' && !isResponseMode(mode)) {
    throw new ApiError(signInErrors.parameterUnsupported, { parameter: 'response_mode' });
  }
}

function isResponseMode(text: string | undefined): text is ResponseMode {
  return text === 'query' || text === 'fragment' || text === 'form_post';
}

function parsePrompt(text: string | undefined): Prompt | undefined {
  switch (text) {
    case 'login':
    case 'none':
    case 'select_account':
    case 'consent':
      return text;
    case 'admin_consent':
    case 'create':
      throw new ApiError(signInErrors.parameterUnsupported, { parameter: 'prompt' });
  }
  // az and old ADAL clients send words of their own here (`attempt_none`, `refresh_session`).
  return undefined;
}

function parseMaxAge(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ApiError(signInErrors.parameterUnsupported, { parameter: 'max_age' });
}

function parseChallenge(
  { directory }: LoginContext,
  parameters: AuthorizeParameters,
  { clientId, platform }: ReplyAddress,
): string | undefined {
  const { code_challenge: challenge, code_challenge_method: method } = parameters;
  if (challenge === undefined || challenge === '') {
    if (isPublic(directory.client(clientId), platform)) {
      throw new ApiError(signInErrors.proofKeyRequired);
    }
    return undefined;
  }
  if (method !== 'S256') {
    const parameter = 'code_challenge_method';
    throw new ApiError(signInErrors.parameterUnsupported, { parameter });
  }
  if (!isProofKeyChallenge(challenge)) throw new ApiError(signInErrors.proofKeyMalformed);
  return challenge;
}

/** Nothing but the proof key shows that such a client redeems its own code. */
function isPublic(application: Application | undefined, platform: Platform): boolean {
  return platform !== 'web' || application?.isFallbackPublicClient === true;
}
