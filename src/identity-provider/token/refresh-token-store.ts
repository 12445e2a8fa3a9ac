// Refresh-token families as records, and the one transaction in which a token is taken and
// replaced.
import { type Clock, newGuid } from '#kernel';
import type { View } from '#storage';
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
const PURGE_PAGE = 500;

export type NewFamily = Pick<
  RefreshFamily,
  'userId' | 'clientId' | 'methods' | 'signedInAtS' | 'chain'
>;

/** Starts a family; answers its first token. */
export async function startFamily(view: View, input: NewFamily, clock: Clock): Promise<string> {
  const token = newRefreshToken(newGuid());
  const family: RefreshFamily = {
    ...input,
    familyId: token.familyId,
    currentHash: hashRefreshToken(token),
    expiresMs: clock.now() + REFRESH_LIFETIME_MS,
  };
  await view.transact(async (transaction) => transaction.put(PREFIX + family.familyId, family));
  return renderRefreshToken(token);
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

/** Deletes families that nobody used until they expired. For a job, about once a day. */
export async function purgeExpiredSignIns(view: View, clock: Clock): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const entries = await view.scan<RefreshFamily>({
      prefix: PREFIX,
      limit: PURGE_PAGE,
      ...(after === undefined ? {} : { after }),
    });
    const expired = entries.filter(({ value }) => value.expiresMs <= clock.now());
    if (expired.length > 0) {
      await view.transact(async (transaction) => {
        for (const { path } of expired) transaction.delete(path);
      });
    }
    after = entries.at(-1)?.path;
    if (entries.length < PURGE_PAGE) return;
  }
}
