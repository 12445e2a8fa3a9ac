// Signing out of this browser (OpenID Connect RP-Initiated Logout). A link of another site may lead
// here, so it asks first; and it leads on only to where a registered application wants to be.
import { oauthErrors, signInErrors } from '#errors';
import { type Operation, operation, type Result, z } from '#kernel';
import { requireTenant } from '../authorize/authorize-request.ts';
import { formActionSource } from '../authorize/redirect-uri.ts';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { renderCookieRemoval, SESSION_COOKIE } from '../sign-in/browser.ts';
import { newFlow, sealFlow } from '../sign-in/flow.ts';
import { listAccounts } from '../sign-in/flow-pages.ts';
import { flowField, formErrors, formRow } from '../sign-in/form-row.ts';
import { renderSignedOut, renderSignOut } from '../sign-in/pages/account-pages.ts';
import { endSession } from '../sign-in/session-store.ts';
import { openForm, openVisit, requireRate } from '../sign-in/visit.ts';
import { findReturnAddress } from './return-address.ts';

const long = z.string().max(8192).optional();
const parameters = z.object({
  post_logout_redirect_uri: z.string().max(4096).optional(),
  client_id: z.string().max(512).optional(),
  id_token_hint: long,
  state: long,
});

const ADDRESSES = [
  { version: 'V2', path: '/{tenant}/oauth2/v2.0/logout' },
  { version: 'V1', path: '/{tenant}/oauth2/logout' },
] as const;

export function signOutOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  return [...ADDRESSES.map((address) => askRow(context, address)), signOutRow(context)];
}

function askRow(
  context: LoginContext,
  { version, path }: (typeof ADDRESSES)[number],
): Operation<LoginTarget> {
  return operation({
    ...formRow,
    method: 'GET',
    id: `SignOut${version}`,
    path,
    audit: 'SignOutAsk',
    errors: [oauthErrors.tenantUnknown, signInErrors.tooManyTries],
    params: z.object({ tenant: z.string().max(256) }),
    query: parameters,
    handle: async ({ params, query, request, grant }): Promise<Result> => {
      requireRate(context, request);
      requireTenant(context, params.tenant);
      const visit = await openVisit(context, { request, grant });
      const returnTo = findReturnAddress(context.directory, {
        uri: query.post_logout_redirect_uri,
        clientId: query.client_id,
        state: query.state,
      });
      const accounts = listAccounts(visit);
      if (accounts.length === 0) return leave(returnTo, visit.setCookie);
      const flow = newFlow({ kind: 'sign-out', returnTo }, context.clock.now());
      return renderSignOut({
        sealed: sealFlow(context.storage, flow, visit.browser.id),
        accounts,
        formAction: returnTo && formActionSource(returnTo),
        setCookie: visit.setCookie,
      });
    },
  });
}

function signOutRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignOut',
    path: '/sign-out',
    audit: 'SignOut',
    errors: [...formErrors],
    body: z.object({ flow: flowField }),
    handle: async ({ body, request, grant }): Promise<Result> => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      await endSession(visit.view, request);
      const { destination } = flow;
      const returnTo = destination.kind === 'sign-out' ? destination.returnTo : undefined;
      return leave(returnTo, renderCookieRemoval(SESSION_COOKIE));
    },
  });
}

function leave(returnTo: string | undefined, setCookie: string | undefined): Result {
  if (returnTo === undefined) return renderSignedOut(setCookie);
  const headers = { Location: returnTo, 'Cache-Control': 'no-store' };
  return {
    status: 302,
    headers: { ...headers, ...(setCookie === undefined ? {} : { 'Set-Cookie': setCookie }) },
  };
}
