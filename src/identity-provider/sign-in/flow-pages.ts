// The pages of a flow, put together from what is known of the person and of where he is going.
import type { User } from '#directory';
import { ApiError, type Result } from '#kernel';
import { challengeNewPasskey, challengePasskey } from '../second-factor/passkey.ts';
import { enrolmentUri, newTimeSecret } from '../second-factor/time-code.ts';
import type { Flow } from './flow.ts';
import { demandsSecondFactor, requestOf } from './next-step.ts';
import { PageError } from './page-error.ts';
import type { ListedAccount } from './pages/account-pages.ts';
import {
  renderAuthenticatorEnrolment,
  renderSecondFactor,
  renderSecurityInfo,
} from './pages/factor-pages.ts';
import { type FlowPage, renderSignIn } from './pages/sign-in-page.ts';
import { accountsOf, flowPage, type Visit } from './visit.ts';

type Problem = FlowPage['problem'];

export async function signInPage(
  visit: Visit,
  flow: Flow,
  given: { readonly userName?: string; readonly problem?: Problem } = {},
): Promise<Result> {
  const { challenge, options } = await challengePasskey(relyingParty(visit), []);
  const userName = given.userName ?? requestOf(flow)?.loginHint;
  return renderSignIn({
    ...flowPage(visit, {
      ...flow,
      proof: undefined,
      pending: { purpose: 'passkey', value: challenge },
    }),
    userName,
    passkeyOptions: options,
    problem: given.problem,
  });
}

export async function secondFactorPage(
  visit: Visit,
  flow: Flow,
  { user, problem }: { readonly user: User; readonly problem?: Problem },
): Promise<Result> {
  const { authenticator, passkeys } = visit.context.directory.authenticationMethods(user.id);
  const asked = passkeys.length > 0 && (await challengePasskey(relyingParty(visit), passkeys));
  const pending = asked ? ({ purpose: 'passkey', value: asked.challenge } as const) : undefined;
  return renderSecondFactor({
    ...flowPage(visit, { ...flow, pending }),
    audit: signInAudit(flow, user, 'interrupted'),
    userName: user.userPrincipalName,
    hasAuthenticator: authenticator !== undefined,
    passkeyOptions: asked ? asked.options : undefined,
    problem,
  });
}

/** The secret stays the same while the person mistypes. */
export function enrolmentPage(
  visit: Visit,
  flow: Flow,
  { user, problem, secret = newTimeSecret() }: Enrolment,
): Result {
  const { host } = new URL(visit.context.endpoints.login);
  return renderAuthenticatorEnrolment({
    ...flowPage(visit, { ...flow, pending: { purpose: 'authenticator', value: secret } }),
    audit: signInAudit(flow, user, 'interrupted'),
    uri: enrolmentUri(secret, user.userPrincipalName, host),
    secret,
    isDemanded: demandsSecondFactor(flow),
    problem,
  });
}

interface Enrolment {
  readonly user: User;
  readonly problem?: Problem;
  readonly secret?: string;
}

export async function securityInfoPage(
  visit: Visit,
  flow: Flow,
  { user, problem }: { readonly user: User; readonly problem?: Problem },
): Promise<Result> {
  const methods = visit.context.directory.authenticationMethods(user.id);
  const asked = await challengeNewPasskey(relyingParty(visit), user, methods.passkeys);
  const pending = { purpose: 'new-passkey', value: asked.challenge } as const;
  return renderSecurityInfo({
    ...flowPage(visit, { ...flow, pending, notice: undefined }),
    notice: flow.notice === 'password-changed' ? 'Your password is changed.' : undefined,
    userName: user.userPrincipalName,
    methods,
    passkeyOptions: asked.options,
    problem,
  });
}

export function listAccounts(visit: Visit): readonly ListedAccount[] {
  return accountsOf(visit).map(({ user }) => ({
    id: user.id,
    displayName: user.displayName,
    userName: user.userPrincipalName,
  }));
}

export function relyingParty({ context }: Visit): { readonly origin: string } {
  return { origin: context.endpoints.login };
}

export type Outcome = 'success' | 'interrupted' | 'failure';

/** What the audit log, and the sign-in log made of it, says of a person's sign-in. */
export function signInAudit(
  flow: Flow,
  user: Pick<User, 'id' | 'userPrincipalName'> | undefined,
  outcome: Outcome,
): Readonly<Record<string, unknown>> {
  const methods = flow.proof?.methods;
  return {
    ...(user && { userId: user.id, userPrincipalName: user.userPrincipalName }),
    clientId: clientIdOf(flow),
    destination: flow.destination.kind,
    ...(methods && { credential: methods.join(' ') }),
    outcome,
  };
}

function clientIdOf({ destination }: Flow): string | undefined {
  if (destination.kind === 'device') return destination.request.clientId;
  return destination.kind === 'application' ? destination.request.reply.clientId : undefined;
}

/** The form once more, with what was wrong; audited as the refusal it is. */
export async function askAgain(
  error: unknown,
  render: (problem: NonNullable<Problem>) => Promise<Result> | Result,
  audit: Readonly<Record<string, unknown>>,
): Promise<never> {
  const isAnswered = error instanceof PageError;
  if (isAnswered || !(error instanceof ApiError) || error.status >= 500) throw error;
  const { inner = '' } = error.definition;
  const coded = `${inner}: ${error.message}`;
  const text =
    inner === 'AADSTS500121' && audit.credential === 'passkey'
      ? PASSKEY_WRONG
      : (FRIENDLY[inner] ?? error.message);
  const page = await render({ text, coded });
  throw new PageError(error, { ...page, status: error.status, audit });
}

/** Entra's texts are for developers; a person at a form needs other words. */
const FRIENDLY: Readonly<Record<string, string>> = {
  AADSTS50126: 'That user name and password do not go together. Check both and try again.',
  AADSTS50053: 'There were too many wrong tries. Wait a while, then try again.',
  AADSTS50057: 'This account is switched off. Ask an administrator.',
  AADSTS500121: 'That did not prove it. Wait for the next code and enter it.',
};
/** Of the same number as a wrong code, but there is no next one to wait for. */
const PASSKEY_WRONG = 'That passkey did not work here. Try another one, or another way to sign in.';
