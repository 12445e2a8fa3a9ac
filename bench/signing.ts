// Tokens compared with bare signatures, round by round. On a machine with few processors the load
// generator takes a part of them from the server and none from the signer, so the figure by
// processor time is given beside the one by rate.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parse, z } from '#kernel';
import type { Generator } from './generator.ts';
import { type Figures, type Load, measure, median, type Rounds } from './measure.ts';
import { processorUs } from './process-figures.ts';

export const SIGNING_JOB = z.object({ durationMs: z.number(), lanes: z.number() });
const SIGNING_RESULT = z.object({ signed: z.number(), elapsedMs: z.number() });
const WARM_UP_MS = 2_500;

export type SigningJob = z.infer<typeof SIGNING_JOB>;

interface Signed {
  readonly perSecond: number;
  /** Processor time of one signature. */
  readonly processorUs: number | undefined;
}

class Signer {
  readonly #process: ChildProcess = fork(join(import.meta.dirname, 'signer.ts'));

  async sign(job: SigningJob): Promise<Signed> {
    const pid = this.#process.pid ?? 0;
    const beforeUs = processorUs(pid);
    this.#process.send(job);
    const [message]: unknown[] = await once(this.#process, 'message');
    const afterUs = processorUs(pid);
    const { signed, elapsedMs } = parse(SIGNING_RESULT, message, 'body');
    const isKnown = beforeUs !== undefined && afterUs !== undefined;
    return {
      perSecond: (signed / elapsedMs) * 1_000,
      processorUs: isKnown ? (afterUs - beforeUs) / signed : undefined,
    };
  }

  close(): void {
    this.#process.disconnect();
  }
}

export interface SigningComparison {
  readonly tokens: Figures;
  readonly signaturesPerSecond: number;
  /** Tokens per second to signatures per second. */
  readonly ratio: number;
  /** Processor time of a signature to that of a token. */
  readonly processorRatio: number | undefined;
}

export async function compareWithSigning(
  generator: Generator,
  issuing: Load,
  { rounds, roundMs }: Rounds,
): Promise<SigningComparison> {
  const signer = new Signer();
  const lanes = issuing.connections;
  try {
    await measure(generator, issuing, WARM_UP_MS);
    await signer.sign({ durationMs: WARM_UP_MS, lanes });
    const pairs: { readonly tokens: Figures; readonly signed: Signed }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const signed = await signer.sign({ durationMs: roundMs, lanes });
      pairs.push({ tokens: await measure(generator, issuing, roundMs), signed });
    }
    const byProcessor = pairs.flatMap(({ tokens, signed }) =>
      tokens.processorUs === undefined || signed.processorUs === undefined
        ? []
        : [signed.processorUs / tokens.processorUs],
    );
    const [last] = pairs.slice(-1);
    if (last === undefined) throw new Error('no round was measured');
    return {
      tokens: last.tokens,
      signaturesPerSecond: median(pairs.map(({ signed }) => signed.perSecond)),
      ratio: median(pairs.map(({ tokens, signed }) => tokens.perSecond / signed.perSecond)),
      processorRatio: byProcessor.length === 0 ? undefined : median(byProcessor),
    };
  } finally {
    signer.close();
  }
}
