// Unique values (user names, client ids, identifier URIs): a claim record per value, read and
// written in the same transaction as the object, so that the store itself refuses the second owner.

import { graphErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Transaction } from '#storage';
import { type Claim, claimPath } from './paths.ts';

export interface ClaimedValue {
  /** The Graph property, for example `userPrincipalName`. */
  readonly property: string;
  readonly value: string;
  readonly ownerId: string;
}

/** Throws `Request_MultipleObjectsWithSameKeyValue` if another object has the value. */
export async function claim(transaction: Transaction, claimed: ClaimedValue): Promise<void> {
  const path = claimPath(claimed.property, claimed.value);
  const existing = await transaction.get<Claim>(path);
  if (existing !== undefined && existing.ownerId !== claimed.ownerId) {
    throw new ApiError(graphErrors.sameKeyValue, { property: claimed.property });
  }
  const record: Claim = { ownerId: claimed.ownerId };
  transaction.put(path, record);
}

/** Gives the value up if this object has it. */
export async function release(transaction: Transaction, claimed: ClaimedValue): Promise<void> {
  const path = claimPath(claimed.property, claimed.value);
  const existing = await transaction.get<Claim>(path);
  if (existing?.ownerId === claimed.ownerId) transaction.delete(path);
}
