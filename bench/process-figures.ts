// What the operating system says of a process: memory everywhere, processor time where /proc has
// it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** A tick of /proc is 10 ms on every Linux that Node runs on. */
const TICK_US = 10_000;

export function residentMegabytes(pid: number): number {
  const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(text.trim()) / 1_024;
}

/** Processor time used so far, in microseconds; `undefined` where the system does not tell. */
export function processorUs(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
