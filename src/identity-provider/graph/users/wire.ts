// Users on Microsoft Graph's wire ↔ our records. Passwords come in and never go out.

import type { User, UserChanges } from '#directory';
import { z } from '#kernel';
import type { WireObject } from '../odata/entity.ts';

const name = z.string().max(256);
const UPN = /^[A-Za-z0-9.!#^_~'-]{1,64}@[A-Za-z0-9.-]{1,190}$/;

const passwordProfile = z.object({
  password: z.string().max(256),
  forceChangePasswordNextSignIn: z.boolean().default(true),
  forceChangePasswordNextSignInWithMfa: z.boolean().optional(),
});

const userShape = {
  accountEnabled: z.boolean(),
  displayName: name.min(1),
  mailNickname: name.min(1),
  userPrincipalName: z.string().regex(UPN),
  passwordProfile,
  givenName: name.nullish(),
  surname: name.nullish(),
  mail: name.nullish(),
};

export const createUserBody = z.object(userShape);
export const updateUserBody = z.object(userShape).partial();

export type UserBody = z.infer<typeof updateUserBody>;

/** What is not named stays as it is. */
export function parseUser(body: UserBody): UserChanges {
  const { passwordProfile: profile, ...properties } = body;
  const given = Object.fromEntries(
    Object.entries(properties).filter(([, value]) => value !== undefined),
  );
  if (profile === undefined) return given;
  const { password, forceChangePasswordNextSignIn } = profile;
  return { ...given, passwordProfile: { password, forceChangePasswordNextSignIn } };
}

export function renderUser(user: User): WireObject {
  return {
    id: user.id,
    deletedDateTime: user.deletedDateTime ?? null,
    businessPhones: [],
    displayName: user.displayName,
    givenName: user.givenName ?? null,
    jobTitle: null,
    mail: user.mail ?? null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: user.surname ?? null,
    userPrincipalName: user.userPrincipalName,
    accountEnabled: user.accountEnabled,
    createdDateTime: user.createdDateTime,
    mailNickname: user.mailNickname,
    userType: 'Member',
    signInSessionsValidFromDateTime: user.signInSessionsValidFromDateTime ?? user.createdDateTime,
  };
}
