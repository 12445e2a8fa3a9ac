// What happened to a vault's objects, for who wants to know: a new version, expiry near, expired,
// and, our own, that a certificate's contacts could not be told.
// An event is written in the same commit as what it tells of, under the vault's own partition, and
// kept for a while. It says names and times, never a value.
//
//   event/<seconds>/<id>   VaultEvent
import { newGuid } from '#kernel';
import type { Reader, Transaction, View } from '#storage';

export type VaultEventNoun = 'Secret' | 'Key' | 'Certificate';
export type VaultEventKind = 'NewVersionCreated' | 'NearExpiry' | 'Expired' | 'ContactsNotTold';

/** Names are Event Grid's, but for `ContactsNotTold` (`azure/facts/event-grid.json`). */
export interface VaultEvent {
  readonly id: string;
  readonly noun: VaultEventNoun;
  readonly kind: VaultEventKind;
  /** Unix seconds, as all times here. */
  readonly time: number;
  readonly objectName: string;
  readonly version: string;
  readonly nbf?: number;
  readonly exp?: number;
}

export interface EventPage {
  readonly events: readonly VaultEvent[];
  /** Where the next page begins; `undefined`: this is the last one. */
  readonly after: string | undefined;
}

export const VAULT_EVENTS_KEPT_DAYS = 30;
export const VAULT_EVENTS_MAX = 5000;

const PREFIX = 'event/';
const BATCH = 500;

export function recordVaultEvent(transaction: Transaction, event: Omit<VaultEvent, 'id'>): void {
  const id = newGuid();
  transaction.put<VaultEvent>(PREFIX + cursorOf(event.time, id), { id, ...event });
}

/** The newest first. `after` is what the page before gave. */
export async function listVaultEvents(
  reader: Reader,
  slice: { readonly after: string | undefined; readonly limit: number },
): Promise<EventPage> {
  const { after, limit } = slice;
  const entries = await reader.scan<VaultEvent>({
    prefix: PREFIX,
    limit: limit + 1,
    descending: true,
    ...(after !== undefined && { after: PREFIX + after }),
  });
  const events = entries.slice(0, limit).map(({ value }) => value);
  const last = events.at(-1);
  const more = entries.length > limit && last !== undefined;
  return { events, after: more ? cursorOf(last.time, last.id) : undefined };
}

/** Whether a text can be the `after` of a page. */
export function isEventCursor(text: string): boolean {
  return /^\d{12}\/[0-9a-f-]{36}$/.test(text);
}

/** Takes away what is older than 30 days, and the oldest of more than 5,000. Returns how many. */
export async function trimVaultEvents(view: View, nowSeconds: number): Promise<number> {
  const oldest = cursorOf(nowSeconds - VAULT_EVENTS_KEPT_DAYS * 86_400, '');
  const bound = (await newestBeyond(view, VAULT_EVENTS_MAX)) ?? '';
  let trimmed = 0;
  for (;;) {
    const entries = await view.scan({ prefix: PREFIX, limit: BATCH });
    const over = entries.filter(({ path }) => path < PREFIX + oldest || path <= bound);
    if (over.length > 0) {
      await view.transact(async (transaction) => {
        for (const { path } of over) transaction.delete(path);
      });
    }
    trimmed += over.length;
    if (over.length < BATCH) return trimmed;
  }
}

/** Path of the newest event that is one too many. */
async function newestBeyond(view: View, kept: number): Promise<string | undefined> {
  let after: string | undefined;
  for (let seen = 0; ; seen += BATCH) {
    const range = { prefix: PREFIX, limit: BATCH, descending: true, ...(after && { after }) };
    const entries = await view.scan(range);
    if (seen + entries.length > kept) return entries[kept - seen]?.path;
    if (entries.length < BATCH) return undefined;
    after = entries.at(-1)?.path;
  }
}

function cursorOf(seconds: number, id: string): string {
  return `${String(seconds).padStart(12, '0')}/${id}`;
}
