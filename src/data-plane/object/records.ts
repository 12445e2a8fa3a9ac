// How vault objects are kept, under the vault's partition:
//
//   <collection>/live/<name>              Head of an object that can be used
//   <collection>/deleted/<name>           Head of one that can only be recovered or purged
//   <collection>/data/<uid>/version/<v>   Version, one record each
//   <collection>/data/<uid>/object/<what> what belongs to the object as a whole (rotation policy)
//   purge/<seconds>/<collection>/<name>   PurgeEntry: the index of deleted objects by purge date
//   purging/<collection>/<uid>            PurgeMark: purged, its data still to be erased
//   due/<seconds>/<collection>/<name>/<task>   what falls due (due-work.ts)
//
// The data stands under the object's own id, not its name: deleting, recovering and purging move or
// remove one head whatever the number of versions, and a new object of a purged name shares nothing
// with the old one. The head repeats the current version's header, so that a list page is one scan
// and the latest version two reads. Names in paths are lower-case; records keep the letters given.
import type { DueStates } from './due-work.ts';
import type { Collection } from './kind.ts';

export interface Attributes {
  readonly enabled: boolean;
  /** Unix seconds, as all times here. */
  readonly nbf?: number;
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
}

/** Everything about a version but its content. `Listed` is what lists show of this kind besides. */
export interface VersionHeader<Listed> {
  /** 32 lower-case hex digits. */
  readonly version: string;
  readonly attributes: Attributes;
  readonly tags?: Readonly<Record<string, string>>;
  /** The version that was current when this one was made. */
  readonly previousVersion?: string;
  readonly listed: Listed;
}

export interface Version<Listed, Content> {
  readonly header: VersionHeader<Listed>;
  readonly content: Content;
}

export interface Deletion {
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

export interface Head<Listed> {
  readonly uid: string;
  readonly name: string;
  /** Set on a certificate's key and secret: only the certificate may change them. */
  readonly managed?: true;
  readonly current: VersionHeader<Listed>;
  readonly deleted?: Deletion;
  /** What falls due for the current version, and what of it was done. */
  readonly due?: DueStates;
}

export interface PurgeEntry {
  readonly collection: Collection;
  readonly name: string;
}

export interface PurgeMark {
  readonly collection: Collection;
  readonly uid: string;
}

export const PURGE_PREFIX = 'purge/';
export const PURGING_PREFIX = 'purging/';

export function livePrefix(collection: Collection): string {
  return `${collection}/live/`;
}

export function deletedPrefix(collection: Collection): string {
  return `${collection}/deleted/`;
}

export function dataPrefix(collection: Collection, uid: string): string {
  return `${collection}/data/${uid}/`;
}

export function versionPrefix(collection: Collection, uid: string): string {
  return `${dataPrefix(collection, uid)}version/`;
}

export function objectPrefix(collection: Collection, uid: string): string {
  return `${dataPrefix(collection, uid)}object/`;
}

/** Twelve digits, so that paths sort as times do. */
export function purgePath(seconds: number, entry: PurgeEntry): string {
  return `${PURGE_PREFIX}${String(seconds).padStart(12, '0')}/${entry.collection}/${entry.name}`;
}

export function purgingPath(mark: PurgeMark): string {
  return `${PURGING_PREFIX}${mark.collection}/${mark.uid}`;
}
