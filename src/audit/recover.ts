// What is done with the log of the last run before anything is added to it: the newest file is
// checked, a line that a crash cut short is taken off, and a log that is not whole is refused. The
// older files are checked by `verifyAudit`, not at every start.
import { readFile } from 'node:fs/promises';
import { type ChainHash, type Head, ORIGIN, readLine, splitLines } from './chain.ts';
import { AuditDamaged } from './errors.ts';
import { type AuditFile, type HeadFile, listAuditFiles, loadHead } from './files.ts';

export interface Recovered {
  readonly head: Head;
  /** File to go on with and the length of its whole lines; none before the first event ever. */
  readonly newest: { readonly file: AuditFile; readonly wholeBytes: number } | undefined;
  /** Bytes of an unfinished last line in `newest`. */
  readonly unfinishedBytes: number;
}

/** `undefined` if there is no log here at all. Changes nothing; throws AuditDamaged. */
export async function recoverLog(
  directory: string,
  headFile: HeadFile,
): Promise<Recovered | undefined> {
  const files = await listAuditFiles(directory);
  const anchor = await loadHead(directory, headFile);
  if (anchor === undefined && files.length === 0) return undefined;
  if (anchor === undefined) {
    throw new AuditDamaged(`The audit log in ${directory} has lost its head.json.`);
  }
  const recovered = await readNewest(files, headFile.hashOf, anchor);
  if (recovered.head.sequence < anchor.sequence) {
    const missing = `${recovered.head.sequence + 1} to ${anchor.sequence}`;
    throw new AuditDamaged(`The audit log in ${directory} has lost its last lines, ${missing}.`);
  }
  return recovered;
}

async function readNewest(
  files: readonly AuditFile[],
  hashOf: ChainHash,
  anchor: Head,
): Promise<Recovered> {
  const file = files.at(-1);
  if (file === undefined) return { head: ORIGIN, newest: undefined, unfinishedBytes: 0 };
  const content = await readFile(file.path);
  const { lines, unfinishedBytes } = splitLines(content);
  const newest = { file, wholeBytes: content.length - unfinishedBytes };
  if (lines.length > 0) {
    const head = checkLines(file, { lines, hashOf, anchor });
    return { head, newest, unfinishedBytes };
  }
  // A crash between making the file and finishing its first line: the line before stands in the
  // file before.
  const { head, unfinishedBytes: cut } = await readNewest(files.slice(0, -1), hashOf, anchor);
  if (head.sequence + 1 !== file.firstSequence || cut > 0) {
    throw new AuditDamaged(`${file.path} is empty but does not follow line ${head.sequence}.`);
  }
  return { head, newest, unfinishedBytes };
}

interface Content {
  readonly lines: readonly Buffer[];
  readonly hashOf: ChainHash;
  readonly anchor: Head;
}

/**
 * Follows the chain through one file; the first line's tie to the file before is taken on trust.
 */
function checkLines(file: AuditFile, { lines, hashOf, anchor }: Content): Head {
  let before: Head | undefined;
  for (const [index, bytes] of lines.entries()) {
    const line = readLine(bytes, hashOf);
    const isNext =
      line?.isGenuine &&
      line.sequence === file.firstSequence + index &&
      (before === undefined || line.previousHash === before.hash) &&
      (line.sequence !== anchor.sequence || line.hash === anchor.hash);
    if (!isNext) {
      throw new AuditDamaged(`${file.path} was changed at line ${index + 1}.`);
    }
    before = line;
  }
  return before ?? ORIGIN;
}
