// Reads a whole audit log and says where it is not what was written. Changes nothing, and may run
// beside a server that is writing.
import { readFile } from 'node:fs/promises';
import { type ChainHash, chainHash, type Head, ORIGIN, readLine, splitLines } from './chain.ts';
import { AuditDamaged } from './errors.ts';
import { type AuditFile, type HeadFile, listAuditFiles, loadHead } from './files.ts';

export interface AuditProblem {
  /** File name within the directory. */
  readonly file: string;
  /** Line in that file, from 1. */
  readonly line: number;
  readonly kind: 'changed' | 'missing' | 'reordered' | 'unreadable' | 'unfinished';
  readonly message: string;
}

export interface AuditReport {
  readonly files: number;
  readonly lines: number;
  /** Of the last line. */
  readonly head: Head;
  /** Bytes after the newest file's last whole line: a write under way, or a crash. No tampering. */
  readonly unfinishedBytes: number;
  /** In the order of the log; empty if it is whole. At most 100. */
  readonly problems: readonly AuditProblem[];
}

const PROBLEMS_MAX = 100;

/**
 * `key` as given to AuditLog.open. `from` is the number of the first line that should be there:
 * above 1 only when older files were archived. Throws AuditDamaged if there is no log or
 * `head.json` is not genuine; everything else is a problem in the report.
 */
export async function verifyAudit(
  directory: string,
  key?: Uint8Array,
  from = 1,
): Promise<AuditReport> {
  const headFile: HeadFile = {
    hashOf: chainHash(key),
    algorithm: key === undefined ? 'SHA-256' : 'HMAC-SHA-256',
  };
  // Before the files: lines written meanwhile make the log longer than the head says, never
  // shorter.
  const anchor = await loadHead(directory, headFile).catch(noLog(directory));
  if (anchor === undefined) throw new AuditDamaged(`There is no audit log in ${directory}.`);
  const files = await listAuditFiles(directory);
  const walk = new Walk(headFile.hashOf, anchor, from);
  for (const file of files) {
    walk.file(file, await readFile(file.path), file === files.at(-1));
  }
  return walk.finish(files);
}

function noLog(directory: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof AuditDamaged) throw error;
    throw new AuditDamaged(`The audit log in ${directory} cannot be read.`);
  };
}

/**
 * Follows the chain. After a problem it goes on from what the line claims, so that each is told
 * once.
 */
class Walk {
  readonly #hashOf: ChainHash;
  readonly #anchor: Head;
  readonly #problems: AuditProblem[] = [];
  #before: Head;
  #lines = 0;
  #unfinishedBytes = 0;

  constructor(hashOf: ChainHash, anchor: Head, from: number) {
    this.#hashOf = hashOf;
    this.#anchor = anchor;
    // The hash before an archived beginning is not known; any is taken.
    this.#before = from === 1 ? ORIGIN : { sequence: from - 1, hash: '' };
  }

  file(file: AuditFile, content: Buffer, isNewest: boolean): void {
    const { lines, unfinishedBytes } = splitLines(content);
    for (const [index, bytes] of lines.entries()) this.#line(file, index + 1, bytes);
    if (isNewest) {
      this.#unfinishedBytes = unfinishedBytes;
    } else if (unfinishedBytes > 0) {
      const where = { file: file.name, line: lines.length + 1 };
      this.#tell({ ...where, kind: 'unfinished', message: 'The file ends within a line.' });
    }
  }

  finish(files: readonly AuditFile[]): AuditReport {
    const missing = this.#anchor.sequence - this.#before.sequence;
    if (missing > 0) {
      const range = `${this.#before.sequence + 1} to ${this.#anchor.sequence}`;
      const last = files.at(-1);
      this.#tell({
        file: last?.name ?? '(no file)',
        line: last === undefined ? 1 : this.#before.sequence - last.firstSequence + 2,
        kind: 'missing',
        message: `The log ends too early: lines numbered ${range} were removed.`,
      });
    }
    return {
      files: files.length,
      lines: this.#lines,
      head: { sequence: this.#before.sequence, hash: this.#before.hash },
      unfinishedBytes: this.#unfinishedBytes,
      problems: this.#problems,
    };
  }

  #line(file: AuditFile, number: number, bytes: Buffer): void {
    this.#lines += 1;
    const where = { file: file.name, line: number };
    const line = readLine(bytes, this.#hashOf);
    if (line === undefined) {
      this.#tell({ ...where, kind: 'unreadable', message: 'This is not a line of an audit log.' });
      this.#before = { sequence: this.#before.sequence + 1, hash: '' };
      return;
    }
    const expected = this.#before.sequence + 1;
    const isTied = this.#before.hash === '' || line.previousHash === this.#before.hash;
    const isAnchor = line.sequence === this.#anchor.sequence;
    if (!line.isGenuine) {
      this.#tell({ ...where, kind: 'changed', message: 'The line was changed.' });
    } else if (line.sequence > expected) {
      const range = `${expected} to ${line.sequence - 1}`;
      this.#tell({ ...where, kind: 'missing', message: `Lines numbered ${range} are missing.` });
    } else if (line.sequence < expected) {
      const message = `Line number ${line.sequence} stands where ${expected} belongs.`;
      this.#tell({ ...where, kind: 'reordered', message });
    } else if (!isTied || (isAnchor && line.hash !== this.#anchor.hash)) {
      const message = 'The line is not the one that was written after the line before it.';
      this.#tell({ ...where, kind: 'changed', message });
    }
    this.#before = line;
  }

  #tell(problem: AuditProblem): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem);
  }
}
