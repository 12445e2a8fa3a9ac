// Whether an earlier sign-in still stands: the account is looked at anew each time tokens are made
// of it, so what was withdrawn since ends here.
import { type ChainLink, decideChain } from '#authentication';
import type { User } from '#directory';
import { oauthErrors } from '#errors';
import { ApiError } from '#kernel';
import type { LoginContext } from '../login-context.ts';

export interface EarlierSignIn {
  readonly userId: string;
  readonly signedInAtS: number;
  readonly chain?: readonly ChainLink[] | undefined;
}

/** Throws AADSTS50173 or AADSTS50057. */
export function requireLiveSession({ directory }: LoginContext, earlier: EarlierSignIn): User {
  const user = directory.user(earlier.userId);
  if (user === undefined) throw new ApiError(oauthErrors.refreshTokenRevoked);
  if (!user.accountEnabled) throw new ApiError(oauthErrors.userDisabled);
  const validFrom = user.signInSessionsValidFromDateTime;
  if (validFrom !== undefined && earlier.signedInAtS * 1000 < Date.parse(validFrom)) {
    throw new ApiError(oauthErrors.refreshTokenRevoked);
  }
  if (decideChain(directory, earlier.chain ?? []) !== undefined) {
    throw new ApiError(oauthErrors.refreshTokenRevoked);
  }
  return user;
}
