// The files of an audit directory: `audit-<number of its first line>.jsonl`, oldest first by name,
// and `head.json`, which says how far the log had come when it was last synced. Without it, whole
// lines removed from the end would leave no gap to see.
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseJson, z } from '#kernel';
import type { ChainHash, Head } from './chain.ts';
import { AuditDamaged } from './errors.ts';

const FILE_NAME = /^audit-(\d{12})\.jsonl$/;
const HEAD_NAME = 'head.json';

export interface AuditFile {
  readonly name: string;
  readonly path: string;
  /** Number of its first line, as its name says. */
  readonly firstSequence: number;
}

export function auditFile(directory: string, firstSequence: number): AuditFile {
  const name = `audit-${String(firstSequence).padStart(12, '0')}.jsonl`;
  return { name, path: join(directory, name), firstSequence };
}

/** Oldest first. Other files in the directory are none of our business. */
export async function listAuditFiles(directory: string): Promise<readonly AuditFile[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => {
      const digits = FILE_NAME.exec(name)?.[1];
      return digits === undefined ? [] : [auditFile(directory, Number(digits))];
    })
    .sort((a, b) => a.firstSequence - b.firstSequence);
}

const headSchema = z.strictObject({
  algorithm: z.enum(['HMAC-SHA-256', 'SHA-256']),
  sequence: z.int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Over the three before it, by the hash that ties the lines. */
  seal: z.string(),
});

export type Algorithm = z.infer<typeof headSchema>['algorithm'];

export interface HeadFile {
  readonly hashOf: ChainHash;
  readonly algorithm: Algorithm;
}

/** Replaces the head file in one step; on disk when the promise resolves. */
export async function saveHead(directory: string, head: Head, file: HeadFile): Promise<void> {
  const path = join(directory, HEAD_NAME);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  // Field by field: a head that was read from a line carries more than belongs here.
  const { sequence, hash } = head;
  const content = { sequence, hash, algorithm: file.algorithm, seal: headSeal(head, file) };
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content)}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

/** `undefined` if there is none; throws AuditDamaged if it is not one that this key sealed. */
export async function loadHead(directory: string, file: HeadFile): Promise<Head | undefined> {
  const path = join(directory, HEAD_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const { algorithm, seal, ...head } = parseHead(text, path);
  if (algorithm !== file.algorithm) {
    throw new AuditDamaged(
      algorithm === 'SHA-256'
        ? `The audit log in ${directory} was written without a key.`
        : `The audit log in ${directory} was written with a key and needs it.`,
    );
  }
  if (seal !== headSeal(head, file)) {
    throw new AuditDamaged(`${path} was changed, or belongs to another audit key.`);
  }
  return head;
}

function parseHead(text: string, path: string): z.infer<typeof headSchema> {
  try {
    return parse(headSchema, parseJson(text), 'body');
  } catch {
    throw new AuditDamaged(`${path} cannot be understood.`);
  }
}

/** Begins unlike any line of the log, so neither hash can stand for the other. */
function headSeal({ sequence, hash }: Head, { hashOf, algorithm }: HeadFile): string {
  return hashOf(`head of audit log\n${algorithm}\n${sequence}\n${hash}`);
}
