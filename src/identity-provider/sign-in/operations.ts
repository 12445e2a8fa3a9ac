// The forms of the sign-in pages. Each opens the flow that it carries, checks one thing, and hands
// the flow on with what was proved or chosen; where that leads is decided in one place for all.
import { grantPermission, type User } from '#directory';
import { oauthErrors, signInErrors } from '#errors';
import { ApiError, type Operation, operation, type Result, z } from '#kernel';
import { refuseAuthorization } from '../authorize/finish.ts';
import { mayConsentForAll } from '../consent/consent.ts';
import { settleDevice } from '../device-code/device-code-store.ts';
import type { LoginContext, LoginTarget } from '../login-context.ts';
import { checkCode, checkPasskey } from '../second-factor/check.ts';
import { checkPassword } from '../token/user-sign-in.ts';
import { changePassword, changePasswordErrors, passwordErrors } from './change-password.ts';
import type { Flow } from './flow.ts';
import { askAgain, secondFactorPage, signInAudit, signInPage } from './flow-pages.ts';
import { credentialField, flowField, formErrors, formRow, text } from './form-row.ts';
import { decideProofStep, requestOf } from './next-step.ts';
import { renderDeviceDone } from './pages/device-pages.ts';
import {
  changePasswordPage,
  consentOf,
  type Proved,
  proceed,
  proofOf,
  provedIn,
} from './proceed.ts';
import { accountsOf, openForm, type Visit } from './visit.ts';

export function signInOperations(context: LoginContext): readonly Operation<LoginTarget>[] {
  return [
    passwordRow(context),
    codeRow(context),
    passkeyRow(context),
    accountRow(context),
    newPasswordRow(context),
    consentRow(context),
    cancelRow(context),
  ];
}

function passwordRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInPassword',
    path: '/sign-in/password',
    audit: 'SignInPassword',
    errors: [...formErrors, ...passwordErrors],
    body: z.object({ flow: flowField, userName: text, password: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const userName = body.userName.trim();
      try {
        const { clientAddress } = request;
        const { password } = body;
        const user = await checkPassword(context, { userName, password, clientAddress });
        return await proceed(visit, { ...flow, proof: proofOf(visit, user, ['pwd']) });
      } catch (error) {
        const known = context.directory.userByName(userName);
        const audit = { ...signInAudit(flow, known, 'failure'), credential: 'pwd' };
        return askAgain(error, (problem) => signInPage(visit, flow, { userName, problem }), audit);
      }
    },
  });
}

function codeRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInCode',
    path: '/sign-in/code',
    audit: 'SignInCode',
    errors: [...formErrors, signInErrors.secondFactorWrong, oauthErrors.userLocked],
    body: z.object({ flow: flowField, code: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { user, proof } = requireProof(visit, flow);
      try {
        await checkCode(visit, user, body.code);
      } catch (error) {
        const audit = { ...signInAudit(flow, user, 'failure'), credential: 'totp' };
        return askAgain(
          error,
          (problem) => secondFactorPage(visit, flow, { user, problem }),
          audit,
        );
      }
      const methods = [...proof.methods, 'otp', 'mfa'];
      return proceed(visit, { ...flow, proof: proofOf(visit, user, methods) });
    },
  });
}

function passkeyRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInPasskey',
    path: '/sign-in/passkey',
    audit: 'SignInPasskey',
    errors: [
      ...formErrors,
      signInErrors.secondFactorWrong,
      oauthErrors.userLocked,
      oauthErrors.userDisabled,
    ],
    body: z.object({ flow: flowField, credential: credentialField }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { proof } = flow;
      try {
        const user = await checkPasskey(visit, flow, body.credential);
        const methods = [...(proof?.methods ?? []), 'fido', 'mfa'];
        return await proceed(visit, { ...flow, proof: proofOf(visit, user, methods) });
      } catch (error) {
        const user = proof && context.directory.user(proof.userId);
        const audit = { ...signInAudit(flow, user, 'failure'), credential: 'passkey' };
        return askAgain(
          error,
          (problem) =>
            user === undefined
              ? signInPage(visit, flow, { problem })
              : secondFactorPage(visit, flow, { user, problem }),
          audit,
        );
      }
    },
  });
}

/** The password was right a moment ago, in this browser. Throws if not. */
function requireProof(visit: Visit, flow: Flow): Proved {
  const proved = provedIn(visit, flow);
  if (proved === undefined) throw new ApiError(signInErrors.formOutdated);
  return proved;
}

