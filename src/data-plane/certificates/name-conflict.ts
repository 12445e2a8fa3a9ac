// Whether a certificate may have the key and the secret of its name. They are made when it is
// issued, perhaps days after it was asked for, and until then others may take the name: what they
// have made is never given the certificate's key.
import { certificateErrors } from '#errors';
import { ApiError } from '#kernel';
import type { Reader } from '#storage';
import { keyObjects } from '../keys/key-objects.ts';
import { secretObjects } from '../secrets/secret-store.ts';

/** `nameTaken` or a `deletedButRecoverable`; `undefined` if the names are free or its own. */
export async function nameConflict(reader: Reader, name: string): Promise<ApiError | undefined> {
  for (const [noun, store] of [
    ['key', keyObjects],
    ['secret', secretObjects],
  ] as const) {
    const live = await store.findLive(reader, name);
    if (live?.managed) continue;
    if (live) return new ApiError(certificateErrors.nameTaken, { noun, id: name });
    if ((await store.findDeleted(reader, name)) !== undefined) {
      return new ApiError(store.kind.errors.deletedButRecoverable, { id: name });
    }
  }
  return undefined;
}
