// How one line of the audit log is tied to the line before it.
//
// A line is the event as one JSON object in UTF-8 whose last three properties are
//   ,"sequence":N,"previousHash":"<64 hex>","hash":"<64 hex>"}
// and a line feed. `sequence` counts from 1 without gaps. `previousHash` is the `hash` of line N-1,
// or 64 zeros for line 1. `hash` covers the line's bytes from `{` up to, not including,
// `,"hash":"`; it is HMAC-SHA-256 under the audit key, or plain SHA-256 in a log that was opened
// without a key. What is hashed are the bytes that stand in the file, so nothing depends on how
// JSON is written.
import { createHmac, createSecretKey, hash } from 'node:crypto';

/** Number and hash of a line: what the next line is tied to. */
export interface Head {
  readonly sequence: number;
  readonly hash: string;
}

/** Before the first line. */
export const ORIGIN: Head = Object.freeze({ sequence: 0, hash: '0'.repeat(64) });

export type ChainHash = (content: string | Uint8Array) => string;

const KEY_BYTES_MIN = 32;

/** Throws if the key is shorter than the hash is long. */
export function chainHash(key: Uint8Array | undefined): ChainHash {
  if (key === undefined) return (content) => hash('sha256', content, 'hex');
  if (key.length < KEY_BYTES_MIN) throw new Error('an audit key has at least 32 bytes');
  const secret = createSecretKey(key);
  return (content) => createHmac('sha256', secret).update(content).digest('hex');
}

/** `event` is the event's JSON text: an object with at least one property. */
export function renderLine(
  event: string,
  before: Head,
  hashOf: ChainHash,
): { readonly text: string; readonly head: Head } {
  const sequence = before.sequence + 1;
  const tied = `"sequence":${sequence},"previousHash":"${before.hash}"`;
  const hashed = `${event.slice(0, -1)},${tied}`;
  const head = { sequence, hash: hashOf(hashed) };
  return { text: `${hashed},"hash":"${head.hash}"}\n`, head };
}

export interface Line extends Head {
  readonly previousHash: string;
  /** Whether `hash` is the hash of the line's bytes. */
  readonly isGenuine: boolean;
}

const TIED = /,"sequence":(\d{1,16}),"previousHash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
/** Of `TIED` at its longest. */
const TIED_BYTES_MAX = 12 + 16 + 17 + 64 + 10 + 64 + 2;
const HASH_SUFFIX_BYTES = ',"hash":""}'.length + 64;

/** `bytes` without the line feed; `undefined` if this is no line of an audit log. */
export function readLine(bytes: Buffer, hashOf: ChainHash): Line | undefined {
  const tail = bytes.toString('latin1', Math.max(0, bytes.length - TIED_BYTES_MAX));
  const [, sequence, previousHash, lineHash] = TIED.exec(tail) ?? [];
  if (sequence === undefined || previousHash === undefined || lineHash === undefined) {
    return undefined;
  }
  const hashed = bytes.subarray(0, bytes.length - HASH_SUFFIX_BYTES);
  return {
    sequence: Number(sequence),
    previousHash,
    hash: lineHash,
    isGenuine: hashOf(hashed) === lineHash,
  };
}

export interface Split {
  /** Whole lines, without their line feeds. */
  readonly lines: readonly Buffer[];
  /** Bytes after the last line feed: a write that is under way, or that a crash cut short. */
  readonly unfinishedBytes: number;
}

export function splitLines(content: Buffer): Split {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, start)) {
    lines.push(content.subarray(start, end));
    start = end + 1;
  }
  return { lines, unfinishedBytes: content.length - start };
}