/** Who knows the password only and owes the second factor does not change the password instead. */
function requireChangeDue({ context }: Visit, { user, proof }: Proved): void {
  const step = decideProofStep(proof, {
    hasSecondFactor: context.directory.hasSecondFactor(user.id),
    isDemanded: false,
    mustChangePassword: user.forceChangePasswordNextSignIn,
  });
  if (step !== 'change-password') throw new ApiError(signInErrors.formOutdated);
}

function accountRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInAccount',
    path: '/sign-in/account',
    audit: 'SignInAccount',
    errors: [...formErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField, account: z.string().max(64).optional() }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      if (body.account === undefined) throw new ApiError(signInErrors.formOutdated);
      if (body.account === '') return signInPage(visit, flow);
      const found = accountsOf(visit).find(({ userId }) => userId === body.account);
      if (found === undefined) throw new ApiError(signInErrors.accountNotThere);
      return proceed(visit, { ...flow, account: { userId: found.userId, isFresh: false } });
    },
  });
}

function newPasswordRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInNewPassword',
    path: '/sign-in/new-password',
    audit: 'SignInNewPassword',
    errors: [...formErrors, ...changePasswordErrors],
    body: z.object({ flow: flowField, password: text, newPassword: text, repeated: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const proved = requireProof(visit, flow);
      const { user, proof } = proved;
      requireChangeDue(visit, proved);
      try {
        const changed = await changePassword(visit, user, body);
        return await proceed(visit, { ...flow, proof: proofOf(visit, changed, proof.methods) });
      } catch (error) {
        const audit = { ...signInAudit(flow, user, 'failure'), credential: 'pwd' };
        return askAgain(
          error,
          (problem) => changePasswordPage(visit, flow, { user, problem }),
          audit,
        );
      }
    },
  });
}

function consentRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInConsent',
    path: '/sign-in/consent',
    audit: 'SignInConsent',
    errors: [...formErrors, signInErrors.accountNotThere],
    body: z.object({ flow: flowField, answer: text, everyone: text }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const account = accountsOf(visit).find(({ userId }) => userId === flow.account?.userId);
      if (account === undefined) throw new ApiError(signInErrors.accountNotThere);
      const wanted = consentOf(visit, flow, account.user);
      const mayForAll =
        wanted !== undefined && mayConsentForAll(context.directory, account.userId, wanted);
      const isAllowed = mayForAll || wanted?.needsAdministrator !== true;
      if (body.answer !== 'yes' || !isAllowed) return declined(visit, flow, account.user);
      const isForAll = body.everyone === 'yes' && mayForAll;
      if (wanted !== undefined && wanted.scopes.length > 0) {
        await grantPermission(visit.view, {
          clientId: wanted.clientId,
          resourceId: wanted.resourceId,
          consentType: isForAll ? 'AllPrincipals' : 'Principal',
          principalId: isForAll ? null : account.userId,
          scope: wanted.scopes.join(' '),
        });
      }
      return proceed(visit, { ...flow, consented: true });
    },
  });
}

/** Before anything is given: what was proved until now is forgotten. */
function cancelRow(context: LoginContext): Operation<LoginTarget> {
  return operation({
    ...formRow,
    id: 'SignInCancel',
    path: '/sign-in/cancel',
    audit: 'SignInCancel',
    errors: formErrors,
    body: z.object({ flow: flowField }),
    handle: async ({ body, request, grant }) => {
      const { visit, flow } = await openForm(context, { request, grant }, body.flow);
      const { kind } = flow.destination;
      const user = flow.proof && context.directory.user(flow.proof.userId);
      if (kind === 'application' || kind === 'device') return declined(visit, flow, user);
      return signInPage(visit, { ...flow, proof: undefined, account: undefined });
    },
  });
}

async function declined(visit: Visit, flow: Flow, user: User | undefined): Promise<Result> {
  const request = requestOf(flow);
  const { destination } = flow;
  if (destination.kind === 'device') {
    const settling = { id: destination.id, approval: undefined };
    await settleDevice(visit.view, settling, visit.context.clock.now());
    return renderDeviceDone(false, signInAudit(flow, user, 'failure'));
  }
  if (request === undefined) throw new ApiError(signInErrors.formOutdated);
  throw refuseAuthorization(visit, flow, { request, definition: signInErrors.consentDeclined });
}
