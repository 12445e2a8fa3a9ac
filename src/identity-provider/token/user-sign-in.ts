// A person's user name and password. An unknown user, a wrong password and a deleted user are one
// and the same refusal after the same work; what is wrong with an account is said only to who knows
// its password.
import { type Directory, type User, verifyPassword } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { SignInLimits } from './sign-in-limits.ts';

export interface PasswordSignIn {
  readonly userName: string;
  readonly password: string;
  readonly clientAddress: string;
}

interface Context {
  readonly directory: Directory;
  readonly signInLimits: SignInLimits;
}

/** Throws Entra's refusals, also where the password has to be changed first. */
export async function signInByPassword(context: Context, input: PasswordSignIn): Promise<User> {
  const user = await checkPassword(context, input);
  if (user.forceChangePasswordNextSignIn) throw new ApiError(oauthErrors.passwordMustChange);
  return user;
}

/** Throws Entra's refusals. Says nothing of what else the account needs before it is signed in. */
export async function checkPassword(
  context: Context,
  { userName, password, clientAddress }: PasswordSignIn,
): Promise<User> {
  const attempt = context.signInLimits.begin(userName, clientAddress);
  if (attempt === undefined) throw new ApiError(oauthErrors.userLocked);
  const user = context.directory.userByName(userName);
  if (!(await verifyPassword(user?.passwordHash, password)) || user === undefined) {
    throw new ApiError(oauthErrors.userCredentialsInvalid);
  }
  attempt.succeeded();
  if (!user.accountEnabled) throw new ApiError(oauthErrors.userDisabled);
  return user;
}
