// The life of vault objects: versions, soft delete, recovery. Every write takes a Transaction, so
// several objects can change in one commit (a certificate with its key and secret). Nothing here
// looks at content, and nothing here guards managed objects: callers from outside do
// (`guardManaged`).

import { ApiError, newGuid, newVersion } from '#kernel';
import { recordVaultEvent, type VaultEvent } from '#resources';
import type { Reader, Transaction } from '#storage';
import {
  type DueEntry,
  type DuePlan,
  duePath,
  indexDue,
  mergeDue,
  planExpiry,
} from './due-work.ts';
import { nouns, type ObjectKind } from './kind.ts';
import { nameKey, parseVersion } from './name.ts';
import { markPurged } from './purge.ts';
import {
  type Attributes,
  deletedPrefix,
  type Head,
  livePrefix,
  type PurgeMark,
  purgePath,
  type Version,
  type VersionHeader,
  versionPrefix,
} from './records.ts';

const DAY_SECONDS = 86_400;

/** An object as one of its versions shows it. */
export interface Found<Listed, Content> {
  readonly head: Head<Listed>;
  readonly version: Version<Listed, Content>;
}

export interface NewVersion<Listed, Content> {
  readonly name: string;
  readonly attributes: Pick<Attributes, 'enabled' | 'nbf' | 'exp'>;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly listed: Listed;
  readonly content: Content;
  readonly nowSeconds: number;
  /** A certificate gives its key and secret its own version, and marks them as managed. */
  readonly version?: string;
  readonly managed?: true;
  /** Nothing that anybody could use yet: no event tells of it. */
  readonly unannounced?: true;
}

export interface Retention {
  readonly nowSeconds: number;
  readonly retentionDays: number;
}

