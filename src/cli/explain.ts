// `strongroom explain`: why somebody may or may not do something, somewhere, as the running
// instance decides it, and the smallest grants that would be enough. Changes nothing.
import type { Config } from '#config';
import { CommandFailure } from './command-failure.ts';
import { parseExplanation, renderExplanation } from './explanation-text.ts';
import { askExplanation, NotRunning } from './management-client.ts';
import { clientOptions } from './running-instance.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainOptions {
  /** Object id or user principal name. */
  readonly principal?: string;
  readonly appId?: string;
  readonly action?: string;
  readonly operation?: string;
  readonly scope: string;
  readonly clientAddress?: string;
  /** The whole answer as JSON. */
  readonly json?: true;
}

/** Answers the exit code: 0 if it is allowed, 1 if not. Throws CommandFailure. */
export async function explainAccess(
  config: Config,
  terminal: Terminal,
  options: ExplainOptions,
): Promise<number> {
  const answer = await ask(config, options);
  const explanation = parseExplanation(answer);
  terminal.out(
    options.json === true
      ? `${JSON.stringify(answer, undefined, 2)}\n`
      : renderExplanation(explanation),
  );
  return explanation.allowed ? 0 : 1;
}

async function ask(config: Config, options: ExplainOptions): Promise<unknown> {
  try {
    return await askExplanation(renderQuestion(options), clientOptions(config));
  } catch (error) {
    if (error instanceof NotRunning) throw new CommandFailure('No server answers.');
    if (error instanceof CommandFailure || !(error instanceof Error)) throw error;
    throw new CommandFailure(`The instance could not say: ${error.message}`);
  }
}

function renderQuestion(options: ExplainOptions): Readonly<Record<string, string>> {
  const { principal, appId, action, operation, scope, clientAddress } = options;
  const who = principal?.includes('@')
    ? { userPrincipalName: principal }
    : { principalId: principal };
  const question = { ...who, appId, action, operation, scope, clientAddress };
  return Object.fromEntries(
    Object.entries(question).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
