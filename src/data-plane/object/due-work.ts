// What falls due when: expiry and its notice, rotation, renewal. An object's head says what is due
// for its current version and what was done already; an index by time finds it. Both are written
// with the object, in the same commit, so nothing is forgotten by a crash and nothing is done
// twice. Nothing here does the work (`due-runner.ts`, and the handlers beside each kind).
//
//   due/<seconds>/<collection>/<name>/<task>   DueEntry
import type { Transaction } from '#storage';
import type { Collection } from './kind.ts';
import { nameKey } from './name.ts';
import type { Head } from './records.ts';

/** `issue`, `renew` and `notify` are certificates'. */
const tasks = ['nearExpiry', 'expired', 'rotate', 'renew', 'notify', 'issue'] as const;

export type DueTask = (typeof tasks)[number];

/** Unix seconds at which each task falls due for an object's current version. */
export type DuePlan = Readonly<Partial<Record<DueTask, number>>>;

export interface DueState {
  /** Unix seconds. */
  readonly at: number;
  /** The version it was planned for. */
  readonly version: string;
  readonly done?: true;
}

export type DueStates = Readonly<Partial<Record<DueTask, DueState>>>;

export interface DueEntry {
  readonly collection: Collection;
  readonly uid: string;
  readonly name: string;
  readonly task: DueTask;
  readonly at: number;
}

export const DUE_PREFIX = 'due/';

const NEAR_EXPIRY_SECONDS = 30 * 86_400;

/** What every object with an expiry has: a notice 30 days before it, and the expiry itself. */
export function planExpiry({ current }: Pick<Head<unknown>, 'current'>): DuePlan {
  const { exp } = current.attributes;
  return exp === undefined ? {} : { nearExpiry: exp - NEAR_EXPIRY_SECONDS, expired: exp };
}

/** The plan as states: what was done for the same version and time stays done. */
export function mergeDue(
  before: DueStates | undefined,
  plan: DuePlan,
  version: string,
): DueStates | undefined {
  const states: Partial<Record<DueTask, DueState>> = {};
  for (const task of tasks) {
    const at = plan[task];
    if (at === undefined) continue;
    const known = before?.[task];
    states[task] = known?.at === at && known.version === version ? known : { at, version };
  }
  return Object.keys(states).length === 0 ? undefined : states;
}

/** Brings the index from what stood in it to what an object's states say now. */
export function indexDue(
  transaction: Transaction,
  object: Pick<DueEntry, 'collection' | 'uid' | 'name'>,
  states: { readonly before: DueStates | undefined; readonly after: DueStates | undefined },
): void {
  const { collection, uid } = object;
  for (const task of tasks) {
    const before = states.before?.[task];
    const after = states.after?.[task];
    const base = { collection, uid, name: nameKey(object.name), task };
    if (before !== undefined && !before.done && before.at !== after?.at) {
      transaction.delete(duePath({ ...base, at: before.at }));
    }
    if (after === undefined || after.done) continue;
    const entry: DueEntry = { ...base, at: after.at };
    transaction.put(duePath(entry), entry);
  }
}

export function duePath({ at, collection, name, task }: DueEntry): string {
  return `${DUE_PREFIX}${sortable(at)}/${collection}/${name}/${task}`;
}

/** What is beyond this path falls due after that second. */
export function dueAfter(seconds: number): string {
  return `${DUE_PREFIX}${sortable(seconds + 1)}`;
}

/** Twelve digits, so that paths sort as times do; what fell due before 1970 is due at once. */
function sortable(seconds: number): string {
  return String(Math.max(0, seconds)).padStart(12, '0');
}
