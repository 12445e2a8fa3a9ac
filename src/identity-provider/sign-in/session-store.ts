// Sessions as records, found by the hash of what the cookie holds: who reads the store cannot make
// the cookie. Every sign-in and step-up starts a record under a new cookie and ends the one before,
// so a cookie that somebody planted or saw is worth nothing afterwards.
import { newGuid, type RawRequest } from '#kernel';
import type { View } from '#storage';
import {
  hashSecret,
  newSecret,
  readSecretCookie,
  renderCookie,
  SESSION_COOKIE,
} from './browser.ts';
import {
  SEEN_ACCURACY_MS,
  SESSION_IDLE_MS,
  type Session,
  type SignedInAccount,
  withAccount,
} from './session.ts';

const PREFIX = 'sign-in/session/';

/** The request's session; notes that it was used. */
export async function loadSession(
  view: View,
  request: RawRequest,
  nowMs: number,
): Promise<Session | undefined> {
  const path = sessionPath(request);
  const session = path === undefined ? undefined : await view.get<Session>(path);
  if (path === undefined || session === undefined) return undefined;
  const idleMs = nowMs - session.seenMs;
  if (idleMs >= SESSION_IDLE_MS) return undefined;
  if (idleMs < SEEN_ACCURACY_MS) return session;
  return view.transact(async (transaction) => {
    const current = await transaction.get<Session>(path);
    if (current === undefined) return undefined;
    const seen = { ...current, seenMs: nowMs, expiresMs: nowMs + SESSION_IDLE_MS };
    transaction.put(path, seen);
    return seen;
  });
}

export interface StartedSession {
  readonly session: Session;
  readonly setCookie: string;
}

/** Adds the account under a new cookie; the old one is void. */
export async function startSession(
  view: View,
  request: RawRequest,
  input: { readonly account: SignedInAccount; readonly nowMs: number },
): Promise<StartedSession> {
  const before = sessionPath(request);
  const secret = newSecret();
  const { account, nowMs } = input;
  const session = await view.transact(async (transaction) => {
    const old = before === undefined ? undefined : await transaction.get<Session>(before);
    if (before !== undefined) transaction.delete(before);
    const isLive = old !== undefined && nowMs - old.seenMs < SESSION_IDLE_MS;
    const started: Session = {
      sessionId: newGuid(),
      accounts: withAccount(isLive ? old.accounts : [], account),
      seenMs: nowMs,
      expiresMs: nowMs + SESSION_IDLE_MS,
    };
    transaction.put(PREFIX + hashSecret(secret), started);
    return started;
  });
  return { session, setCookie: renderCookie(SESSION_COOKIE, secret) };
}

export async function endSession(view: View, request: RawRequest): Promise<void> {
  const path = sessionPath(request);
  if (path === undefined) return;
  await view.transact(async (transaction) => transaction.delete(path));
}

function sessionPath(request: RawRequest): string | undefined {
  const secret = readSecretCookie(request, SESSION_COOKIE);
  return secret === undefined ? undefined : PREFIX + hashSecret(secret);
}
