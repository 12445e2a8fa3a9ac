// The words of the suites that run outside `node --test`: a line per case, what failed once more
// at the end, and the counts.
import process from 'node:process';

type Outcome = 'passed' | 'failed' | 'skipped';

export class Report {
  readonly #counts: Record<Outcome, number> = { passed: 0, failed: 0, skipped: 0 };
  readonly #failures: string[] = [];
  readonly #write: (text: string) => void;

  constructor(write = (text: string) => void process.stdout.write(text)) {
    this.#write = write;
  }

  say(outcome: Outcome, name: string, detail = ''): void {
    const line = `${outcome.padEnd(7)} ${name}${detail === '' ? '' : `: ${detail}`}\n`;
    this.#counts[outcome] += 1;
    if (outcome === 'failed') this.#failures.push(line);
    this.#write(line);
  }

  /** Runs one case; whatever it throws is its failure. */
  async run(name: string, test: () => Promise<void>): Promise<void> {
    try {
      await test();
      this.say('passed', name);
    } catch (error) {
      this.say('failed', name, error instanceof Error ? (error.stack ?? '') : String(error));
    }
  }

  /** The exit code. */
  conclude(): 0 | 1 {
    const { passed, failed, skipped } = this.#counts;
    if (failed > 0) this.#write(`\nWhat failed, once more:\n${this.#failures.join('')}\n`);
    this.#write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return failed > 0 ? 1 : 0;
  }
}
