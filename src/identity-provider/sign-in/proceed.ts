// Takes a browser one step further on its way: shows the page that the decision asks for, or ends
// the flow. A session starts here and nowhere else, once everything is proved that has to be.
import type { User } from '#directory';
import { signInErrors } from '#errors';
import { ApiError, type Result, unixSeconds } from '#kernel';
import { finishAuthorization, refuseAuthorization } from '../authorize/finish.ts';
import { mayConsentForAll, type WantedConsent, wantedConsent } from '../consent/consent.ts';
import { findDevice } from '../device-code/device-code-store.ts';
import { notBeforeSessionCut } from '../token/access-token.ts';
import type { Flow, Proof } from './flow.ts';
import {
  enrolmentPage,
  listAccounts,
  secondFactorPage,
  securityInfoPage,
  signInAudit,
  signInPage,
} from './flow-pages.ts';
import {
  decideProofStep,
  decideStep,
  demandsSecondFactor,
  requestOf,
  type Step,
} from './next-step.ts';
import { renderAccountPicker, renderChangePassword } from './pages/account-pages.ts';
import { renderConsent } from './pages/consent-page.ts';
import { renderDeviceConfirmation } from './pages/device-pages.ts';
import type { FlowPage } from './pages/sign-in-page.ts';
import { type LiveAccount, sessionsValidFromMs } from './session.ts';
import { startSession } from './session-store.ts';
import { accountsOf, clientOf, flowPage, type Visit } from './visit.ts';

export async function proceed(visit: Visit, flow: Flow): Promise<Result> {
  return flow.proof === undefined ? goOn(visit, flow) : prove(visit, flow);
}

/** A proof given now. Where a cut lies in the second to come, it counts as given after that. */
export function proofOf(visit: Visit, user: User, methods: readonly string[]): Proof {
  const atMs = Math.max(visit.context.clock.now(), sessionsValidFromMs(user));
  return { userId: user.id, methods: [...new Set(methods)], atMs };
}

export interface Proved {
  readonly user: User;
  readonly proof: Proof;
}

/** Who has proved himself in this flow, unless that was withdrawn since. */
export function provedIn({ context }: Visit, { proof }: Flow): Proved | undefined {
  const user = proof && context.directory.user(proof.userId);
  if (proof === undefined || user === undefined || !user.accountEnabled) return undefined;
  return proof.atMs < sessionsValidFromMs(user) ? undefined : { user, proof };
}

/** With what was just proved: asks for the rest, or starts the session. */
async function prove(visit: Visit, flow: Flow): Promise<Result> {
  const { directory } = visit.context;
  const proved = provedIn(visit, flow);
  if (proved === undefined) return signInPage(visit, { ...flow, proof: undefined });
  const { user, proof } = proved;
  const step = decideProofStep(proof, {
    hasSecondFactor: directory.hasSecondFactor(user.id),
    isDemanded: demandsSecondFactor(flow),
    mustChangePassword: user.forceChangePasswordNextSignIn,
  });
  switch (step) {
    case 'second-factor':
      return secondFactorPage(visit, flow, { user });
    case 'register-factor':
      return enrolmentPage(visit, flow, { user });
    case 'change-password':
      return changePasswordPage(visit, flow, { user });
    case 'signed-in':
      return signIn(visit, flow, { user, methods: proof.methods });
  }
}

interface PasswordChange {
  readonly user: User;
  readonly isOwnWish?: boolean;
  readonly problem?: FlowPage['problem'];
}

export function changePasswordPage(
  visit: Visit,
  flow: Flow,
  { user, problem, isOwnWish = false }: PasswordChange,
): Result {
  return renderChangePassword({
    ...flowPage(visit, flow),
    audit: signInAudit(flow, user, 'interrupted'),
    userName: user.userPrincipalName,
    isOwnWish,
    problem: problem && { ...problem, text: ofThisForm(problem) },
  });
}

/** Whose password it is stands fast here. */
function ofThisForm({ text, coded }: NonNullable<FlowPage['problem']>): string {
  return coded.startsWith('AADSTS50126') ? 'That is not your current password. Try again.' : text;
}

