// The authorization endpoint under its addresses: v2.0, v1, and both of them for the tenant `adfs`.
import { oauthErrors, signInErrors } from '#errors';
import { ApiError, type Grant, type Operation, operation, type RawRequest, z } from '#kernel';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { newFlow } from '../sign-in/flow.ts';
import { renderNativeClient } from '../sign-in/pages/account-pages.ts';
import { proceed } from '../sign-in/proceed.ts';
import { openVisit, requireRate } from '../sign-in/visit.ts';
import {
  type AuthorizeParameters,
  type AuthorizeRequest,
  authorizeParameters,
  type GivenRequest,
  parseAuthorizeRequest,
  parseReplyAddress,
  type ReplyAddress,
} from './authorize-request.ts';
import { replyError } from './reply.ts';

const row = {
  versions: { required: false, accepts: () => true },
  access: { kind: 'anonymous' },
  audit: 'Authorize',
  success: 200,
  params: z.object({ tenant: z.string().max(256) }),
  errors: [
    oauthErrors.tenantUnknown,
    oauthErrors.parameterMissing,
    oauthErrors.clientUnknown,
    oauthErrors.clientWithoutPrincipal,
    oauthErrors.clientDisabled,
    signInErrors.redirectUriMissing,
    signInErrors.redirectUriUnknown,
    signInErrors.tooManyTries,
  ],
} as const;

const ADDRESSES = [
  { version: 'V2', path: '/{tenant}/oauth2/v2.0/authorize', isV1: false },
  { version: 'V1', path: '/{tenant}/oauth2/authorize', isV1: true },
] as const;

export function authorizeOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  const rows = ADDRESSES.flatMap(({ version, path, isV1 }) => [
    operation<LoginTarget, { tenant: string }, AuthorizeParameters, unknown>({
      ...row,
      id: `Authorize${version}`,
      method: 'GET',
      path,
      query: authorizeParameters,
      handle: ({ params: { tenant }, query: parameters, request, grant }) =>
        authorize(context, { tenant, isV1, parameters }, { request, grant }),
    }),
    // OpenID Connect Core §3.1.2.1. The parameters move into the address, so that the sign-in goes
    // on as after a link.
    operation<LoginTarget, { tenant: string }, unknown, AuthorizeParameters>({
      ...row,
      id: `AuthorizePost${version}`,
      method: 'POST',
      path,
      bodyFormat: 'form',
      body: authorizeParameters,
      handle: ({ params: { tenant }, body: parameters, request }) => {
        parseReplyAddress(context, { tenant, isV1, parameters });
        const query = new URLSearchParams(Object.entries(parameters).map(([k, v]) => [k, `${v}`]));
        const location = `${context.endpoints.login}${request.path}?${query}`;
        return { status: 303, headers: { Location: location, 'Cache-Control': 'no-store' } };
      },
    }),
  ]);
  return [...rows, nativeClientRow()];
}

interface Called {
  readonly request: RawRequest;
  readonly grant: Grant;
}

async function authorize(context: LoginContext, given: GivenRequest, called: Called) {
  requireRate(context, called.request);
  const reply = parseReplyAddress(context, given);
  const request = parseOrReply(context, given, { reply, request: called.request });
  const visit = await openVisit(context, called);
  return proceed(visit, newFlow({ kind: 'application', request }, context.clock.now()));
}

function parseOrReply(
  context: LoginContext,
  given: GivenRequest,
  input: { readonly reply: ReplyAddress; readonly request: RawRequest },
): AuthorizeRequest {
  try {
    return parseAuthorizeRequest(context, given, input.reply);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { request, reply } = input;
    throw replyError(reply, error, { request, nowMs: context.clock.now() });
  }
}

/** Where an installed app that watches the address of its window may be sent. */
function nativeClientRow(): Operation<LoginTarget> {
  return operation({
    ...row,
    id: 'NativeClient',
    method: 'GET',
    path: '/common/oauth2/nativeclient',
    audit: 'NativeClientRead',
    params: z.object({}),
    errors: [],
    handle: () => renderNativeClient(),
  });
}
