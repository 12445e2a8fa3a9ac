// One user's `az`: a folder of its own for settings and tokens, and commands that give what they
// print. A command's output is asserted by the schema it is read with.
import { join } from 'node:path';
import process from 'node:process';
import { parse, parseJson, type Schema, z } from '#kernel';
import { type Child, type Finished, launch, run } from '#test/kit/children.ts';
import { folderForThisRun } from '#test/kit/run-folders.ts';
import { CACHE, clientEnvironment, type Place } from '../suite.ts';

export const HOME = join(CACHE, 'az');
const PYTHON = join(HOME, 'bin', 'python');
const NAMES = join(import.meta.dirname, '..', 'python', 'names');

const NAMED = z.array(z.object({ name: z.string() }));

export class Az {
  /** Settings, tokens and whatever commands write into a home directory. */
  readonly folder = folderForThisRun();
  readonly #environment: Readonly<Record<string, string>>;

  constructor(place: Place, surroundings: Readonly<Record<string, string>> = {}) {
    this.#environment = {
      ...clientEnvironment(place),
      HOME: this.folder,
      PYTHONPATH: NAMES,
      REQUESTS_CA_BUNDLE: place.caFile,
      AZURE_CONFIG_DIR: join(this.folder, 'settings'),
      AZURE_CORE_INSTANCE_DISCOVERY: 'false',
      AZURE_CORE_COLLECT_TELEMETRY: 'false',
      AZURE_CORE_ONLY_SHOW_ERRORS: 'true',
      AZURE_CORE_LOGIN_EXPERIENCE_V2: 'off',
      AZURE_CORE_OUTPUT: 'json',
      ...surroundings,
    };
  }

  /** Runs a command that must succeed; it may print nothing. */
  async do(...words: readonly string[]): Promise<void> {
    await this.#succeed(words);
  }

  /** Runs a command that must print JSON of this shape. */
  async read<T>(schema: Schema<T>, ...words: readonly string[]): Promise<T> {
    const { stdout } = await this.#succeed(words);
    try {
      return parse(schema, parseJson(stdout), 'body');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`az ${shown(words)} printed ${stdout}\n${why}`, { cause });
    }
  }

  /** The names in the list that a command prints, sorted. */
  async names(...words: readonly string[]): Promise<string[]> {
    const list = await this.read(NAMED, ...words);
    return list.map(({ name }) => name).sort();
  }

  /** Runs a command that must fail with these words. */
  async refused(words: readonly string[], expected: RegExp): Promise<void> {
    const { code, stdout, stderr } = await this.#run(words);
    if (code !== 0 && expected.test(stderr)) return;
    throw new Error(`az ${shown(words)}: exit ${code} instead of ${expected}\n${stdout}${stderr}`);
  }

  /** Starts a command that talks with a person; the browser it opens is $BROWSER. */
  start(...words: readonly string[]): Child {
    const { BROWSER } = process.env;
    return launch(PYTHON, ['-m', 'azure.cli', ...words], {
      cwd: this.folder,
      env: {
        ...this.#environment,
        AZURE_CORE_ONLY_SHOW_ERRORS: 'false',
        ...(BROWSER === undefined ? {} : { BROWSER }),
      },
    });
  }

  async #succeed(words: readonly string[]): Promise<Finished> {
    const finished = await this.#run(words);
    if (finished.code === 0) return finished;
    throw new Error(`az ${shown(words)}: exit ${finished.code}\n${finished.stderr.slice(-2000)}`);
  }

  /** What a program of its user's finds: the settings, and `az` on its path. */
  get environment(): Readonly<Record<string, string>> {
    const path = `${join(HOME, 'bin')}:${this.#environment.PATH ?? ''}`;
    return { ...this.#environment, PATH: path };
  }

  #run(words: readonly string[]): Promise<Finished> {
    return run(PYTHON, ['-m', 'azure.cli', ...words], {
      cwd: this.folder,
      env: this.#environment,
      limitMs: 120_000,
    });
  }
}

/** The command and its first parameter; what follows may be secret. */
function shown(words: readonly string[]): string {
  return words.slice(0, 5).join(' ');
}
