// One's own password and second factors: to see, to change, to add, to take away. Needs a sign-in
// of the last minutes, with the second factor where there is one, so that an open browser is not
// enough.
import {
  addPasskey,
  removeAuthenticator,
  removePasskey,
  saveAuthenticator,
  type User,
} from '#directory';
import { graphErrors, signInErrors } from '#errors';
import { ApiError, type Operation, operation, z } from '#kernel';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { verifyNewPasskey } from '../second-factor/passkey.ts';
import { timeCodeStep } from '../second-factor/time-code.ts';
import { changePassword, changePasswordErrors } from '../sign-in/change-password.ts';
import { type Flow, newFlow, pendingFor } from '../sign-in/flow.ts';
import {
  askAgain,
  enrolmentPage,
  relyingParty,
  securityInfoPage,
  signInAudit,
} from '../sign-in/flow-pages.ts';
import { credentialField, flowField, formErrors, formRow, text } from '../sign-in/form-row.ts';
import { SECOND_FACTOR } from '../sign-in/next-step.ts';
import { changePasswordPage, proceed, proofOf, provedIn } from '../sign-in/proceed.ts';
import { accountsOf, openForm, openVisit, requireRate, type Visit } from '../sign-in/visit.ts';

export function securityInfoOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  return [
    homeRow(),
    pageRow(context),
    passwordPageRow(context),
    changePasswordRow(context),
    enrolRow(context),
    confirmRow(context),
    removeAuthenticatorRow(context),
    addPasskeyRow(context),
    removePasskeyRow(context),
  ];
}

/** Who types the host's name, as the start of a server shows it, gets to his own page. */
function homeRow(): Operation<LoginTarget> {
  return operation({
    ...formRow,
    method: 'GET',
    id: 'Home',
    path: '/',
    audit: 'SignInHome',
    errors: [],
    handle: async () => ({ status: 302, headers: { Location: '/security-info' } }),
  });
}

function pageRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    method: 'GET',
    id: 'SecurityInfo',
    path: '/security-info',
    audit: 'SecurityInfoRead',
    errors: [signInErrors.tooManyTries],
    handle: async (call) => {
      requireRate(context, call.request);
      const visit = await openVisit(context, call);
      return proceed(visit, newFlow({ kind: 'own-account' }, context.clock.now()));
    },
  });
}

function passwordPageRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SecurityInfoPassword',
    path: '/security-info/password',
    audit: 'SecurityInfoPassword',
    errors: [...formErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user } = requireSignedIn(visit, flow);
      return changePasswordPage(visit, flow, { user, isOwnWish: true });
    },
  });
}

/** Ends every session; this browser's goes on as a new one, with all that was proved for it. */
function changePasswordRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'ChangeOwnPassword',
    path: '/security-info/password/change',
    audit: 'SignInPasswordChange',
    errors: [...formErrors, ...changePasswordErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField, password: text, newPassword: text, repeated: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user, methods } = requireSignedIn(visit, flow);
      try {
        const changed = await changePassword(visit, user, body);
        const proof = proofOf(visit, changed, methods);
        const notice = 'password-changed';
        return await proceed(visit, { ...flow, pending: undefined, proof, notice });
      } catch (error) {
        return askAgain(
          error,
          (problem) => changePasswordPage(visit, flow, { user, problem, isOwnWish: true }),
          { ...signInAudit(flow, user, 'failure'), credential: 'pwd' },
        );
      }
    },
  });
}

function enrolRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'EnrolAuthenticator',
    path: '/security-info/authenticator',
    audit: 'SignInAuthenticatorEnrol',
    errors: [...formErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      return enrolmentPage(visit, flow, { user: requireOwner(visit, flow).user });
    },
  });
}

function confirmRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'ConfirmAuthenticator',
    path: '/security-info/authenticator/confirm',
    audit: 'SignInAuthenticatorConfirm',
    errors: [...formErrors, signInErrors.accountNotThere, signInErrors.secondFactorWrong],
    body: z.object({ flow: flowField, code: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user, methods } = requireOwner(visit, flow);
      const secret = pendingFor(flow, 'authenticator');
      if (secret === undefined) throw new ApiError(signInErrors.formOutdated);
      const code = body.code.replace(/\s/g, '');
      const step = timeCodeStep(secret, code, context.clock.now());
      if (step === undefined) {
        const wrong = new ApiError(signInErrors.secondFactorWrong);
        const audit = { ...signInAudit(flow, user, 'failure'), credential: 'totp' };
        return askAgain(
          wrong,
          (problem) => enrolmentPage(visit, flow, { user, problem, secret }),
          audit,
        );
      }
      await saveAuthenticator(visit.view, { userId: user.id, secret, step }, context.clock);
      // Who has just shown a code of it has shown a second factor.
      const proof = proofOf(visit, user, [...methods, 'otp', SECOND_FACTOR]);
      return proceed(visit, { ...flow, pending: undefined, proof });
    },
  });
}

function removeAuthenticatorRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'RemoveAuthenticator',
    path: '/security-info/authenticator/remove',
    audit: 'SignInAuthenticatorRemove',
    errors: [...formErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField, id: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user } = requireSignedIn(visit, flow);
      await ignoreAbsence(removeAuthenticator(visit.view, user.id, body.id));
      return securityInfoPage(visit, flow, { user });
    },
  });
}

function addPasskeyRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'AddPasskey',
    path: '/security-info/passkey',
    audit: 'SignInPasskeyAdd',
    errors: [...formErrors, signInErrors.accountNotThere, signInErrors.secondFactorWrong],
    body: z.object({ flow: flowField, credential: credentialField }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user, methods } = requireSignedIn(visit, flow);
      if (!(await savePasskey(visit, flow, { user, credential: body.credential }))) {
        const wrong = new ApiError(signInErrors.secondFactorWrong);
        const audit = { ...signInAudit(flow, user, 'failure'), credential: 'passkey' };
        return askAgain(
          wrong,
          (problem) => securityInfoPage(visit, flow, { user, problem }),
          audit,
        );
      }
      const proof = proofOf(visit, user, [...methods, 'fido', SECOND_FACTOR]);
      return proceed(visit, { ...flow, pending: undefined, proof });
    },
  });
}

async function savePasskey(
  visit: Visit,
  flow: Flow,
  { user, credential }: { readonly user: User; readonly credential: string },
): Promise<boolean> {
  const { context, view } = visit;
  const challenge = pendingFor(flow, 'new-passkey');
  if (challenge === undefined || !context.usedChallenges.take(challenge)) return false;
  const count = context.directory.authenticationMethods(user.id).passkeys.length + 1;
  const expected = { challenge, displayName: `Passkey ${count}` };
  const passkey = await verifyNewPasskey(relyingParty(visit), credential, expected);
  if (passkey === undefined) return false;
  return addPasskey(view, { userId: user.id, passkey }, context.clock);
}

function removePasskeyRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'RemovePasskey',
    path: '/security-info/passkey/remove',
    audit: 'SignInPasskeyRemove',
    errors: [...formErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField, id: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user } = requireSignedIn(visit, flow);
      await ignoreAbsence(removePasskey(visit.view, user.id, body.id));
      return securityInfoPage(visit, flow, { user });
    },
  });
}

interface Owner {
  readonly user: User;
  readonly methods: readonly string[];
}

/** Signed in here, and with the second factor if there is one. */
function requireSignedIn(visit: Visit, flow: Flow): Owner {
  const { directory } = visit.context;
  const found = accountsOf(visit).find(({ userId }) => userId === flow.account?.userId);
  const isOwnAccount = flow.destination.kind === 'own-account' && flow.account?.isFresh === true;
  const isEnough =
    found !== undefined &&
    (found.methods.includes(SECOND_FACTOR) || !directory.hasSecondFactor(found.userId));
  if (!isOwnAccount || !isEnough) throw new ApiError(signInErrors.accountNotThere);
  return found;
}

/** Or on the way there, where a second factor is demanded of who has none yet. */
function requireOwner(visit: Visit, flow: Flow): Owner {
  if (flow.proof === undefined) return requireSignedIn(visit, flow);
  const proved = provedIn(visit, flow);
  if (proved === undefined || visit.context.directory.hasSecondFactor(proved.user.id)) {
    throw new ApiError(signInErrors.accountNotThere);
  }
  return { user: proved.user, methods: proved.proof.methods };
}

/** Removed already, perhaps in another window: then it is as the person wants it. */
async function ignoreAbsence(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const isAbsent = error instanceof ApiError && error.definition === graphErrors.resourceNotFound;
    if (!isAbsent) throw error;
  }
}
