// The end of an application's request: the code on its way to the client, or why there is none.
import { type ErrorDefinition, isGuid, type Result } from '#kernel';
import type { Flow } from '../sign-in/flow.ts';
import { signInAudit } from '../sign-in/flow-pages.ts';
import { PageError } from '../sign-in/page-error.ts';
import type { LiveAccount } from '../sign-in/session.ts';
import type { Visit } from '../sign-in/visit.ts';
import { renderClientInfo } from '../token/user-tokens.ts';
import { saveCode } from './authorization-code.ts';
import type { AuthorizeRequest } from './authorize-request.ts';
import { renderReply, replyRefusal } from './reply.ts';

export async function finishAuthorization(
  visit: Visit,
  flow: Flow,
  input: { readonly request: AuthorizeRequest; readonly account: LiveAccount },
): Promise<Result> {
  const { context, view, session } = visit;
  const { request, account } = input;
  const { reply, isV1, scope, resource, nonce, codeChallenge } = request;
  const { methods, signedInAtS, user } = account;
  const code = await saveCode(
    view,
    {
      reply: { clientId: reply.clientId, redirectUri: reply.redirectUri, platform: reply.platform },
      isV1,
      scope,
      resource,
      nonce,
      codeChallenge,
      userId: user.id,
      methods,
      signedInAtS,
    },
    context.clock.now(),
  );
  const result = renderReply(reply, {
    code,
    client_info: request.wantsClientInfo
      ? renderClientInfo(user, context.directory.tenantId)
      : undefined,
    session_state: isGuid(session?.sessionId ?? '') ? session?.sessionId : undefined,
  });
  const audit = { ...signInAudit(flow, user, 'success'), credential: methods.join(' ') };
  return { ...result, audit };
}

/** Tells the client, which asked for no page or whose person said no. */
export function refuseAuthorization(
  visit: Visit,
  flow: Flow,
  input: { readonly request: AuthorizeRequest; readonly definition: ErrorDefinition },
): PageError {
  const { context } = visit;
  const { reply, resource, scope } = input.request;
  const application = context.directory.client(reply.clientId);
  const refusal = replyRefusal(reply, input.definition, {
    request: visit.request,
    nowMs: context.clock.now(),
    args: {
      appId: reply.clientId,
      displayName: application?.displayName ?? '',
      resource: resource ?? scope,
    },
  });
  const audit = signInAudit(flow, undefined, 'failure');
  return new PageError(refusal, { ...refusal.page, audit });
}
