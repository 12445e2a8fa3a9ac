// Runs what is due in one vault, each piece by the handler of its kind and task. A piece that fails
// is told and stays due: the next run tries it again, and the others do not wait for it. Between
// pieces the thread is given back, so that requests are not delayed by a backlog.
import type { Vault } from '#resources';
import type { View } from '#storage';
import { DUE_PREFIX, type DueEntry, type DueTask, dueAfter } from './due-work.ts';
import type { Collection } from './kind.ts';
import type { ObjectStore } from './object-store.ts';
import type { Head } from './records.ts';

/** One vault's access for work that time starts, and the time it is done for. */
export interface DueSession {
  readonly view: View;
  readonly vault: Vault;
  readonly nowSeconds: number;
}

/** What was done, for the audit log. */
export interface DueOutcome {
  /** Name of the operation in the audit log. */
  readonly audit: string;
  readonly head: Pick<Head<unknown>, 'name' | 'current'>;
}

/**
 * Does one piece of work and marks it done with `ObjectStore.takeDue` in the same transaction.
 * `undefined`: there was nothing to do any more.
 */
export type DueHandler = (session: DueSession, entry: DueEntry) => Promise<DueOutcome | undefined>;

export type DueHandlers = Readonly<Partial<Record<DueTask, DueHandler>>>;

export interface RunOptions {
  readonly handlers: Readonly<Partial<Record<Collection, DueHandlers>>>;
  /** Called after each piece that was done. */
  readonly onDone: (outcome: DueOutcome, entry: DueEntry) => Promise<void>;
  readonly onFailed: (cause: unknown, entry: DueEntry) => void;
}

const BATCH = 100;

export interface DueRun {
  /** How many pieces were done. */
  readonly done: number;
  /** When the next one falls due, in Unix seconds. */
  readonly next: number | undefined;
}

/** Does what is due, and what falls due at once by that: a renewal asks for a certificate. */
export async function runDueWork(session: DueSession, options: RunOptions): Promise<DueRun> {
  const tried = new Set<string>();
  let done = 0;
  let before: number;
  do {
    before = tried.size;
    done += await runPass(session, options, tried);
  } while (tried.size > before);
  return { done, next: await nextDue(session) };
}

/** Does what is due and was not tried yet; adds the paths of that to `tried`. */
async function runPass(
  session: DueSession,
  options: RunOptions,
  tried: Set<string>,
): Promise<number> {
  let done = 0;
  let after: string | undefined;
  for (;;) {
    const range = { prefix: DUE_PREFIX, limit: BATCH, ...(after !== undefined && { after }) };
    const entries = await session.view.scan<DueEntry>(range);
    for (const { path, value } of entries) {
      if (value.at > session.nowSeconds) return done;
      after = path;
      if (tried.has(path)) continue;
      tried.add(path);
      await giveWay();
      done += await runOne(session, value, options);
    }
    if (entries.length < BATCH) return done;
  }
}

async function nextDue({ view, nowSeconds }: DueSession): Promise<number | undefined> {
  const range = { prefix: DUE_PREFIX, after: dueAfter(nowSeconds), limit: 1 };
  const [first] = await view.scan<DueEntry>(range);
  return first?.value.at;
}

async function runOne(
  session: DueSession,
  entry: DueEntry,
  { handlers, onDone, onFailed }: RunOptions,
): Promise<number> {
  const handle = handlers[entry.collection]?.[entry.task];
  // Planned by a newer version of this program: kept for it.
  if (handle === undefined) return 0;
  try {
    const outcome = await handle(session, entry);
    if (outcome === undefined) return 0;
    await onDone(outcome, entry);
    return 1;
  } catch (cause) {
    onFailed(cause, entry);
    return 0;
  }
}

/** The notice before an object expires, and its expiry, told as events. */
export function expiryHandlers<Listed, Content>(store: ObjectStore<Listed, Content>): DueHandlers {
  const tell =
    (kind: 'NearExpiry' | 'Expired'): DueHandler =>
    async ({ view, nowSeconds }, entry) => {
      const head = await view.transact(async (transaction) => {
        const taken = await store.takeDue(transaction, entry);
        // After a long downtime both are due: that it expires soon is not true any more.
        const isPast = kind === 'NearExpiry' && (taken?.current.attributes.exp ?? 0) <= nowSeconds;
        if (taken === undefined || isPast) return undefined;
        store.recordEvent(transaction, taken, { kind, time: nowSeconds });
        return taken;
      });
      if (head === undefined) return undefined;
      return { audit: `${store.noun}${kind}EventGridNotification`, head };
    };
  return { nearExpiry: tell('NearExpiry'), expired: tell('Expired') };
}

function giveWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
