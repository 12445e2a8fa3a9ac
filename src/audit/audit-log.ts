// The audit log of one instance: events go out as tied lines (chain.ts), many to a write, and
// `append` resolves once the line is written. When the log cannot be written, `append` rejects: the
// request that it belongs to must fail. Never rewrites a line, never deletes a file.
import { mkdir } from 'node:fs/promises';
import type { Clock } from '#kernel';
import { chainHash, type Head, ORIGIN, renderLine } from './chain.ts';
import { AuditDamaged, AuditUnavailable } from './errors.ts';
import type { AuditEvent } from './event.ts';
import { auditFile, type HeadFile, saveHead } from './files.ts';
import { type Recovered, recoverLog } from './recover.ts';
import { type OpenSink, openFileSink, type Sink } from './sink.ts';

export interface AuditLogOptions {
  readonly directory: string;
  readonly clock: Clock;
  /**
   * At least 32 bytes. Ties the lines by HMAC, so that who can write the files but does not have
   * the key cannot change a line and tie the rest again.
   */
  readonly key?: Uint8Array;
  /** Also wait for the medium (fdatasync). Otherwise a power failure can cost the last second. */
  readonly durable?: boolean;
  /** The instance has run before, so a log must be there: its removal is refused, not mended. */
  readonly expectExisting?: boolean;
  /** A file that would grow past this is left and a new one begun. */
  readonly fileBytesMax?: number;
  readonly openSink?: OpenSink;
}

const FILE_BYTES_MAX = 32 * 1024 * 1024;
const PENDING_MAX = 65_536;
const HEAD_INTERVAL_MS = 1000;

interface Pending {
  readonly event: string;
  readonly resolve: () => void;
  readonly reject: (error: AuditUnavailable) => void;
}

interface OpenFile {
  readonly sink: Sink;
  /** Length of the whole lines in it. */
  wholeBytes: number;
  /** A write failed half-way: bytes past `wholeBytes` may have to go before the next one. */
  isTorn: boolean;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #openSink: OpenSink;
  readonly #headFile: HeadFile;
  #head: Head;
  #current: OpenFile | undefined;
  #pending: Pending[] = [];
  #draining: Promise<void> | undefined;
  /** The running write of `head.json`, which also syncs the current file. */
  #anchoring: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #cancelAnchor: (() => void) | undefined;
  /** Set for good by `close`, and when a sync failed: lines that were answered for may be gone. */
  #stopped: AuditUnavailable | undefined;

  /**
   * Checks the end of the log that is there, takes off a line that a crash cut short and notes that
   * in the log. Throws AuditDamaged, with nothing changed, if lines were changed or removed.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { directory, key } = options;
    const algorithm = key === undefined ? 'SHA-256' : 'HMAC-SHA-256';
    const headFile: HeadFile = { hashOf: chainHash(key), algorithm };
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const recovered = await recoverLog(directory, headFile);
    if (recovered === undefined) {
      if (options.expectExisting === true) {
        throw new AuditDamaged(`The audit log in ${directory} is gone.`);
      }
      await saveHead(directory, ORIGIN, headFile);
    }
    const log = new AuditLog(options, headFile, recovered?.head ?? ORIGIN);
    await log.#resume(recovered);
    return log;
  }

  private constructor(options: AuditLogOptions, headFile: HeadFile, head: Head) {
    this.#options = options;
    this.#openSink = options.openSink ?? openFileSink;
    this.#headFile = headFile;
    this.#head = head;
  }

  /** Number and hash of the last line that is written. */
  get head(): Head {
    return this.#head;
  }

