// The bench's end of its load generator.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parse } from '#kernel';
import { LOAD_RESULT, type LoadJob, type LoadResult } from './load-job.ts';

export interface Target {
  readonly port: number;
  readonly servername: string;
  readonly caFile: string;
  /** Process id, for the processor time it uses. */
  readonly pid: number;
}

export class Generator {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  constructor() {
    this.#process = fork(join(import.meta.dirname, 'load-generator.ts'));
    this.#ended = once(this.#process, 'exit').then(() => {
      throw new Error('the load generator ended');
    });
    this.#ended.catch(() => {});
  }

  /** Runs one job; throws if any answer has another status than the one expected. */
  async load(job: LoadJob, status = 200): Promise<LoadResult> {
    this.#process.send(job);
    const answered = once(this.#process, 'message');
    const [message]: unknown[] = await Promise.race([answered, this.#ended]);
    const result = parse(LOAD_RESULT, message, 'body');
    const others = Object.keys(result.statuses).filter((other) => other !== String(status));
    if (others.length > 0) {
      throw new Error(`answers other than ${status}: ${JSON.stringify(result.statuses)}`);
    }
    return result;
  }

  close(): void {
    this.#process.disconnect();
  }
}
