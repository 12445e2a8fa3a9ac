// The background job of what falls due in vaults: expiry events, scheduled rotation, certificates
// to be issued or renewed. Runs at start,
// so that what was missed while the process was down is caught up (once), and then at its interval.
// A soft-deleted vault rests: what falls due in it is done when it is recovered.
import type { SystemWork } from '#audit';
import { systemGrant } from '#authorization';
import type { IssuerProvider } from '#certificate-authority';
import type { KeyProvider } from '#cryptography';
import { type Clock, unixSeconds } from '#kernel';
import { trimVaultEvents, type Vault, vaultResourceId } from '#resources';
import { type Storage, vaultPartition } from '#storage';
import { certificateDueHandlers } from './certificates/due-handlers.ts';
import type { Mailer } from './certificates/mailer.ts';
import { keyObjects } from './keys/key-objects.ts';
import { KeyProviders } from './keys/key-providers.ts';
import { rotationHandler } from './keys/rotation-work.ts';
import {
  type DueOutcome,
  expiryHandlers,
  type RunOptions,
  runDueWork,
} from './object/due-runner.ts';
import type { DueSoon } from './object/due-soon.ts';
import type { DueEntry } from './object/due-work.ts';
import { secretObjects } from './secrets/secret-store.ts';

const EVERY_MS = 60_000;
const SOON_MS = 1000;
const TRIM_EVERY_MS = 3_600_000;
const ACTION = 'Microsoft.KeyVault/vaults/dueWork/system';

export interface DueWorkOptions {
  readonly storage: Storage;
  readonly resources: { vaults(): Iterable<Vault> };
  readonly clock: Clock;
  readonly endpoints: { readonly vaultSuffix: string };
  readonly audit: (work: SystemWork) => Promise<void>;
  /** Makes keys of HSM types; absent: software does. */
  readonly hsm?: KeyProvider;
  readonly logError: (name: string, cause: unknown) => void;
  /** Who signs for named issuers. */
  readonly issuerProviders?: readonly IssuerProvider[];
  /** Tells certificate contacts; absent: nobody does. */
  readonly mailer?: Mailer;
  /** What falls due before the next ordinary look. */
  readonly soon?: DueSoon;
}

function handlersOf(options: DueWorkOptions): RunOptions['handlers'] {
  const keyProviders = new KeyProviders(options.hsm);
  const rotate = rotationHandler(keyProviders);
  return {
    secrets: expiryHandlers(secretObjects),
    keys: { ...expiryHandlers(keyObjects), rotate },
    certificates: certificateDueHandlers({ ...options, keyProviders }),
  };
}

/**
 * Does whatever is due by now in every live vault, or in those of `only`. Returns how many pieces
 * of work were.
 */
export async function doDueWork(
  options: DueWorkOptions,
  only?: ReadonlySet<string>,
): Promise<number> {
  const nowSeconds = unixSeconds(options.clock);
  const handlers = handlersOf(options);
  let done = 0;
  for (const vault of [...options.resources.vaults()]) {
    if (vault.deleted !== undefined || only?.has(vault.uid) === false) continue;
    const view = options.storage.view(systemGrant(vaultPartition(vault.uid), ACTION));
    const run = await runDueWork(
      { view, vault, nowSeconds },
      {
        handlers,
        onDone: (outcome, entry) => options.audit(describe(options, { vault, outcome, entry })),
        onFailed: (cause, entry) =>
          options.logError(`${entry.task} of ${entry.collection}/${entry.name}`, cause),
      },
    );
    done += run.done;
    const isSoon = run.next !== undefined && run.next < nowSeconds + EVERY_MS / 1000;
    if (isSoon) options.soon?.note(vault.uid, run.next);
  }
  return done;
}

/** As a background job of the server. */
export function dueWorkJob(options: DueWorkOptions) {
  let nextLookMs = 0;
  let nextTrimMs = 0;
  return {
    name: 'do what is due in vaults',
    everyMs: SOON_MS,
    run: async (nowMs: number): Promise<void> => {
      const soon = options.soon?.take(Math.floor(nowMs / 1000)) ?? new Set();
      if (nowMs < nextLookMs) {
        if (soon.size > 0) await doDueWork(options, soon);
        return;
      }
      nextLookMs = nowMs + EVERY_MS;
      await doDueWork(options);
      if (nowMs < nextTrimMs) return;
      nextTrimMs = nowMs + TRIM_EVERY_MS;
      for (const { uid } of [...options.resources.vaults()]) {
        const view = options.storage.view(systemGrant(vaultPartition(uid), ACTION));
        await trimVaultEvents(view, Math.floor(nowMs / 1000));
      }
    },
  };
}

function describe(
  { endpoints }: DueWorkOptions,
  done: { readonly vault: Vault; readonly outcome: DueOutcome; readonly entry: DueEntry },
): SystemWork {
  const { vault, outcome, entry } = done;
  const { name, current } = outcome.head;
  const origin = `https://${vault.name}${endpoints.vaultSuffix}`;
  return {
    operation: outcome.audit,
    resourceId: vaultResourceId(vault),
    objectId: `${origin}/${entry.collection}/${name}/${current.version}`,
  };
}
