// Long-running operations that were over before the answer was sent: their result id is a sealed
// note of when that was, so nothing is stored for it and no id can be made up.
import { resourceManagerErrors } from '#errors';
import { ApiError, decodeBase64Url, encodeBase64Url } from '#kernel';
import type { Management } from './management.ts';

/** An id for `operationResults`, good in this subscription only. */
export function sealOperationResult(
  { storage, clock }: Management,
  subscriptionId: string,
): string {
  const note = Buffer.from(String(clock.now()));
  return encodeBase64Url(storage.sealBlob(contextOf(subscriptionId), note));
}

/**
 * When the operation ended, in milliseconds; throws ResourceNotFound for an id that is not ours.
 */
export function openOperationResult(
  { storage }: Management,
  subscriptionId: string,
  id: string,
): number {
  const blob = decodeBase64Url(id);
  const note = blob && storage.openBlob(contextOf(subscriptionId), blob);
  if (note === undefined) throw new ApiError(resourceManagerErrors.notFound);
  return Number(Buffer.from(note).toString());
}

function contextOf(subscriptionId: string): string {
  return `operation-result/${subscriptionId.toLowerCase()}`;
}
