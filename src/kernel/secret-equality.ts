// The comparison of secrets, and of hashes that stand for them: how long it takes tells nothing
// about where two of them differ. No other code outside of cryptography compares any.
import { timingSafeEqual } from 'node:crypto';

/** Their lengths are no secret. */
export function isSameSecret(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
