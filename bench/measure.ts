// Two things are measured in turn, round by round, so that whatever else the machine does in the
// meantime falls on both. Only ratios of the same round are worth keeping.
import type { Generator, Target } from './generator.ts';
import { processorUs } from './process-figures.ts';

/** Until the compiler has settled: a server that has just started is half as fast. */
const WARM_UP_MS = 2_500;

export interface Load {
  readonly target: Target;
  readonly requests: readonly string[];
  readonly connections: number;
}

export interface Figures {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Processor time of the server for one request. */
  readonly processorUs: number | undefined;
}

export interface Comparison {
  readonly subject: Figures;
  readonly reference: Figures;
  /** Requests per second, subject to reference. */
  readonly ratio: number;
  /** Processor time per request, reference to subject; what `ratio` would be on an idle machine. */
  readonly processorRatio: number | undefined;
}

export interface Rounds {
  readonly rounds: number;
  readonly roundMs: number;
}

export async function measure(
  generator: Generator,
  load: Load,
  durationMs: number,
): Promise<Figures> {
  const { target, requests, connections } = load;
  const beforeUs = processorUs(target.pid);
  const result = await generator.load({
    ...target,
    connections,
    requests: [...requests],
    durationMs,
  });
  const afterUs = processorUs(target.pid);
  return {
    perSecond: (result.answered / result.elapsedMs) * 1_000,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    processorUs:
      beforeUs === undefined || afterUs === undefined
        ? undefined
        : (afterUs - beforeUs) / result.answered,
  };
}

/** Alternates `subject` and `reference`; figures are medians over the rounds. */
export async function compare(
  generator: Generator,
  pair: { readonly subject: Load; readonly reference: Load },
  { rounds, roundMs }: Rounds,
): Promise<Comparison> {
  await measure(generator, pair.reference, WARM_UP_MS);
  await measure(generator, pair.subject, WARM_UP_MS);
  const subjects: Figures[] = [];
  const references: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Whoever goes second in one round goes first in the next.
    if (round % 2 === 0) references.push(await measure(generator, pair.reference, roundMs));
    subjects.push(await measure(generator, pair.subject, roundMs));
    if (round % 2 === 1) references.push(await measure(generator, pair.reference, roundMs));
  }
  const ratios = subjects.map((figures, round) => {
    const reference = references[round]?.perSecond ?? Number.NaN;
    return figures.perSecond / reference;
  });
  const subject = middle(subjects);
  const reference = middle(references);
  return {
    subject,
    reference,
    ratio: median(ratios),
    processorRatio:
      subject.processorUs === undefined || reference.processorUs === undefined
        ? undefined
        : reference.processorUs / subject.processorUs,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

function middle(figures: readonly Figures[]): Figures {
  const known = figures.flatMap((one) => (one.processorUs === undefined ? [] : [one.processorUs]));
  return {
    perSecond: median(figures.map((one) => one.perSecond)),
    p50Us: median(figures.map((one) => one.p50Us)),
    p99Us: median(figures.map((one) => one.p99Us)),
    processorUs: known.length === 0 ? undefined : median(known),
  };
}
