// One request of a person's browser: who is signed in there, and the flow that its form carries.
import type { Application } from '#directory';
import { signInErrors } from '#errors';
import { ApiError, type Grant, type RawRequest } from '#kernel';
import { clientNetwork } from '#network';
import type { View } from '#storage';
import { requestedScope } from '../authorize/authorize-request.ts';
import { formActionSource } from '../authorize/redirect-uri.ts';
import type { LoginContext } from '../login-context.ts';
import type { UserScope } from '../resource/user-scope.ts';
import { type Browser, browserOf, knownBrowser } from './browser.ts';
import { type Flow, openFlow, sealFlow } from './flow.ts';
import { requestOf } from './next-step.ts';
import type { FlowPage } from './pages/sign-in-page.ts';
import { type LiveAccount, liveAccounts, type Session } from './session.ts';
import { loadSession } from './session-store.ts';

export interface Visit {
  readonly context: LoginContext;
  readonly request: RawRequest;
  readonly view: View;
  readonly browser: Browser;
  readonly session: Session | undefined;
  /** The cookie that the answer has to set: a browser's or a session's, never both. */
  readonly setCookie: string | undefined;
}

interface Called {
  readonly request: RawRequest;
  readonly grant: Grant;
}

export async function openVisit(context: LoginContext, { request, grant }: Called): Promise<Visit> {
  const view = context.storage.view(grant);
  const browser = browserOf(request);
  const session = await loadSession(view, request, context.clock.now());
  return { context, request, view, browser, session, setCookie: browser.setCookie };
}

/** A form and the flow it carries. Throws what the person is told if it is not one of ours. */
export async function openForm(
  context: LoginContext,
  called: Called,
  sealed: string | undefined,
): Promise<{ readonly visit: Visit; readonly flow: Flow }> {
  requireRate(context, called.request);
  // Browsers say where a request comes from; one from another site is not looked at any further.
  const site = called.request.headers['sec-fetch-site'] ?? 'same-origin';
  if (site !== 'same-origin') throw new ApiError(signInErrors.formFromElsewhere);
  const browser = knownBrowser(called.request);
  const nowMs = context.clock.now();
  const flow = browser && openFlow(context.storage, sealed ?? '', { browserId: browser.id, nowMs });
  if (flow === undefined) throw new ApiError(signInErrors.formOutdated);
  return { visit: await openVisit(context, called), flow };
}

/** Throws what the person is told. */
export function requireRate(context: LoginContext, request: RawRequest): void {
  if (context.formRates.take(clientNetwork(request.clientAddress))) return;
  throw new ApiError(signInErrors.tooManyTries, {}, { headers: { 'Retry-After': '60' } });
}

export function accountsOf({ session, context }: Visit): readonly LiveAccount[] {
  return liveAccounts(session, context.directory, context.clock.now());
}

export interface AskingClient {
  readonly client: Application;
  readonly scope: UserScope;
}

/** The application that the flow leads to, and what it asks for. */
export function clientOf(context: LoginContext, flow: Flow): AskingClient | undefined {
  const { destination } = flow;
  if (destination.kind !== 'application' && destination.kind !== 'device') return undefined;
  const { clientId } =
    destination.kind === 'application' ? destination.request.reply : destination.request;
  const client = context.directory.client(clientId);
  return client && { client, scope: requestedScope(context, destination.request) };
}

/** What each page of the flow needs. */
export function flowPage(visit: Visit, flow: Flow): FlowPage {
  const { context, browser, setCookie } = visit;
  const request = requestOf(flow);
  return {
    sealed: sealFlow(context.storage, flow, browser.id),
    application: clientOf(context, flow)?.client.displayName,
    formAction: request && formActionSource(request.reply.redirectUri),
    setCookie,
  };
}
