// What a browser on its way has to do next. Decides only; which page that is, and what happens when
// nothing is left to do, is `proceed.ts`'s affair.
import { signInErrors } from '#errors';
import type { ErrorDefinition } from '#kernel';
import type { AuthorizeRequest } from '../authorize/authorize-request.ts';
import type { Flow, Proof } from './flow.ts';
import type { LiveAccount } from './session.ts';

export type Step =
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'choose-account' }
  /** More than this session has shown so far. */
  | { readonly kind: 'prove-more'; readonly account: LiveAccount }
  | { readonly kind: 'consent'; readonly account: LiveAccount }
  | { readonly kind: 'finish'; readonly account: LiveAccount }
  /** Only where the client asked not to show anything. */
  | { readonly kind: 'refuse'; readonly error: ErrorDefinition };

export interface Standing {
  readonly accounts: readonly LiveAccount[];
  readonly nowMs: number;
  readonly hasSecondFactor: (account: LiveAccount) => boolean;
  /** `never`: an application of which nobody is asked. */
  readonly consent: (account: LiveAccount) => 'never' | 'given' | 'missing';
}

export const SECOND_FACTOR = 'mfa';
/** Who finds an open browser should not be able to make himself at home in it. */
const OWN_ACCOUNT_MAX_AGE_S = 900;

export function decideStep(flow: Flow, standing: Standing): Step {
  const request = requestOf(flow);
  const step = decideVisibleStep(flow, request, standing);
  if (request?.prompt !== 'none' || step.kind === 'finish') return step;
  return { kind: 'refuse', error: SILENT[step.kind] };
}

const SILENT = {
  'sign-in': signInErrors.loginRequired,
  'choose-account': signInErrors.loginRequired,
  'prove-more': signInErrors.secondFactorRequired,
  consent: signInErrors.consentRequired,
  refuse: signInErrors.loginRequired,
} as const;

function decideVisibleStep(
  flow: Flow,
  request: AuthorizeRequest | undefined,
  standing: Standing,
): Step {
  const found = chooseAccount(flow, request, standing);
  if (typeof found === 'string') return { kind: found };
  const isFresh = flow.account?.isFresh === true;
  const isDevice = flow.destination.kind === 'device';
  if (!isFresh && !isDevice && isTooOld(found, request, standing.nowMs)) return { kind: 'sign-in' };
  const isProved = found.methods.includes(SECOND_FACTOR);
  // Also for who signed in before he registered one.
  const isDemanded = demandsSecondFactor(flow) || standing.hasSecondFactor(found);
  if (isDemanded && !isProved) return { kind: 'prove-more', account: found };
  const consent = standing.consent(found);
  const asks = consent === 'missing' || (consent === 'given' && request?.prompt === 'consent');
  if (asks && flow.consented !== true) return { kind: 'consent', account: found };
  return { kind: 'finish', account: found };
}

function chooseAccount(
  { account: chosen, destination }: Flow,
  request: AuthorizeRequest | undefined,
  { accounts }: Standing,
): LiveAccount | 'sign-in' | 'choose-account' {
  // Choosing among those who are signed in is no new sign-in.
  if (request?.prompt === 'login' && chosen?.isFresh !== true) return 'sign-in';
  if (chosen !== undefined) {
    return accounts.find(({ userId }) => userId === chosen.userId) ?? 'sign-in';
  }
  const [first, ...others] = accounts;
  if (first === undefined) return 'sign-in';
  // Who is lured to let a device in should see as whom.
  if (request?.prompt === 'select_account' || destination.kind === 'device') {
    return 'choose-account';
  }
  const hint = request?.loginHint?.toLowerCase();
  if (hint !== undefined) {
    const isHinted = ({ user }: LiveAccount) =>
      user.userPrincipalName.toLowerCase() === hint || user.id === hint;
    return accounts.find(isHinted) ?? 'sign-in';
  }
  return others.length === 0 ? first : 'choose-account';
}

function isTooOld(
  { signedInAtS }: LiveAccount,
  request: AuthorizeRequest | undefined,
  nowMs: number,
): boolean {
  const maxAgeS = request === undefined ? OWN_ACCOUNT_MAX_AGE_S : request.maxAgeS;
  return maxAgeS !== undefined && nowMs / 1000 - signedInAtS >= maxAgeS;
}

export function requestOf({ destination }: Flow): AuthorizeRequest | undefined {
  return destination.kind === 'application' ? destination.request : undefined;
}

export function demandsSecondFactor(flow: Flow): boolean {
  return requestOf(flow)?.demandsSecondFactor === true;
}

export type ProofStep = 'second-factor' | 'register-factor' | 'change-password' | 'signed-in';

/** What is missing between a proof and a session. */
export function decideProofStep(
  proof: Proof,
  input: {
    readonly hasSecondFactor: boolean;
    readonly isDemanded: boolean;
    readonly mustChangePassword: boolean;
  },
): ProofStep {
  if (!proof.methods.includes(SECOND_FACTOR)) {
    if (input.hasSecondFactor) return 'second-factor';
    // Not with a one-time password: it is changed first.
    if (input.isDemanded && !input.mustChangePassword) return 'register-factor';
  }
  return input.mustChangePassword ? 'change-password' : 'signed-in';
}
