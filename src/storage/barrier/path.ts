// Which paths there are. A path is one or more segments joined by `/`; a segment is printable ASCII
// without space and backslash, and neither empty, `.` nor `..`. A path is also the record's
// associated data, so each record has exactly one spelling. Everything else is refused.
import { StorageError } from '../storage-error.ts';

/** Characters of a full path, partition included. */
export const PATH_LENGTH_MAX = 1024;

const SEGMENT = String.raw`(?!\.{1,2}(?:/|$))[!-.0-[\]-~]+`;
const PATH = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`);
/** What a scan may ask for: nothing, or a path of which the last segment may be cut short. */
const PREFIX = new RegExp(`^(?:${SEGMENT}/)*[!-.0-[\\]-~]*$`);

/** Keys that start so are the barrier's own (`!keyring`); no partition reaches them. */
const RESERVED = '!';

/** Sorts after every character a path may have. */
const BEYOND = '\u007f';

/** `partition` + `path`; throws StorageError `path_refused` unless the path is well-formed. */
export function resolvePath(partition: string, path: string): string {
  if (!PATH.test(path)) throw refused('path');
  return bounded(partition + path);
}

/** The same for the prefix of a scan, which may be empty or end within a segment. */
export function resolvePrefix(partition: string, prefix: string): string {
  if (!PREFIX.test(prefix) || /(?:^|\/)\.\.$/.test(prefix)) throw refused('prefix');
  return bounded(partition + prefix);
}

/** Throws unless `partition` is well-formed, ends in `/` and is not the barrier's own. */
export function checkPartition(partition: string): string {
  const named = partition.endsWith('/') && PATH.test(partition.slice(0, -1));
  if (!named || partition.startsWith(RESERVED)) throw refused('partition');
  return bounded(partition);
}

/** Throws unless `prefix` may be followed: not empty, and not the barrier's own. */
export function checkFollowed(prefix: string): string {
  if (prefix === '' || prefix.startsWith(RESERVED)) throw refused('prefix');
  return resolvePrefix('', prefix);
}

/** The first key after all that start with `prefix`. */
export function endOf(prefix: string): string {
  return prefix + BEYOND;
}

/** The first key after `path`. */
export function successor(path: string): string {
  return `${path}\u0000`;
}

function bounded(path: string): string {
  if (path.length > PATH_LENGTH_MAX) throw refused('path');
  return path;
}

/** The message does not repeat the path: what is odd about it may be a caller's. */
function refused(what: string): StorageError {
  return new StorageError('path_refused', `The storage ${what} is not one that is allowed.`);
}