  /**
   * Resolves once the line is written (`durable`: on the medium). Rejects with AuditUnavailable.
   */
  append(event: AuditEvent): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (this.#pending.length >= PENDING_MAX) {
      return Promise.reject(new AuditUnavailable('Too many audit events wait to be written.'));
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ event: JSON.stringify(event), resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Writes what waits, then closes. Later events are refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const isSound = this.#stopped === undefined;
    this.#stopped ??= new AuditUnavailable('The audit log is closed.');
    this.#cancelAnchor?.();
    await this.#draining;
    await this.#anchoring;
    try {
      if (this.#current?.isTorn === true) await this.#finish(this.#current);
      if (isSound) await this.#anchor();
    } finally {
      await this.#current?.sink.close();
    }
  }

  async #resume(recovered: Recovered | undefined): Promise<void> {
    if (recovered?.newest === undefined) return;
    const { newest, unfinishedBytes } = recovered;
    const sink = await this.#openSink(newest.file.path, false);
    this.#current = { sink, wholeBytes: newest.wholeBytes, isTorn: false };
    if (unfinishedBytes === 0) return;
    await this.#current.sink.truncate(newest.wholeBytes);
    await this.append(recoveryEvent(this.#options.clock, newest.file.name, unfinishedBytes));
  }

  async #drain(): Promise<void> {
    // One turn of the event loop, so that requests which finish together share a write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const group = this.#pending;
      this.#pending = [];
      try {
        await this.#write(group);
        for (const { resolve } of group) resolve();
      } catch (cause) {
        const error = new AuditUnavailable('The audit log cannot be written.', cause);
        for (const { reject } of group.concat(this.#pending.splice(0))) reject(error);
      }
    }
    this.#draining = undefined;
  }

  async #write(group: readonly Pending[]): Promise<void> {
    let head = this.#head;
    let text = '';
    for (const { event } of group) {
      const line = renderLine(event, head, this.#headFile.hashOf);
      text += line.text;
      head = line.head;
    }
    const bytes = Buffer.from(text);
    const current = await this.#fileFor(bytes.length);
    if (current.isTorn) await current.sink.truncate(current.wholeBytes);
    current.isTorn = true;
    await current.sink.write(bytes);
    if (this.#options.durable === true) await this.#sync(current);
    current.isTorn = false;
    current.wholeBytes += bytes.length;
    this.#head = head;
    this.#cancelAnchor ??= this.#options.clock.after(HEAD_INTERVAL_MS, () => this.#startAnchor());
  }

  /** The file that takes `lengthBytes` more: the current one, or a new one if that is full. */
  async #fileFor(lengthBytes: number): Promise<OpenFile> {
    const full = this.#current;
    const bytesMax = this.#options.fileBytesMax ?? FILE_BYTES_MAX;
    const lengthNow = full?.wholeBytes ?? bytesMax;
    if (full !== undefined && (lengthNow === 0 || lengthNow + lengthBytes <= bytesMax)) return full;
    if (full !== undefined) await this.#finish(full);
    const file = auditFile(this.#options.directory, this.#head.sequence + 1);
    const sink = await this.#openSink(file.path, true);
    const next = { sink, wholeBytes: 0, isTorn: false };
    this.#current = next;
    if (full !== undefined) {
      // From here on no sync of the full file can begin; one that had begun must not lose its file.
      await this.#anchoring;
      await full.sink.close();
    }
    return next;
  }

  async #finish(full: OpenFile): Promise<void> {
    if (full.isTorn) await full.sink.truncate(full.wholeBytes);
    full.isTorn = false;
    await this.#sync(full);
  }

  #startAnchor(): void {
    this.#cancelAnchor = undefined;
    this.#anchoring = this.#anchoring.then(() => this.#anchor()).catch(() => undefined);
  }

  /** The head is saved only after the lines it speaks of are on the medium. */
  async #anchor(): Promise<void> {
    const head = this.#head;
    if (this.#current !== undefined) await this.#sync(this.#current);
    await saveHead(this.#options.directory, head, this.#headFile);
  }

  /** After a failed sync nobody knows which lines survive, also of those answered for. */
  async #sync({ sink }: OpenFile): Promise<void> {
    try {
      await sink.sync();
    } catch (cause) {
      this.#stopped ??= new AuditUnavailable('The audit log could not be synced; restart.', cause);
      throw cause;
    }
  }
}

/** Says in the log itself that something was taken off its end, and how much. */
function recoveryEvent(clock: Clock, file: string, unfinishedBytes: number): AuditEvent {
  return {
    time: new Date(clock.now()).toISOString(),
    category: 'AuditEvent',
    operationName: 'AuditLogRecovered',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: 'An unfinished last line was removed after a crash.',
    correlationId: '',
    callerIpAddress: '',
    identity: { claim: {} },
    properties: { file, unfinishedBytes },
    resourceId: '',
    operationVersion: '',
    durationMs: '0',
  };
}
