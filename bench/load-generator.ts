// The load generator: a process of its own, so that it shares no thread with what it measures. It
// writes ready-made requests to keep-alive TLS connections, one at a time on each, and takes the
// time.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { connect, type TLSSocket } from 'node:tls';
import { parse } from '#kernel';
import { AnswerReader, type WireAnswer } from './answer-reader.ts';
import { LOAD_JOB, type LoadJob, type LoadResult } from './load-job.ts';

const SAMPLES_MAX = 1_000_000;

async function openSocket(job: LoadJob, ca: Buffer): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const { port, servername } = job;
  const socket = connect({ host: '127.0.0.1', port, servername, ca }, () => resolve(socket));
  socket.setNoDelay(true);
  socket.once('error', reject);
  return promise;
}

class Round {
  readonly #job: LoadJob;
  readonly #requests: readonly Buffer[];
  readonly #limit: number;
  readonly #latenciesUs = new Float64Array(SAMPLES_MAX);
  readonly #statuses: Record<string, number> = {};
  readonly #bodies: string[] = [];
  #sent = 0;
  #answered = 0;
  #deadlineMs = 0;

  constructor(job: LoadJob) {
    this.#job = job;
    this.#requests = job.requests.map((text) => Buffer.from(text));
    this.#limit = Math.min(job.count ?? SAMPLES_MAX, SAMPLES_MAX);
  }

  async run(): Promise<LoadResult> {
    const ca = readFileSync(this.#job.caFile);
    const opening = Array.from({ length: this.#job.connections }, () => openSocket(this.#job, ca));
    const sockets = await Promise.all(opening);
    const startedMs = performance.now();
    this.#deadlineMs = startedMs + this.#job.durationMs;
    await Promise.all(sockets.map((socket) => this.#drive(socket)));
    const elapsedMs = performance.now() - startedMs;
    for (const socket of sockets) socket.destroy();
    const sorted = this.#latenciesUs.subarray(0, this.#answered).sort();
    return {
      answered: this.#answered,
      elapsedMs,
      statuses: this.#statuses,
      p50Us: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      p99Us: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      bodies: this.#bodies,
    };
  }

  /** Keeps one connection busy until the round is over. */
  #drive(socket: TLSSocket): Promise<void> {
    const reader = new AnswerReader();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let sentMs = 0;
    const next = () => {
      const request = this.#requests[this.#sent % this.#requests.length];
      if (request === undefined || this.#sent >= this.#limit) return resolve();
      this.#sent += 1;
      sentMs = performance.now();
      socket.write(request);
    };
    socket.on('data', (data: Buffer) => {
      const answer = reader.read(data);
      if (answer === undefined) return;
      const nowMs = performance.now();
      this.#record(answer, nowMs - sentMs);
      if (nowMs >= this.#deadlineMs) resolve();
      else next();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed a connection')));
    next();
    return promise;
  }

  #record(answer: WireAnswer, latencyMs: number): void {
    this.#latenciesUs[this.#answered] = latencyMs * 1_000;
    this.#answered += 1;
    const { status } = answer;
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (this.#job.keepBodies) this.#bodies.push(answer.body);
  }
}

process.on('message', (message) => {
  const job = parse(LOAD_JOB, message, 'body');
  new Round(job).run().then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`load generator: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
