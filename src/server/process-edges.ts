// Where the process meets its surroundings: its error log and the signals that ask it to stop.
import process from 'node:process';

/** To standard error, one JSON line each: standard output belongs to the ready line. */
export function logError(subject: string, cause: unknown): void {
  const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`${JSON.stringify({ level: 'error', subject, detail })}\n`);
}

export function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
