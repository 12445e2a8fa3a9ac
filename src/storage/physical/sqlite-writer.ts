// Writes batches of commits, each batch as one SQLite transaction, so that many commits share one
// wait for the disk. A commit whose expectations do not hold is left out; the others are not
// touched by that. Runs on the writer thread and is the only writer of the database.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StorageDamaged } from '../storage-error.ts';
import type { Commit, CommitOutcome } from './physical.ts';

export class SqliteWriter {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #commitsLogged: number;
  /** Of the last commit that is durable. */
  #sequence: number;
  /** The change log holds nothing up to this sequence. */
  #pruned: number;

  constructor(database: DatabaseSync, commitsLogged: number) {
    this.#database = database;
    this.#commitsLogged = commitsLogged;
    this.#statements = prepareStatements(database);
    this.#sequence = this.#counter('sequence');
    this.#pruned = this.#counter('pruned');
  }

  /** One outcome per commit, in order. If it throws, none of the batch is known to be stored. */
  write(commits: readonly Commit[]): CommitOutcome[] {
    const { begin, end, rollback } = this.#statements;
    begin.run();
    try {
      let sequence = this.#sequence;
      const outcomes: CommitOutcome[] = [];
      for (const commit of commits) {
        const conflict = this.#conflict(commit);
        if (conflict === undefined) {
          sequence += 1;
          this.#apply(commit, sequence);
          outcomes.push({ committed: true, sequence });
        } else {
          outcomes.push({ committed: false, conflict });
        }
      }
      const pruned = this.#prune(sequence);
      if (sequence !== this.#sequence) this.#statements.setCounter.run(sequence, 'sequence');
      end.run();
      this.#sequence = sequence;
      this.#pruned = pruned;
      return outcomes;
    } catch (error) {
      // Some failures have already rolled back.
      if (this.#database.isTransaction) rollback.run();
      throw error;
    }
  }

  #conflict(commit: Commit): string | undefined {
    for (const [key, expected] of commit.expectations) {
      const row = this.#statements.sequenceOf.get(key);
      if ((row?.sequence ?? 0) !== expected) return key;
    }
    return undefined;
  }

  #apply(commit: Commit, sequence: number): void {
    const { put, remove, log } = this.#statements;
    for (const key of commit.deletes) {
      remove.run(key);
      log.run(sequence, key);
    }
    for (const [key, value] of commit.puts) {
      put.run(key, sequence, value);
      log.run(sequence, key);
    }
  }

  /** In strides, so that most batches do not touch the old end of the log. */
  #prune(sequence: number): number {
    const until = sequence - this.#commitsLogged;
    if (until < this.#pruned + Math.ceil(this.#commitsLogged / 16)) return this.#pruned;
    this.#statements.prune.run(until);
    this.#statements.setCounter.run(until, 'pruned');
    return until;
  }

  #counter(name: string): number {
    const value = this.#statements.counter.get(name)?.value;
    if (typeof value === 'number' && value >= 0) return value;
    throw new StorageDamaged(`The database has lost its counter ${name}.`);
  }
}

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    end: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),
    sequenceOf: prepare('SELECT sequence FROM records WHERE key = ?'),
    put: prepare(
      `INSERT INTO records (key, sequence, value) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET sequence = excluded.sequence, value = excluded.value`,
    ),
    remove: prepare('DELETE FROM records WHERE key = ?'),
    log: prepare('INSERT OR IGNORE INTO changes (sequence, key) VALUES (?, ?)'),
    prune: prepare('DELETE FROM changes WHERE sequence <= ?'),
    counter: prepare('SELECT value FROM counters WHERE name = ?'),
    setCounter: prepare('UPDATE counters SET value = ? WHERE name = ?'),
  };
}
