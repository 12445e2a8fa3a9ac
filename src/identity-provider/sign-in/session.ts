// Who is signed in in a browser. A session holds up to a few people, each with how and when they
// proved themselves; it ends when it lies idle, and each sign-in in it ends on its own. What is
// withdrawn from an account (disabled, sessions revoked) counts at the next request.
import type { Directory, User } from '#directory';

const HOUR_MS = 3_600_000;
export const SESSION_IDLE_MS = 8 * HOUR_MS;
/** However busy: after this long a person proves himself anew. */
export const SIGN_IN_LIFETIME_MS = 24 * HOUR_MS;
const ACCOUNTS_MAX = 8;
/** How exactly the last use is kept; noting every single one would be a write per page. */
export const SEEN_ACCURACY_MS = 300_000;

export interface SignedInAccount {
  readonly userId: string;
  /** As in `amr`: `pwd`, `fido`, `mfa`. */
  readonly methods: readonly string[];
  readonly signedInAtS: number;
}

export interface Session {
  /** `session_state`, for clients. Not the cookie. */
  readonly sessionId: string;
  readonly accounts: readonly SignedInAccount[];
  readonly seenMs: number;
  /** When the record may be purged. */
  readonly expiresMs: number;
}

export interface LiveAccount extends SignedInAccount {
  readonly user: User;
}

/** The accounts that still count as signed in. */
export function liveAccounts(
  session: Session | undefined,
  directory: Directory,
  nowMs: number,
): readonly LiveAccount[] {
  if (session === undefined || nowMs - session.seenMs >= SESSION_IDLE_MS) return [];
  return session.accounts.flatMap((account) => {
    const user = directory.user(account.userId);
    return user !== undefined && stands(account, user, nowMs) ? [{ ...account, user }] : [];
  });
}

function stands(account: SignedInAccount, user: User, nowMs: number): boolean {
  const signedInMs = account.signedInAtS * 1000;
  // What was signed in "in the next second" after a cut (`notBeforeSessionCut`) is not too old.
  if (nowMs - signedInMs >= SIGN_IN_LIFETIME_MS || !user.accountEnabled) return false;
  return signedInMs >= sessionsValidFromMs(user) && !user.forceChangePasswordNextSignIn;
}

export function sessionsValidFromMs(user: User): number {
  return Date.parse(user.signInSessionsValidFromDateTime ?? '') || 0;
}

/** The newest sign-in of a person replaces the one before, and the oldest give way. */
export function withAccount(
  accounts: readonly SignedInAccount[],
  added: SignedInAccount,
): readonly SignedInAccount[] {
  const others = accounts.filter(({ userId }) => userId !== added.userId);
  return [added, ...others].slice(0, ACCOUNTS_MAX);
}
