// Refresh-token families as records, and the one transaction in which a token is taken and
// replaced.
import { type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
import type { Platform } from '../authorize/redirect-uri.ts';
import {
  decideRefresh,
  hashRefreshToken,
  newRefreshToken,
  parseRefreshToken,
  REFRESH_LIFETIME_MS,
  type RefreshFamily,
  type RefreshVerdict,
  renderRefreshToken,
  rotateFamily,
} from './refresh-token.ts';

const PREFIX = 'sign-in/refresh/';
/** Everything that people's sign-ins leave behind; each record says until when it is needed. */
const EXPIRING = [PREFIX, 'sign-in/code/', 'sign-in/session/', 'sign-in/device/'];
const PURGE_PAGE = 500;

export type NewFamily = Pick<
  RefreshFamily,
  'userId' | 'clientId' | 'methods' | 'signedInAtS' | 'chain' | 'platform' | 'endsMs'
>;

export function refreshFamilyPath(familyId: string): string {
  return PREFIX + familyId;
}

/** A family that is yet to be saved, and its first token. */
export function newFamily(input: NewFamily, clock: Clock): StartedFamily {
  const token = newRefreshToken(newGuid());
  const endsMs = input.endsMs ?? Number.POSITIVE_INFINITY;
  const expiresMs = Math.min(clock.now() + REFRESH_LIFETIME_MS, endsMs);
  const { familyId } = token;
  return {
    family: { ...input, familyId, currentHash: hashRefreshToken(token), expiresMs },
    refreshToken: renderRefreshToken(token),
  };
}

export interface StartedFamily {
  readonly family: RefreshFamily;
  readonly refreshToken: string;
}

/** Starts a family; answers its first token. */
export async function startFamily(view: View, input: NewFamily, clock: Clock): Promise<string> {
  const { family, refreshToken } = newFamily(input, clock);
  const path = refreshFamilyPath(family.familyId);
  await view.transact(async (transaction) => transaction.put(path, family));
  return refreshToken;
}

/** How the client of a family is registered; says nothing of whether the token is right. */
export async function findPlatformOf(view: View, text: string): Promise<Platform | undefined> {
  const token = parseRefreshToken(text);
  const family = token && (await view.get<RefreshFamily>(refreshFamilyPath(token.familyId)));
  return family?.platform;
}

export interface Redeemed {
  readonly verdict: RefreshVerdict | 'unknown';
  readonly family?: RefreshFamily;
  /** The token that replaces the redeemed one; none where it was replaced a moment ago. */
  readonly refreshToken?: string;
}

export interface Redemption {
  readonly text: string;
  readonly clientIds: ReadonlySet<string>;
  /** Throws what is to be refused before anything is replaced; may run more than once. */
  readonly permit: (family: RefreshFamily) => void;
}

/** Takes a token. A stolen one ends its family before this resolves. */
export function redeemRefreshToken(view: View, input: Redemption, clock: Clock): Promise<Redeemed> {
  const token = parseRefreshToken(input.text);
  if (token === undefined) return Promise.resolve({ verdict: 'unknown' });
  const path = PREFIX + token.familyId;
  return view.transact<Redeemed>(async (transaction) => {
    const family = await transaction.get<RefreshFamily>(path);
    // Another client's token is as good as none, and must not rotate or end that client's family.
    if (family === undefined || !input.clientIds.has(family.clientId)) {
      return { verdict: 'unknown' };
    }
    const verdict = decideRefresh(family, token, clock.now());
    if (verdict === 'expired' || verdict === 'stolen') transaction.delete(path);
    else input.permit(family);
    if (verdict !== 'rotate') return { verdict, family };
    const next = newRefreshToken(family.familyId);
    transaction.put(path, rotateFamily(family, next, clock.now()));
    return { verdict, family, refreshToken: renderRefreshToken(next) };
  });
}

/** Deletes what expired, for example families that nobody used. For a job, about once a day. */
export async function purgeExpiredSignIns(view: View, clock: Clock): Promise<void> {
  for (const prefix of EXPIRING) await purgeExpired(view, prefix, clock.now());
}

async function purgeExpired(view: View, prefix: string, nowMs: number): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const entries = await view.scan<{ readonly expiresMs: number }>({
      prefix,
      limit: PURGE_PAGE,
      ...(after === undefined ? {} : { after }),
    });
    const expired = entries.filter(({ value }) => value.expiresMs <= nowMs);
    if (expired.length > 0) {
      await view.transact(async (transaction) => {
        for (const { path } of expired) transaction.delete(path);
      });
    }
    after = entries.at(-1)?.path;
    if (entries.length < PURGE_PAGE) return;
  }
}
