// Work that time starts, not a request: purges, renewals, rotations. Each job runs once at start
// (so what fell due while the process was down is caught up) and then at its interval, never twice
// at once.
import type { Clock } from '#kernel';

export interface Job {
  readonly name: string;
  readonly everyMs: number;
  run(nowMs: number): Promise<void>;
}

export interface Background {
  /** Starts nothing more and waits for what runs. */
  stop(): Promise<void>;
}

export interface BackgroundOptions {
  readonly clock: Clock;
  readonly logError: (name: string, cause: unknown) => void;
}

export function startJobs(jobs: readonly Job[], options: BackgroundOptions): Background {
  const running = new Set<Promise<void>>();
  const timers = new Map<Job, () => void>();
  let stopped = false;

  const start = (job: Job): void => {
    if (stopped) return;
    const done = runOnce(job, options).finally(() => {
      running.delete(done);
      if (!stopped)
        timers.set(
          job,
          options.clock.after(job.everyMs, () => start(job)),
        );
    });
    running.add(done);
  };
  for (const job of jobs) start(job);

  return {
    async stop() {
      stopped = true;
      for (const cancel of timers.values()) cancel();
      await Promise.all(running);
    },
  };
}

async function runOnce(job: Job, options: BackgroundOptions): Promise<void> {
  try {
    await job.run(options.clock.now());
  } catch (cause) {
    options.logError(job.name, cause);
  }
}
