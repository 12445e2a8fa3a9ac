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

/** Properties without a meaning here: kept as they are and given back. */
const OTHER_TEXTS = [
  'ageGroup',
  'city',
  'companyName',
  'consentProvidedForMinor',
  'country',
  'department',
  'employeeId',
  'employeeType',
  'faxNumber',
  'jobTitle',
  'mobilePhone',
  'officeLocation',
  'onPremisesImmutableId',
  'passwordPolicies',
  'postalCode',
  'preferredLanguage',
  'state',
  'streetAddress',
  'usageLocation',
] as const;
const OTHER_LISTS = ['businessPhones', 'otherMails'] as const;
const OTHERS: ReadonlySet<string> = new Set([...OTHER_TEXTS, ...OTHER_LISTS, 'showInAddressList']);

const userShape = {
  ...Object.fromEntries(OTHER_TEXTS.map((property) => [property, name.nullish()])),
  ...Object.fromEntries(
    OTHER_LISTS.map((property) => [property, z.array(name).max(25).optional()]),
  ),
  showInAddressList: z.boolean().nullish(),
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

/** What is not named stays as it is; `before` is the user being changed. */
export function parseUser(body: UserBody, before?: User): UserChanges {
  const { passwordProfile: profile, ...properties } = body;
  const named = Object.entries(properties).filter(([, value]) => value !== undefined);
  const others = named.filter(([property]) => OTHERS.has(property));
  const given = {
    ...Object.fromEntries(named.filter(([property]) => !OTHERS.has(property))),
    ...(others.length === 0
      ? {}
      : { otherProperties: { ...before?.otherProperties, ...Object.fromEntries(others) } }),
  };
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
    usageLocation: null,
    ...user.otherProperties,
    userPrincipalName: user.userPrincipalName,
    accountEnabled: user.accountEnabled,
    createdDateTime: user.createdDateTime,
    mailNickname: user.mailNickname,
    userType: 'Member',
    signInSessionsValidFromDateTime: user.signInSessionsValidFromDateTime ?? user.createdDateTime,
  };
}
