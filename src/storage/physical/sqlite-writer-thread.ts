// The writer thread: takes a batch, writes it, answers. Nothing else happens here, so the serving
// thread never waits for the disk.
import { parentPort, workerData } from 'node:worker_threads';
import type { Commit, CommitOutcome } from './physical.ts';
import { openWriter } from './sqlite-database.ts';
import { SqliteWriter } from './sqlite-writer.ts';

export interface WriterData {
  readonly path: string;
  readonly commitsLogged: number;
}

/** `close` ends the thread once everything before it is written. */
export type WriterRequest = { readonly batch: readonly Commit[] } | { readonly close: true };

export type WriterAnswer =
  | { readonly outcomes: readonly CommitOutcome[] }
  | { readonly failure: string };

/** Inactive where it is loaded for its types only. */
if (parentPort !== null) serve(parentPort, workerData);

function serve(port: NonNullable<typeof parentPort>, { path, commitsLogged }: WriterData): void {
  const database = openWriter(path);
  const writer = new SqliteWriter(database, commitsLogged);
  port.on('message', (request: WriterRequest) => {
    if ('close' in request) {
      database.close();
      port.close();
      return;
    }
    port.postMessage(answer(writer, request.batch));
  });
}

function answer(writer: SqliteWriter, batch: readonly Commit[]): WriterAnswer {
  try {
    return { outcomes: writer.write(batch) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : 'unknown' };
  }
}
