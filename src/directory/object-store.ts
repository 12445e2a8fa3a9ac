// Load, change and delete of one directory object inside a transaction. The rules of each kind
// stand in its own file; this one knows only that objects have an id and may be soft-deleted.

import { graphErrors } from '#errors';
import { ApiError, type Clock } from '#kernel';
import type { Transaction, View } from '#storage';
import { type DirectoryKind, recordPath } from './paths.ts';

export interface Stored {
  readonly id: string;
  readonly deletedDateTime?: string;
}

/** Throws `Request_ResourceNotFound` for an object that is not there or is soft-deleted. */
export async function load<T extends Stored>(
  transaction: Transaction,
  kind: DirectoryKind,
  id: string,
): Promise<T> {
  const record = await transaction.get<T>(recordPath(kind, id));
  if (record === undefined || record.deletedDateTime !== undefined) throw notFound(id);
  return record;
}

/** `change` returns the new record, or the same one if there is nothing to write. */
export function update<T extends Stored>(
  view: View,
  target: { readonly kind: DirectoryKind; readonly id: string },
  change: (record: T, transaction: Transaction) => Promise<T> | T,
): Promise<T> {
  return view.transact(async (transaction) => {
    const before = await load<T>(transaction, target.kind, target.id);
    const after = await change(before, transaction);
    if (after !== before) transaction.put(recordPath(target.kind, target.id), after);
    return after;
  });
}

/** A view whose transactions are all part of this one. */
export function within(transaction: Transaction): View {
  return {
    get: (path) => transaction.get(path),
    scan: (range) => transaction.scan(range),
    transact: (work) => work(transaction),
  };
}

export function notFound(id: string): ApiError {
  return new ApiError(graphErrors.resourceNotFound, { id });
}

/** ISO 8601 in UTC with whole seconds, as Microsoft Graph prints times. */
export function graphTime(clock: Clock): string {
  return graphTimeAt(clock.now());
}

export function graphTimeAt(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