/** What a PATCH may give; `undefined` leaves a property as it is. */
export interface VersionChange {
  readonly enabled?: boolean | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface Slice {
  /** Name or version that the page before ended with. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface VersionInList<Listed> {
  readonly head: Head<Listed>;
  readonly header: VersionHeader<Listed>;
}

/** What falls due for an object whose head is about to be written. */
export type PlanDue<Listed> = (reader: Reader, head: Head<Listed>) => Promise<DuePlan>;

export class ObjectStore<Listed, Content> {
  readonly kind: ObjectKind;
  readonly #plan: PlanDue<Listed>;

  /** Without `plan` an object's expiry falls due, and the notice before it. */
  constructor(kind: ObjectKind, plan: PlanDue<Listed> = async (_reader, head) => planExpiry(head)) {
    this.kind = kind;
    this.#plan = plan;
  }

  get noun() {
    return nouns[this.kind.collection];
  }

  findLive(reader: Reader, name: string): Promise<Head<Listed> | undefined> {
    return reader.get(livePrefix(this.kind.collection) + nameKey(name));
  }

  findDeleted(reader: Reader, name: string): Promise<Head<Listed> | undefined> {
    return reader.get(deletedPrefix(this.kind.collection) + nameKey(name));
  }

  async requireLive(reader: Reader, name: string): Promise<Head<Listed>> {
    return (await this.findLive(reader, name)) ?? this.#fail('notFound', name);
  }

  async requireDeleted(reader: Reader, name: string): Promise<Head<Listed>> {
    return (await this.findDeleted(reader, name)) ?? this.#fail('deletedNotFound', name);
  }

  /** A version of a live object, the latest if `version` is ''. Two reads. Throws `notFound`. */
  async load(reader: Reader, name: string, version: string): Promise<Found<Listed, Content>> {
    const id = version === '' ? name : `${name}/${version}`;
    const wanted = parseVersion(version);
    if (wanted === undefined) return this.#fail('notFound', id);
    const head = (await this.findLive(reader, name)) ?? this.#fail('notFound', id);
    return this.#open(reader, head, { version: wanted || head.current.version, id });
  }

  /** The latest version of a deleted object. */
  async loadDeleted(reader: Reader, name: string): Promise<Found<Listed, Content>> {
    const head = await this.requireDeleted(reader, name);
    return this.#open(reader, head, { version: head.current.version, id: name });
  }

  /**
   * Adds a version and makes it the current one; makes the object if there is none of that name.
   */
  async add(
    transaction: Transaction,
    draft: NewVersion<Listed, Content>,
  ): Promise<Found<Listed, Content>> {
    const before = await this.findLive(transaction, draft.name);
    if (before === undefined) await this.requireNameFree(transaction, draft.name);
    const { nowSeconds } = draft;
    const header: VersionHeader<Listed> = {
      version: draft.version ?? newVersion(),
      attributes: withTimes(draft.attributes, { created: nowSeconds, updated: nowSeconds }),
      ...(draft.tags && { tags: draft.tags }),
      ...(before && { previousVersion: before.current.version }),
      listed: draft.listed,
    };
    const changed: Head<Listed> = before
      ? { ...before, current: header }
      : {
          uid: newGuid(),
          name: draft.name,
          ...(draft.managed && { managed: true }),
          current: header,
        };
    const version = { header, content: draft.content };
    const head = await this.putHead(transaction, changed, before);
    this.#putVersion(transaction, head, version);
    if (!draft.unannounced) {
      this.recordEvent(transaction, head, { kind: 'NewVersionCreated', time: nowSeconds });
    }
    return { head, version };
  }

  /** Tells whoever reads the vault's events what happened to the current version. */
  recordEvent(
    transaction: Transaction,
    { name, current }: Head<Listed>,
    event: Pick<VaultEvent, 'kind' | 'time'>,
  ): void {
    const { nbf, exp } = current.attributes;
    recordVaultEvent(transaction, {
      ...event,
      noun: this.noun,
      objectName: name,
      version: current.version,
      ...(nbf !== undefined && { nbf }),
      ...(exp !== undefined && { exp }),
    });
  }

  /** Throws `deletedButRecoverable` if a soft-deleted object holds the name. */
  async requireNameFree(reader: Reader, name: string): Promise<void> {
    const deleted = await this.findDeleted(reader, name);
    if (deleted !== undefined) this.#fail('deletedButRecoverable', name);
  }

  /** Replaces a version by what `alter` makes of it; its id and place in the order stay. */
  async replace(
    transaction: Transaction,
    found: Found<Listed, Content>,
    version: Version<Listed, Content>,
  ): Promise<Found<Listed, Content>> {
    const isCurrent = found.head.current.version === version.header.version;
    const head = isCurrent
      ? await this.putHead(transaction, { ...found.head, current: version.header }, found.head)
      : found.head;
    this.#putVersion(transaction, head, version);
    return { head, version };
  }

  /** Moves the object with all its versions to the deleted ones. */
  async remove(
    transaction: Transaction,
    name: string,
    retention: Retention,
  ): Promise<Found<Listed, Content>> {
    const live = await this.requireLive(transaction, name);
    const deletedDate = retention.nowSeconds;
    const scheduledPurgeDate = deletedDate + retention.retentionDays * DAY_SECONDS;
    const head = { ...live, deleted: { deletedDate, scheduledPurgeDate } };
    const { collection } = this.kind;
    const key = nameKey(live.name);
    transaction.delete(livePrefix(collection) + key);
    transaction.put(deletedPrefix(collection) + key, head);
    const entry = { collection, name: key };
    transaction.put(purgePath(scheduledPurgeDate, entry), entry);
    indexDue(transaction, { ...live, collection }, { before: live.due, after: undefined });
    return this.#open(transaction, head, { version: head.current.version, id: name });
  }

  async recover(transaction: Transaction, name: string): Promise<Found<Listed, Content>> {
    const head = await this.findDeleted(transaction, name);
    if (head === undefined) {
      const live = await this.findLive(transaction, name);
      return this.#fail(live ? 'existsAlready' : 'notFound', name);
    }
    const { deleted, ...live } = head;
    const { collection } = this.kind;
    const key = nameKey(head.name);
    transaction.delete(deletedPrefix(collection) + key);
    if (deleted) {
      transaction.delete(purgePath(deleted.scheduledPurgeDate, { collection, name: key }));
    }
    await this.putHead(transaction, live, live);
    return this.#open(transaction, live, { version: live.current.version, id: name });
  }

  /** Takes a deleted object away for good; its data is erased by `eraseData` afterwards. */
  async purge(transaction: Transaction, name: string): Promise<PurgeMark> {
    const mark = await markPurged(transaction, this.kind.collection, nameKey(name));
    if (mark !== undefined) return mark;
    const live = await this.findLive(transaction, name);
    return this.#fail(live ? 'notDeleted' : 'deletedNotFound', name);
  }

  /** Heads in the order of their names; with `keep`, as many of those as the slice asks for. */
  async list(
    reader: Reader,
    state: 'live' | 'deleted',
    { keep, ...slice }: Slice & { readonly keep?: (head: Head<Listed>) => boolean },
  ): Promise<Head<Listed>[]> {
    const { collection } = this.kind;
    const prefix = state === 'live' ? livePrefix(collection) : deletedPrefix(collection);
    const kept: Head<Listed>[] = [];
    for (let { after } = slice; ; ) {
      const entries = await reader.scan<Head<Listed>>(range(prefix, { ...slice, after }));
      const heads = entries.map((entry) => entry.value);
      kept.push(...(keep ? heads.filter(keep) : heads));
      const last = heads[heads.length - 1];
      const isEnd = heads.length < slice.limit || last === undefined;
      if (isEnd || kept.length >= slice.limit) return kept.slice(0, slice.limit);
      after = nameKey(last.name);
    }
  }

  /** An object's versions in the order of their ids; none if there is no such object. */
  async listVersions(
    reader: Reader,
    name: string,
    slice: Slice,
  ): Promise<readonly VersionInList<Listed>[]> {
    const head = await this.findLive(reader, name);
    if (head === undefined) return [];
    const prefix = versionPrefix(this.kind.collection, head.uid);
    const entries = await reader.scan<Version<Listed, Content>>(range(prefix, slice));
    return entries.map((entry) => ({ head, header: entry.value.header }));
  }

  /**
   * Writes a live object's head, and what falls due for it: again too where that changes with
   * something else (a rotation policy). `before` is the head that stood there.
   */
  async putHead(
    transaction: Transaction,
    head: Head<Listed>,
    before?: Head<Listed>,
  ): Promise<Head<Listed>> {
    const { collection } = this.kind;
    const { due: _stale, ...rest } = head;
    const plan = await this.#plan(transaction, head);
    const due = mergeDue(before?.due, plan, head.current.version);
    const saved = due === undefined ? rest : { ...rest, due };
    indexDue(transaction, { ...rest, collection }, { before: before?.due, after: due });
    transaction.put(livePrefix(collection) + nameKey(head.name), saved);
    return saved;
  }

  /**
   * Marks one piece of work as done, for who does it in this very transaction. `undefined`: there
   * is nothing to do any more, because the object has changed or is gone.
   */
  async takeDue(transaction: Transaction, entry: DueEntry): Promise<Head<Listed> | undefined> {
    const path = duePath(entry);
    const indexed = await transaction.get<DueEntry>(path);
    if (indexed?.uid !== entry.uid) return undefined;
    transaction.delete(path);
    const head = await this.findLive(transaction, entry.name);
    const state = head?.due?.[entry.task];
    if (head === undefined || head.uid !== entry.uid) return undefined;
    if (state === undefined || state.done || state.at !== entry.at) return undefined;
    const taken = { ...head, due: { ...head.due, [entry.task]: { ...state, done: true } } };
    transaction.put(livePrefix(this.kind.collection) + nameKey(head.name), taken);
    return taken;
  }

  #putVersion(
    transaction: Transaction,
    head: Head<Listed>,
    version: Version<Listed, Content>,
  ): void {
    const prefix = versionPrefix(this.kind.collection, head.uid);
    transaction.put(prefix + version.header.version, version);
  }

  async #open(
    reader: Reader,
    head: Head<Listed>,
    wanted: { readonly version: string; readonly id: string },
  ): Promise<Found<Listed, Content>> {
    const path = versionPrefix(this.kind.collection, head.uid) + wanted.version;
    const version = await reader.get<Version<Listed, Content>>(path);
    return version === undefined ? this.#fail('notFound', wanted.id) : { head, version };
  }

