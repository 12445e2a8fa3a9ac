// Applications: what a program registers as. An application has credentials but no rights; rights
// are given to its service principal. Writes only; look-ups are `Directory`'s.

import { graphErrors } from '#errors';
import { ApiError, type Clock, newGuid } from '#kernel';
import type { Transaction, View } from '#storage';
import { claim, release } from './claims.ts';
import { generateSecret } from './client-secret.ts';
import { graphTime, graphTimeAt, update } from './object-store.ts';
import { recordPath } from './paths.ts';
import type { Application, PasswordCredential } from './records.ts';

/** Microsoft Entra's own bound on credentials of one application, with room to rotate. */
const PASSWORDS_MAX = 100;
const YEAR_MS = 365.25 * 24 * 3_600_000;
const PASSWORD_YEARS = 2;

export type ApplicationInput = Partial<
  Pick<
    Application,
    | 'signInAudience'
    | 'identifierUris'
    | 'publicClientRedirectUris'
    | 'webRedirectUris'
    | 'spaRedirectUris'
    | 'webSettings'
    | 'isFallbackPublicClient'
    | 'keyCredentials'
    | 'federatedIdentityCredentials'
    | 'appRoles'
    | 'api'
    | 'requiredResourceAccess'
    | 'owners'
    | 'otherProperties'
  >
> & { readonly displayName: string };

/** What an application has before anybody gives it a credential, an address or a role. */
export const bareApplication = {
  signInAudience: 'AzureADMyOrg',
  identifierUris: [],
  publicClientRedirectUris: [],
  webRedirectUris: [],
  spaRedirectUris: [],
  isFallbackPublicClient: false,
  passwordCredentials: [],
  keyCredentials: [],
  federatedIdentityCredentials: [],
  appRoles: [],
  owners: [],
} as const satisfies Partial<Application>;

export function createApplication(
  view: View,
  input: ApplicationInput,
  clock: Clock,
): Promise<Application> {
  const application: Application = {
    id: newGuid(),
    appId: newGuid(),
    createdDateTime: graphTime(clock),
    ...bareApplication,
    ...input,
  };
  return view.transact(async (transaction) => {
    await claimUris(transaction, application, application.identifierUris);
    transaction.put(recordPath('application', application.id), application);
    return application;
  });
}

type ApplicationChanges = Partial<ApplicationInput>;

/**
 * Changes what is given; passwords have functions of their own. A list that is changed rather than
 * replaced is made of the one there is when it is written, by a function: what somebody else took
 * away meanwhile stays away.
 */
export function updateApplication(
  view: View,
  id: string,
  changes: ApplicationChanges | ((before: Application) => ApplicationChanges),
): Promise<Application> {
  return update<Application>(view, { kind: 'application', id }, async (before, transaction) => {
    const changed = typeof changes === 'function' ? changes(before) : changes;
    const after = { ...before, ...changed };
    await releaseUris(transaction, before, after.identifierUris);
    await claimUris(transaction, before, after.identifierUris);
    return after;
  });
}

/** Soft-deletes; its service principal is the caller's affair. */
export async function deleteApplication(view: View, id: string, clock: Clock): Promise<void> {
  await update<Application>(view, { kind: 'application', id }, async (before, transaction) => {
    await releaseUris(transaction, before, []);
    return { ...before, deletedDateTime: graphTime(clock) };
  });
}

export interface PasswordInput {
  readonly displayName?: string | null | undefined;
  readonly startDateTime?: string | undefined;
  readonly endDateTime?: string | undefined;
  /** Made on this service principal rather than on its application. */
  readonly servicePrincipalId?: string | undefined;
}

export interface AddedPassword {
  readonly credential: PasswordCredential;
  /** The only time it is ever seen. */
  readonly secretText: string;
}

/** Makes a client secret; two years of validity unless told otherwise, as Microsoft Graph does. */
export async function addPassword(
  view: View,
  target: { readonly id: string; readonly password: PasswordInput },
  clock: Clock,
): Promise<AddedPassword> {
  const { secretText, hint, secretHash } = generateSecret();
  const { displayName = null, startDateTime, endDateTime, servicePrincipalId } = target.password;
  const startMs = startDateTime === undefined ? clock.now() : Date.parse(startDateTime);
  const endMs =
    endDateTime === undefined ? startMs + PASSWORD_YEARS * YEAR_MS : Date.parse(endDateTime);
  if (endMs <= startMs) {
    throw new ApiError(graphErrors.badRequest, {
      detail: 'The credential must end after it starts.',
    });
  }
  const credential: PasswordCredential = {
    keyId: newGuid(),
    displayName,
    hint,
    secretHash,
    ...(servicePrincipalId === undefined ? {} : { servicePrincipalId }),
    startDateTime: graphTimeAt(startMs),
    endDateTime: graphTimeAt(endMs),
  };
  await update<Application>(view, { kind: 'application', id: target.id }, (before) => {
    if (before.passwordCredentials.length >= PASSWORDS_MAX) {
      throw new ApiError(graphErrors.badRequest, {
        detail: `An application has at most ${PASSWORDS_MAX} password credentials.`,
      });
    }
    return { ...before, passwordCredentials: [...before.passwordCredentials, credential] };
  });
  return { credential, secretText };
}

/** Tokens that the secret obtained are refused from the next request on. */
export async function removePassword(view: View, id: string, keyId: string): Promise<void> {
  await update<Application>(view, { kind: 'application', id }, (before) => {
    const left = before.passwordCredentials.filter((password) => password.keyId !== keyId);
    if (left.length === before.passwordCredentials.length) {
      throw new ApiError(graphErrors.credentialNotFound);
    }
    return { ...before, passwordCredentials: left };
  });
}

/** A new service principal does not answer to the secrets of one that was there before. */
export async function dropPrincipalPasswords(view: View, id: string): Promise<void> {
  await update<Application>(view, { kind: 'application', id }, (before) => {
    const own = before.passwordCredentials.filter((one) => one.servicePrincipalId === undefined);
    const isSame = own.length === before.passwordCredentials.length;
    return isSame ? before : { ...before, passwordCredentials: own };
  });
}

async function claimUris(
  transaction: Transaction,
  application: Application,
  uris: readonly string[],
): Promise<void> {
  for (const value of uris) {
    await claim(transaction, { property: 'identifierUris', value, ownerId: application.id });
  }
}

async function releaseUris(
  transaction: Transaction,
  before: Application,
  kept: readonly string[],
): Promise<void> {
  const still = new Set(kept.map((uri) => uri.toLowerCase()));
  for (const value of before.identifierUris) {
    if (still.has(value.toLowerCase())) continue;
    await release(transaction, { property: 'identifierUris', value, ownerId: before.id });
  }
}
