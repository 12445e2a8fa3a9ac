// How long to wait after a failure: twice as long each time, a day at most.
const SECONDS_MAX = 86_400;
const DOUBLINGS_MAX = 20;

/** `failures` so far, before this one. */
export function backOffSeconds(firstSeconds: number, failures: number): number {
  return Math.min(firstSeconds * 2 ** Math.min(failures, DOUBLINGS_MAX), SECONDS_MAX);
}
