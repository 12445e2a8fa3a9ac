// A person's own change of his password: with the old one, whose wrong tries count as those of any
// sign-in. Ends every session of his, as each change of a password does.
import { type User, updateUser } from '#directory';
import { graphErrors, oauthErrors, signInErrors } from '#errors';
import { ApiError } from '#kernel';
import { checkPassword } from '../token/user-sign-in.ts';
import type { Visit } from './visit.ts';

export const passwordErrors = [
  oauthErrors.userCredentialsInvalid,
  oauthErrors.userLocked,
  oauthErrors.userDisabled,
] as const;

export const changePasswordErrors = [
  ...passwordErrors,
  signInErrors.passwordRepeated,
  signInErrors.passwordWeak,
] as const;

export interface GivenPasswords {
  readonly password: string;
  readonly newPassword: string;
  readonly repeated: string;
}

/** Throws one of `changePasswordErrors`. */
export async function changePassword(
  { context, view, request }: Visit,
  { id, userPrincipalName }: User,
  { password, newPassword, repeated }: GivenPasswords,
): Promise<User> {
  const { clientAddress } = request;
  await checkPassword(context, { userName: userPrincipalName, password, clientAddress });
  if (newPassword !== repeated) throw new ApiError(signInErrors.passwordRepeated);
  if (newPassword === password) throw new ApiError(signInErrors.passwordWeak);
  const passwordProfile = { password: newPassword, forceChangePasswordNextSignIn: false };
  const changes = { userPrincipalName, passwordProfile };
  try {
    return await updateUser(view, { id, changes }, context.clock);
  } catch (error) {
    const isWeak = error instanceof ApiError && error.definition === graphErrors.passwordTooWeak;
    throw isWeak ? new ApiError(signInErrors.passwordWeak) : error;
  }
}