async function signIn(
  visit: Visit,
  flow: Flow,
  { user, methods }: { readonly user: User; readonly methods: readonly string[] },
): Promise<Result> {
  const { context, view, request } = visit;
  const signedInAtS = notBeforeSessionCut(user, unixSeconds(context.clock));
  const account = { userId: user.id, methods, signedInAtS };
  const started = await startSession(view, request, { account, nowMs: context.clock.now() });
  const { proof: _proved, pending: _answered, ...rest } = flow;
  const result = await goOn(
    { ...visit, ...started },
    { ...rest, account: { userId: user.id, isFresh: true } },
  );
  // Also where the answer is a redirect or a page that sets no cookie of its own.
  return {
    ...result,
    headers: { ...result.headers, 'Set-Cookie': started.setCookie },
    audit: { ...signInAudit(flow, user, 'success'), ...result.audit },
  };
}

/** Who a form of the flow's last page speaks for, if nothing has changed since it was shown. */
export function settledAccount(visit: Visit, flow: Flow): LiveAccount | undefined {
  const step = decide(visit, flow);
  return step.kind === 'finish' && flow.account?.isFresh === true ? step.account : undefined;
}

function decide(visit: Visit, flow: Flow): Step {
  const { directory, clock } = visit.context;
  return decideStep(flow, {
    accounts: accountsOf(visit),
    nowMs: clock.now(),
    hasSecondFactor: ({ userId }) => directory.hasSecondFactor(userId),
    consent: ({ user }) => {
      const wanted = consentOf(visit, flow, user);
      if (wanted === undefined) return 'never';
      return wanted.scopes.length === 0 ? 'given' : 'missing';
    },
  });
}

/** With who is signed in: towards where the browser is going. */
async function goOn(visit: Visit, flow: Flow): Promise<Result> {
  const step = decide(visit, flow);
  switch (step.kind) {
    case 'sign-in':
      return signInPage(visit, flow);
    case 'choose-account':
      return renderAccountPicker({ ...flowPage(visit, flow), accounts: listAccounts(visit) });
    case 'prove-more': {
      const proof = proofOf(visit, step.account.user, step.account.methods);
      return prove(visit, { ...flow, proof });
    }
    case 'consent':
      return consentPage(visit, flow, step.account);
    default:
      return end(visit, flow, step);
  }
}

async function end(
  visit: Visit,
  flow: Flow,
  step: Extract<Step, { kind: 'finish' | 'refuse' }>,
): Promise<Result> {
  const request = requestOf(flow);
  if (step.kind === 'refuse') {
    if (request === undefined) throw new Error('only an application can ask for silence');
    throw refuseAuthorization(visit, flow, { request, definition: step.error });
  }
  const { account } = step;
  if (request !== undefined) return finishAuthorization(visit, flow, { request, account });
  const settled = { ...flow, account: { userId: account.userId, isFresh: true } };
  const { destination } = flow;
  if (destination.kind !== 'device') return securityInfoPage(visit, settled, account);
  const device = await findDevice(visit.view, destination.id, visit.context.clock.now());
  if (device === undefined) throw new ApiError(signInErrors.deviceCodeExpired);
  return renderDeviceConfirmation({
    ...flowPage(visit, settled),
    audit: signInAudit(flow, account.user, 'interrupted'),
    userName: account.user.userPrincipalName,
    clientAddress: device.clientAddress,
  });
}

/** What an application asks the person for, or `undefined` if nobody has to be asked. */
export function consentOf({ context }: Visit, flow: Flow, user: User): WantedConsent | undefined {
  const asking = clientOf(context, flow);
  return asking && wantedConsent(context.directory, { ...asking, user });
}

function consentPage(visit: Visit, flow: Flow, { user }: LiveAccount): Result {
  const wanted = consentOf(visit, flow, user);
  if (wanted === undefined) throw new Error('there is nothing to consent to');
  const settled = { ...flow, account: { userId: user.id, isFresh: true } };
  const isAdministrator = mayConsentForAll(visit.context.directory, user.id, wanted);
  return renderConsent({
    ...flowPage(visit, settled),
    audit: signInAudit(flow, user, 'interrupted'),
    userName: user.userPrincipalName,
    permissions: wanted.permissions,
    mayConsentForAll: isAdministrator,
    mayAccept: isAdministrator || !wanted.needsAdministrator,
  });
}
