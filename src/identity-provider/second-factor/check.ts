// Checks what a person proves himself with beside the password. Everything that is wrong is one and
// the same refusal, and tries are counted.
import { notePasskeyUse, takeAuthenticatorStep, type User } from '#directory';
import { oauthErrors, signInErrors } from '#errors';
import { ApiError } from '#kernel';
import { type Flow, pendingFor } from '../sign-in/flow.ts';
import { relyingParty } from '../sign-in/flow-pages.ts';
import type { Visit } from '../sign-in/visit.ts';
import { assertedUserId, parseAssertion, verifyAssertion } from './passkey.ts';
import { timeCodeStep } from './time-code.ts';

/** Throws AADSTS500121, or AADSTS50053 after too many tries. */
export async function checkCode(visit: Visit, user: User, code: string): Promise<void> {
  const { context, view, request } = visit;
  const attempt = context.secondFactorLimits.begin(user.id, request.clientAddress);
  if (attempt === undefined) throw new ApiError(oauthErrors.userLocked);
  const digits = code.replace(/\s/g, '');
  const nowMs = context.clock.now();
  const isTaken = await takeAuthenticatorStep(view, user.id, (secret) =>
    timeCodeStep(secret, digits, nowMs),
  );
  if (!isTaken) throw new ApiError(signInErrors.secondFactorWrong);
  attempt.succeeded();
}

/** Whose passkey answered the flow's challenge. Throws AADSTS500121, AADSTS50053 or AADSTS50057. */
export async function checkPasskey(visit: Visit, flow: Flow, credential: string): Promise<User> {
  const { context, view, request } = visit;
  const assertion = parseAssertion(credential);
  const userId = flow.proof?.userId ?? (assertion && assertedUserId(assertion));
  const { clientAddress } = request;
  // Without a password before it, whose passkey it claims to be says anybody: that must lock
  // nobody.
  const counted = flow.proof?.userId ?? `passkeys from ${clientAddress}`;
  const attempt = context.secondFactorLimits.begin(counted, clientAddress);
  if (attempt === undefined) throw new ApiError(oauthErrors.userLocked);
  const user = userId === undefined ? undefined : context.directory.user(userId);
  const challenge = pendingFor(flow, 'passkey');
  const known = user && context.directory.authenticationMethods(user.id).passkeys;
  const passkey = known?.find(({ credentialId }) => credentialId === assertion?.id);
  // Each challenge is answered once.
  const isNew = challenge !== undefined && context.usedChallenges.take(challenge);
  if (!isNew || assertion === undefined || user === undefined || passkey === undefined) {
    throw new ApiError(signInErrors.secondFactorWrong);
  }
  const counter = await verifyAssertion(relyingParty(visit), assertion, { challenge, passkey });
  if (counter === undefined) throw new ApiError(signInErrors.secondFactorWrong);
  const { credentialId } = passkey;
  await notePasskeyUse(view, { userId: user.id, credentialId, counter });
  attempt.succeeded();
  if (!user.accountEnabled) throw new ApiError(oauthErrors.userDisabled);
  return user;
}
