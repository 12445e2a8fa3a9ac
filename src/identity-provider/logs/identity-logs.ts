// The sign-in log and the directory audit log. They are fed with what the pipeline hands to the
// audit log, write in batches so that no request waits for them, and are bounded: by days, by
// number, and against floods, of which many that are alike become one that says how many.
import type { AuditedRequest } from '#audit';
import type { Directory } from '#directory';
import type { Clock } from '#kernel';
import type { View } from '#storage';
import type { ChangeLedger } from './change-ledger.ts';
import { type DirectoryEvent, describeDirectoryChanges } from './directory-event.ts';
import { EventIds } from './event-id.ts';
import { EventStream, type LoggedEvent } from './event-stream.ts';
import { Repeats } from './repeats.ts';
import { describeSignIn, type SignInEvent } from './sign-in-event.ts';

export const LOG_RETENTION_DAYS = 30;
const RETENTION_MS = LOG_RETENTION_DAYS * 24 * 3_600_000;
const FLUSH_AFTER_MS = 1000;
/** Of 256 events each. Refusals have room of their own: a flood of them pushes out nothing else. */
const CHUNKS_MAX = { signIns: 1000, refusedSignIns: 250, audits: 500, refusedAudits: 100 } as const;

export interface IdentityLogsOptions {
  /** Of the tenant's partition. */
  readonly view: View;
  readonly directory: Directory;
  readonly ledger: ChangeLedger;
  readonly clock: Clock;
  readonly logError: (name: string, cause: unknown) => void;
}

export class IdentityLogs {
  readonly #options: IdentityLogsOptions;
  readonly #ids: EventIds;
  readonly #repeats: Repeats;
  readonly signIns: readonly EventStream<SignInEvent>[];
  readonly audits: readonly EventStream<DirectoryEvent>[];
  #cancel: (() => void) | undefined;

  constructor(options: IdentityLogsOptions) {
    const { view, clock } = options;
    const stream = <T extends LoggedEvent>(name: keyof typeof CHUNKS_MAX) =>
      new EventStream<T>({
        view,
        name,
        chunksMax: CHUNKS_MAX[name],
        retentionMs: RETENTION_MS,
      });
    this.#options = options;
    this.#ids = new EventIds(clock);
    this.#repeats = new Repeats();
    this.signIns = [stream<SignInEvent>('signIns'), stream<SignInEvent>('refusedSignIns')];
    this.audits = [stream<DirectoryEvent>('audits'), stream<DirectoryEvent>('refusedAudits')];
  }

  /** Never throws and never waits: the request has its audit event already. */
  record(outcome: AuditedRequest): void {
    if (outcome.plane === 'vault') return;
    try {
      this.#record(outcome);
    } catch (cause) {
      this.#options.logError('identity logs', cause);
    }
  }

  /** What was recorded before is in the store, and seen by whoever reads next. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#repeats.release();
    await Promise.all([...this.signIns, ...this.audits].map((each) => each.flush()));
  }

  async dropExpired(nowMs: number): Promise<void> {
    for (const stream of [...this.signIns, ...this.audits]) await stream.dropExpired(nowMs);
  }

  #record(outcome: AuditedRequest): void {
    const { directory, ledger } = this.#options;
    const stamp = () => this.#ids.next();
    const signIn = describeSignIn(outcome, directory, stamp);
    if (signIn) this.#keepSignIn(signIn);
    const changes = ledger.changesOf(outcome.grant);
    for (const event of describeDirectoryChanges({ outcome, changes, directory, stamp })) {
      this.#keepAudit(event);
    }
    if (signIn || this.audits.some((stream) => stream.isWaiting)) this.#flushSoon();
  }

  #keepSignIn(event: SignInEvent): void {
    const { userPrincipalName, appId, ipAddress, resourceDisplayName, status } = event;
    const key = [userPrincipalName, appId, ipAddress, resourceDisplayName, status.errorCode];
    const [accepted, refused] = this.signIns;
    const stream = status.errorCode === 0 ? accepted : refused;
    this.#repeats.pass({ key: JSON.stringify(key), event }, (one) => stream?.append(one));
  }

  #keepAudit(event: DirectoryEvent): void {
    const [done, refused] = this.audits;
    // What changed is never folded together, only attempts that came to nothing.
    if (event.result === 'success') {
      done?.append(event);
      return;
    }
    const { activityDisplayName, initiatedBy, targetResources } = event;
    const key = [activityDisplayName, initiatedBy, targetResources];
    this.#repeats.pass({ key: JSON.stringify(key), event }, (one) => refused?.append(one));
  }

  #flushSoon(): void {
    this.#cancel ??= this.#options.clock.after(FLUSH_AFTER_MS, () => {
      this.flush().catch((cause) => this.#options.logError('identity logs', cause));
    });
  }
}
