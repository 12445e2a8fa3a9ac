// The end of vault objects. A purge is one small commit whatever the number of versions: the head
// goes and a mark says which data to erase; the data follows in batches. A crash in between leaves
// the mark, and the next sweep goes on from there.
import type { Transaction, View } from '#storage';
import type { Collection } from './kind.ts';
import {
  dataPrefix,
  deletedPrefix,
  type Head,
  PURGE_PREFIX,
  PURGING_PREFIX,
  type PurgeEntry,
  type PurgeMark,
  purgePath,
  purgingPath,
} from './records.ts';

const BATCH = 200;

/** Removes a deleted object's head. `undefined` if there is no deleted object of that name. */
export async function markPurged(
  transaction: Transaction,
  collection: Collection,
  name: string,
): Promise<PurgeMark | undefined> {
  const path = deletedPrefix(collection) + name;
  const head = await transaction.get<Head<unknown>>(path);
  if (head?.deleted === undefined) return undefined;
  const mark = { collection, uid: head.uid };
  transaction.delete(path);
  transaction.delete(purgePath(head.deleted.scheduledPurgeDate, { collection, name }));
  transaction.put(purgingPath(mark), mark);
  return mark;
}

/** Erases everything a purged object has left behind, then its mark. */
export async function eraseData(view: View, mark: PurgeMark): Promise<void> {
  const prefix = dataPrefix(mark.collection, mark.uid);
  for (;;) {
    const entries = await view.scan({ prefix, limit: BATCH });
    await view.transact(async (transaction) => {
      for (const entry of entries) transaction.delete(entry.path);
      if (entries.length < BATCH) transaction.delete(purgingPath(mark));
    });
    if (entries.length < BATCH) return;
  }
}

/** Purges what is due in one vault, and finishes purges that were cut short. Returns how many. */
export async function purgeDueObjects(view: View, nowSeconds: number): Promise<number> {
  let purged = 0;
  for (;;) {
    const entries = await view.scan<PurgeEntry>({ prefix: PURGE_PREFIX, limit: BATCH });
    const due = entries.filter(({ path, value }) => path < purgePath(nowSeconds + 1, value));
    for (const { path, value } of due) {
      await view.transact(async (transaction) => {
        // Recovered, or purged by hand, since the scan.
        if ((await transaction.get(path)) === undefined) return;
        await markPurged(transaction, value.collection, value.name);
        transaction.delete(path);
      });
    }
    purged += due.length;
    if (due.length < BATCH) break;
  }
  await finishPurges(view);
  return purged;
}

async function finishPurges(view: View): Promise<void> {
  for (;;) {
    const marks = await view.scan<PurgeMark>({ prefix: PURGING_PREFIX, limit: BATCH });
    for (const { value } of marks) await eraseData(view, value);
    if (marks.length < BATCH) return;
  }
}
