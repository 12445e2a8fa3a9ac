// Which directory records a request changed, kept beside its grant until the log asks. A storage
// that goes through the ledger notes every write of a directory record by itself, so no handler can
// forget to tell, and none has to.
import { directoryKindOf } from '#directory';
import type { GrantDetails } from '#kernel';
import type { Storage, Transaction, View } from '#storage';

/** Of one request; what it changes beyond them is not described. */
const CHANGES_MAX = 20;
const TENANTS = 'tenant/';

export interface RecordChange {
  readonly kind: string;
  /** `undefined`: the record is new. */
  readonly before: unknown;
  /** `undefined`: it is gone. */
  readonly after: unknown;
}

export class ChangeLedger {
  readonly #changes = new WeakMap<GrantDetails, RecordChange[]>();

  changesOf(grant: GrantDetails | undefined): readonly RecordChange[] {
    return (grant && this.#changes.get(grant)) ?? [];
  }

  /** The same storage, whose views note what they change. */
  watch(storage: Storage): Storage {
    return {
      view: (grant) => {
        const view = storage.view(grant);
        // Vaults hold no directory records, and are asked most.
        if (!grant.partition.startsWith(TENANTS)) return view;
        return this.#watchView(view, (changes) => {
          const noted = this.#changes.get(grant) ?? [];
          this.#changes.set(grant, [...noted, ...changes].slice(0, CHANGES_MAX));
        });
      },
      follow: (prefix, apply) => storage.follow(prefix, apply),
      sealBlob: (context, plaintext) => storage.sealBlob(context, plaintext),
      openBlob: (context, blob) => storage.openBlob(context, blob),
      close: () => storage.close(),
    };
  }

  #watchView(view: View, note: (changes: readonly RecordChange[]) => void): View {
    return {
      get: (path) => view.get(path),
      scan: (range) => view.scan(range),
      transact: async (work) => {
        let changes = new Map<string, RecordChange>();
        const result = await view.transact((transaction) => {
          // Run again after a conflict, it starts anew: only what was committed counts.
          changes = new Map();
          return work(watchTransaction(transaction, changes));
        });
        if (changes.size > 0) note([...changes.values()]);
        return result;
      },
    };
  }
}

function watchTransaction(
  transaction: Transaction,
  changes: Map<string, RecordChange>,
): Transaction {
  const read = new Map<string, unknown>();
  const write = (path: string, after: unknown) => {
    const kind = directoryKindOf(path);
    if (kind === undefined) return;
    const before = changes.has(path) ? changes.get(path)?.before : read.get(path);
    changes.set(path, { kind, before, after });
  };
  return {
    get: async <T>(path: string) => {
      const value = await transaction.get<T>(path);
      if (!read.has(path)) read.set(path, value);
      return value;
    },
    scan: (range) => transaction.scan(range),
    put: (path, value) => {
      transaction.put(path, value);
      write(path, value);
    },
    delete: (path) => {
      transaction.delete(path);
      write(path, undefined);
    },
  };
}