  #fail(error: keyof ObjectKind['errors'], id: string): never {
    throw new ApiError(this.kind.errors[error], { id });
  }
}

/** Throws the kind's `managed` error if the object belongs to a certificate. */
export function guardManaged(kind: ObjectKind, head: Head<unknown>, operation: string): void {
  if (head.managed) throw new ApiError(kind.errors.managed, { operation });
}

/** A header with a PATCH applied to it. */
export function changeHeader<Listed>(
  header: VersionHeader<Listed>,
  change: VersionChange,
  nowSeconds: number,
): VersionHeader<Listed> {
  const { attributes } = header;
  const given = {
    enabled: change.enabled ?? attributes.enabled,
    nbf: change.nbf ?? attributes.nbf,
    exp: change.exp ?? attributes.exp,
  };
  return {
    ...header,
    attributes: withTimes(given, { created: attributes.created, updated: nowSeconds }),
    ...(change.tags && { tags: change.tags }),
  };
}

function withTimes(
  given: { enabled: boolean; nbf?: number | undefined; exp?: number | undefined },
  times: Pick<Attributes, 'created' | 'updated'>,
): Attributes {
  return {
    enabled: given.enabled,
    ...(given.nbf !== undefined && { nbf: given.nbf }),
    ...(given.exp !== undefined && { exp: given.exp }),
    ...times,
  };
}

function range(prefix: string, slice: Slice) {
  const { after, limit } = slice;
  return { prefix, limit, ...(after !== undefined && { after: prefix + after }) };
}
