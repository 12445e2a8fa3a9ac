// A terminal that remembers what was said, for tests.
import type { Terminal } from './terminal.ts';

/** Thrown by `exit`, so that nothing runs on after it. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

export class RecordingTerminal implements Terminal {
  stdout = '';
  stderr = '';

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  exit(code: number): void {
    throw new Exit(code);
  }
}
