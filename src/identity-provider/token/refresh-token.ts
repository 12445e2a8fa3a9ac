// Refresh tokens: opaque, kept only as a hash, replaced at every use. All tokens that descend from
// one sign-in are a family; when one that was replaced long ago turns up again, somebody has a
// copy, and the whole family ends.
import { createHash, randomBytes } from 'node:crypto';
import type { ChainLink } from '#authentication';
import { decodeBase64Url, isGuid, isSameSecret } from '#kernel';
import type { Platform } from '../authorize/redirect-uri.ts';

const SECRET_BYTES = 32;
const DAY_MS = 24 * 3_600_000;
/** Of tokens that a page holds, whatever their use (Entra's bound for single-page applications). */
export const SPA_LIFETIME_MS = DAY_MS;
/** Entra's default: 90 days without use. */
export const REFRESH_LIFETIME_MS = 90 * DAY_MS;
/** Clients that ask for two resources at once send one token twice; that is no theft. */
const OVERLAP_MS = 60_000;

export interface RefreshFamily {
  readonly familyId: string;
  readonly userId: string;
  readonly clientId: string;
  readonly currentHash: string;
  /** The token before the current one, and until when it is still taken. */
  readonly previous?: { readonly hash: string; readonly untilMs: number };
  /** How and when the person signed in. */
  readonly methods: readonly string[];
  readonly signedInAtS: number;
  /** Clients that passed the person's token on to this one, and their credentials. */
  readonly chain?: readonly ChainLink[];
  readonly expiresMs: number;
  /** Where the sign-in was answered to, if it was in a browser: says who may use the token. */
  readonly platform?: Platform;
  /** However often it is used, no longer than this: pages are no place to keep anything. */
  readonly endsMs?: number;
}

export interface RefreshToken {
  readonly familyId: string;
  readonly secret: Buffer;
}

export function newRefreshToken(familyId: string): RefreshToken {
  return { familyId, secret: randomBytes(SECRET_BYTES) };
}

export function renderRefreshToken({ familyId, secret }: RefreshToken): string {
  return `1.${familyId}.${secret.toString('base64url')}`;
}

/** `undefined` for what is not a refresh token of ours. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [version, familyId = '', encoded = '', ...more] = text.split('.');
  const secret = decodeBase64Url(encoded);
  if (version !== '1' || more.length > 0 || !isGuid(familyId)) return undefined;
  return secret?.length === SECRET_BYTES ? { familyId: familyId.toLowerCase(), secret } : undefined;
}

export function hashRefreshToken({ secret }: RefreshToken): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/**
 * `rotate`: the current token. `overlap`: the one before, just replaced. `stolen`: end the family.
 */
export type RefreshVerdict = 'rotate' | 'overlap' | 'expired' | 'stolen';

export function decideRefresh(
  family: RefreshFamily,
  token: RefreshToken,
  nowMs: number,
): RefreshVerdict {
  const hash = hashRefreshToken(token);
  if (family.expiresMs <= nowMs) return 'expired';
  if (isSame(hash, family.currentHash)) return 'rotate';
  const { previous } = family;
  const overlaps = previous !== undefined && isSame(hash, previous.hash);
  return overlaps && nowMs < previous.untilMs ? 'overlap' : 'stolen';
}

/** The family with `next` as its current token. */
export function rotateFamily(
  family: RefreshFamily,
  next: RefreshToken,
  nowMs: number,
): RefreshFamily {
  return {
    ...family,
    currentHash: hashRefreshToken(next),
    previous: { hash: family.currentHash, untilMs: nowMs + OVERLAP_MS },
    expiresMs: Math.min(nowMs + REFRESH_LIFETIME_MS, family.endsMs ?? Number.POSITIVE_INFINITY),
  };
}

function isSame(a: string, b: string): boolean {
  return isSameSecret(Buffer.from(a), Buffer.from(b));
}
