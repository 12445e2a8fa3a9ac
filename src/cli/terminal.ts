// Where a command's words go. Results to standard output, everything else to standard error.
import process from 'node:process';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  exit: (code) => process.exit(code),
};
