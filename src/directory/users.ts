// Users: people. Writes only; passwords are hashed before they come near a record.

import { graphErrors } from '#errors';
import { ApiError, type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import { claim, release } from './claims.ts';
import { requireOtherAdministrator } from './last-administrator.ts';
import { graphTime, update } from './object-store.ts';
import { recordPath } from './paths.ts';
import type { User } from './records.ts';
import { decidePasswordStrength, hashPassword } from './user-password.ts';

export interface PasswordProfile {
  readonly password: string;
  readonly forceChangePasswordNextSignIn: boolean;
}

type UserProperties = Pick<User, 'userPrincipalName' | 'displayName'> &
  Partial<
    Pick<
      User,
      'mailNickname' | 'accountEnabled' | 'givenName' | 'surname' | 'mail' | 'otherProperties'
    >
  >;

export type UserInput = UserProperties & { readonly passwordProfile: PasswordProfile };
export type UserChanges = Partial<UserProperties> & {
  readonly passwordProfile?: PasswordProfile;
};

/** Throws for a weak password and for a name that is taken. */
export async function createUser(view: View, input: UserInput, clock: Clock): Promise<User> {
  const { passwordProfile, ...properties } = input;
  const secrets = await sealPassword(passwordProfile, input.userPrincipalName);
  const user: User = {
    id: newGuid(),
    mailNickname: input.userPrincipalName.split('@')[0] ?? null,
    accountEnabled: true,
    createdDateTime: graphTime(clock),
    ...properties,
    ...secrets,
  };
  return view.transact(async (transaction) => {
    await claim(transaction, nameClaim(user));
    transaction.put(recordPath('user', user.id), user);
    return user;
  });
}

/** A new password also ends every session. Throws for the last who administers the tenant. */
export async function updateUser(
  view: View,
  target: { readonly id: string; readonly changes: UserChanges },
  clock: Clock,
): Promise<User> {
  const { passwordProfile, ...properties } = target.changes;
  const known = await view.get<User>(recordPath('user', target.id));
  const name = properties.userPrincipalName ?? known?.userPrincipalName ?? '';
  const secrets = passwordProfile && (await sealPassword(passwordProfile, name));
  return update<User>(view, { kind: 'user', id: target.id }, async (before, transaction) => {
    if (properties.accountEnabled === false)
      await requireOtherAdministrator(transaction, before.id);
    const cut = secrets && { signInSessionsValidFromDateTime: sessionCut(before, clock) };
    const after: User = { ...before, ...properties, ...secrets, ...cut };
    if (after.userPrincipalName !== before.userPrincipalName) {
      await release(transaction, nameClaim(before));
      await claim(transaction, nameClaim(after));
    }
    return after;
  });
}

/** Ends every session: tokens issued up to now are refused from the next request on. */
export function revokeSignInSessions(view: View, id: string, clock: Clock): Promise<User> {
  return update<User>(view, { kind: 'user', id }, (before) => ({
    ...before,
    signInSessionsValidFromDateTime: sessionCut(before, clock),
  }));
}

/** Throws for the last who administers the tenant. */
export async function deleteUser(view: View, id: string, clock: Clock): Promise<void> {
  await update<User>(view, { kind: 'user', id }, async (before, transaction) => {
    await requireOtherAdministrator(transaction, before.id);
    await release(transaction, nameClaim(before));
    return { ...before, deletedDateTime: graphTime(clock) };
  });
}

async function sealPassword(
  profile: PasswordProfile,
  userName: string,
): Promise<Pick<User, 'passwordHash' | 'forceChangePasswordNextSignIn'>> {
  if (!decidePasswordStrength(profile.password, userName)) {
    throw new ApiError(graphErrors.passwordTooWeak);
  }
  return {
    passwordHash: await hashPassword(profile.password),
    forceChangePasswordNextSignIn: profile.forceChangePasswordNextSignIn,
  };
}

/**
 * Tokens carry whole seconds, so the cut is the next one: none of this second slips through. And it
 * is later than the cut before: a sign-in after that one may already carry its time.
 */
function sessionCut(before: User, clock: Clock): string {
  const nextMs = Math.floor(clock.now() / 1000) * 1000 + 1000;
  const lastMs = Date.parse(before.signInSessionsValidFromDateTime ?? '') || 0;
  return new Date(Math.max(nextMs, lastMs + 1000)).toISOString();
}

function nameClaim(user: Pick<User, 'id' | 'userPrincipalName'>) {
  return { property: 'userPrincipalName', value: user.userPrincipalName, ownerId: user.id };
}
