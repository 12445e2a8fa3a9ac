// What the bench asks of its load generator, and what it hears back; both travel between processes.
import { z } from '#kernel';

export const LOAD_JOB = z.object({
  port: z.number(),
  /** Name for TLS; the socket goes to this machine. */
  servername: z.string(),
  caFile: z.string(),
  connections: z.number(),
  /** Whole requests as they go over the wire; taken in turn by whichever connection is free. */
  requests: z.array(z.string()).min(1),
  /** The job ends after this time, or once `count` requests have been answered. */
  durationMs: z.number(),
  count: z.number().optional(),
  /** Give back the bodies; only for short jobs. */
  keepBodies: z.boolean().optional(),
});

export const LOAD_RESULT = z.object({
  answered: z.number(),
  elapsedMs: z.number(),
  /** Answers by status. */
  statuses: z.record(z.string(), z.number()),
  p50Us: z.number(),
  p99Us: z.number(),
  bodies: z.array(z.string()),
});

export type LoadJob = z.infer<typeof LOAD_JOB>;
export type LoadResult = z.infer<typeof LOAD_RESULT>;
