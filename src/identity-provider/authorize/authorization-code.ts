// Authorization codes: what a browser carries from a sign-in to the client. Opaque, kept only as a
// hash, good once and for ten minutes. One that comes a second time has been copied: what it
// obtained the first time ends.
import { createHash, randomBytes } from 'node:crypto';
import { decodeBase64Url } from '#kernel';
import type { View } from '#storage';
import type { RefreshFamily } from '../token/refresh-token.ts';
import { refreshFamilyPath } from '../token/refresh-token-store.ts';
import type { ReplyAddress } from './authorize-request.ts';

const SECRET_BYTES = 32;
export const CODE_LIFETIME_MS = 600_000;
const PREFIX = 'sign-in/code/';
/** A redeemed code is remembered longer than it is good for, so that a late replay is noticed. */
const MEMORY_MS = 3_600_000;

export interface CodeContent {
  readonly reply: Pick<ReplyAddress, 'clientId' | 'redirectUri' | 'platform'>;
  readonly isV1: boolean;
  readonly scope: string;
  readonly resource: string | undefined;
  readonly nonce: string | undefined;
  readonly codeChallenge: string | undefined;
  readonly userId: string;
  readonly methods: readonly string[];
  readonly signedInAtS: number;
}

interface CodeRecord extends CodeContent {
  readonly validUntilMs: number;
  /** When the record may be purged. */
  readonly expiresMs: number;
  readonly isRedeemed: boolean;
  /** The refresh-token family that the redemption started. */
  readonly familyId?: string | undefined;
}

export async function saveCode(view: View, content: CodeContent, nowMs: number): Promise<string> {
  const code = randomBytes(SECRET_BYTES).toString('base64url');
  const validUntilMs = nowMs + CODE_LIFETIME_MS;
  const record: CodeRecord = {
    ...content,
    validUntilMs,
    expiresMs: nowMs + MEMORY_MS,
    isRedeemed: false,
  };
  await view.transact(async (transaction) => transaction.put(PREFIX + hash(code), record));
  return `1.${code}`;
}

/** The code's content without taking it; `undefined` for what is not a code of ours. */
export async function findCode(view: View, text: string): Promise<CodeContent | undefined> {
  const path = codePath(text);
  return path === undefined ? undefined : view.get<CodeRecord>(path);
}

export type Redemption =
  | { readonly verdict: 'unknown' | 'expired' | 'replayed' }
  /** `refused`: the code is gone all the same, so that nobody tries verifiers on it. */
  | { readonly verdict: 'refused' | 'redeemed'; readonly content: CodeContent };

export interface RedemptionRules {
  readonly isRightful: (content: CodeContent) => boolean;
  /** The family that starts with this code, if the client gets a refresh token. */
  readonly family: RefreshFamily | undefined;
  readonly nowMs: number;
}

/**
 * Takes the code and starts its family in one commit. Whoever comes second ends what the first one
 * got, before this resolves.
 */
export function redeemCode(view: View, text: string, rules: RedemptionRules): Promise<Redemption> {
  const path = codePath(text);
  if (path === undefined) return Promise.resolve({ verdict: 'unknown' });
  return view.transact<Redemption>(async (transaction) => {
    const record = await transaction.get<CodeRecord>(path);
    if (record === undefined) return { verdict: 'unknown' };
    if (record.isRedeemed) {
      if (record.familyId !== undefined) transaction.delete(refreshFamilyPath(record.familyId));
      return { verdict: 'replayed' };
    }
    if (record.validUntilMs <= rules.nowMs) return { verdict: 'expired' };
    const { family } = rules;
    if (!rules.isRightful(record)) {
      transaction.put(path, { ...record, isRedeemed: true });
      return { verdict: 'refused', content: record };
    }
    if (family !== undefined) transaction.put(refreshFamilyPath(family.familyId), family);
    const familyId = family?.familyId;
    transaction.put(path, { ...record, isRedeemed: true, familyId });
    return { verdict: 'redeemed', content: record };
  });
}

function codePath(text: string): string | undefined {
  const [version, code = '', ...more] = text.split('.');
  const isOurs = version === '1' && more.length === 0;
  return isOurs && decodeBase64Url(code)?.length === SECRET_BYTES ? PREFIX + hash(code) : undefined;
}

function hash(code: string): string {
  return createHash('sha256').update(code).digest('base64url');
}
