// How a person can prove himself beside the password: an authenticator app (time-based codes) and
// passkeys. Which ones there are is read at every sign-in and may be shown; the secret of the codes
// stands apart and is read only to check one.
import { type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import { graphTime, notFound } from './object-store.ts';
import { recordPath } from './paths.ts';
import type { AuthenticationMethods, AuthenticatorSecret, Passkey } from './records.ts';

/** Entra's bound on passkeys of one person. */
export const PASSKEYS_MAX = 10;

export type NewPasskey = Omit<Passkey, 'id' | 'createdDateTime'>;

/** Replaces the one before; its codes are void. `step`: that of the code that confirmed it. */
export function saveAuthenticator(
  view: View,
  input: { readonly userId: string; readonly secret: string; readonly step: number },
  clock: Clock,
): Promise<void> {
  const { userId, secret, step } = input;
  const record: AuthenticatorSecret = { secret, lastStep: step };
  return change(view, userId, (before, transaction) => {
    transaction.put(secretPath(userId), record);
    const authenticator = { id: newGuid(), createdDateTime: graphTime(clock) };
    return { ...before, authenticator };
  });
}

/**
 * Takes a code's step: true once, and never for this step or an earlier one again. `stepOf` gives
 * the step that the code belongs to, or `undefined` if it is wrong.
 */
export function takeAuthenticatorStep(
  view: View,
  userId: string,
  stepOf: (secret: string) => number | undefined,
): Promise<boolean> {
  return view.transact(async (transaction) => {
    const record = await transaction.get<AuthenticatorSecret>(secretPath(userId));
    const step = record && stepOf(record.secret);
    if (record === undefined || step === undefined || step <= record.lastStep) return false;
    transaction.put(secretPath(userId), { ...record, lastStep: step });
    return true;
  });
}

/** Throws `Request_ResourceNotFound` if it is not there. */
export function removeAuthenticator(view: View, userId: string, id: string): Promise<void> {
  return change(view, userId, (before, transaction) => {
    if (before.authenticator?.id !== id) throw notFound(id);
    transaction.delete(secretPath(userId));
    const { authenticator: _removed, ...others } = before;
    return others;
  });
}

/** `false` if the person has as many as there may be, or has this one already. */
export async function addPasskey(
  view: View,
  input: { readonly userId: string; readonly passkey: NewPasskey },
  clock: Clock,
): Promise<boolean> {
  const { userId, passkey } = input;
  let isAdded = false;
  await change(view, userId, (before) => {
    const isKnown = before.passkeys.some((one) => one.credentialId === passkey.credentialId);
    isAdded = !isKnown && before.passkeys.length < PASSKEYS_MAX;
    if (!isAdded) return before;
    const added = { ...passkey, id: newGuid(), createdDateTime: graphTime(clock) };
    return { ...before, passkeys: [...before.passkeys, added] };
  });
  return isAdded;
}

/** Keeps the authenticator's own count of its signatures; a copy of it would fall behind. */
export function notePasskeyUse(
  view: View,
  input: { readonly userId: string; readonly credentialId: string; readonly counter: number },
): Promise<void> {
  const { userId, credentialId, counter } = input;
  return change(view, userId, (before) => {
    const known = before.passkeys.find((one) => one.credentialId === credentialId);
    // Passkeys that are synchronized count nothing: there is nothing to write then.
    if (known === undefined || known.counter === counter) return before;
    const passkeys = before.passkeys.map((one) => (one === known ? { ...one, counter } : one));
    return { ...before, passkeys };
  });
}

/** Throws `Request_ResourceNotFound` if it is not there. */
export function removePasskey(view: View, userId: string, id: string): Promise<void> {
  return change(view, userId, (before) => {
    const passkeys = before.passkeys.filter((one) => one.id !== id);
    if (passkeys.length === before.passkeys.length) throw notFound(id);
    return { ...before, passkeys };
  });
}

type Transaction = Parameters<Parameters<View['transact']>[0]>[0];

function change(
  view: View,
  userId: string,
  work: (before: AuthenticationMethods, transaction: Transaction) => AuthenticationMethods,
): Promise<void> {
  const path = recordPath('authenticationMethods', userId);
  return view.transact(async (transaction) => {
    const before = (await transaction.get<AuthenticationMethods>(path)) ?? { userId, passkeys: [] };
    const after = work(before, transaction);
    if (after !== before) transaction.put(path, after);
  });
}

function secretPath(userId: string): string {
  return `directory/authenticator-secret/${userId.toLowerCase()}`;
}

/** With the person they go. */
export function forgetAuthenticationMethods(transaction: Transaction, userId: string): void {
  transaction.delete(recordPath('authenticationMethods', userId));
  transaction.delete(secretPath(userId));
}
