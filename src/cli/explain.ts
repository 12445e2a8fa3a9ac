// `strongroom explain`: why somebody may or may not do something, somewhere, as the running
// instance decides it, and the smallest grants that would be enough. Changes nothing.
import type { Config } from '#config';
import { CommandFailure } from './command-failure.ts';
import { parseExplanation, renderExplanation } from './explanation-text.ts';
import { askExplanation, NotRunning, Refused } from './management-client.ts';
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
    const sentence = error instanceof Refused ? whatIsUnknown(error, options) : undefined;
    throw new CommandFailure(sentence ?? `The instance could not say: ${error.message}`);
  }
}

/** In this command's words: Azure's speak of the body of a request that nobody typed. */
function whatIsUnknown(
  { code, message }: Refused,
  { principal, appId, operation, action }: ExplainOptions,
): string | undefined {
  if (code === 'PrincipalNotFound') {
    return (
      `Nobody here is "${principal ?? appId}". Give the object id of a user or service principal, ` +
      "a user principal name (with @), or an application's --app-id."
    );
  }
  if (operation !== undefined && message.includes("'operation'")) {
    return (
      `There is no operation "${operation}". The names stand in docs/compatibility.md, ` +
      'for example GetSecret or Vaults_Update.'
    );
  }
  if (action !== undefined && message.includes("'action'")) {
    return (
      `There is no action "${action}". The names stand in docs/compatibility.md, ` +
      'for example Microsoft.KeyVault/vaults/secrets/getSecret/action.'
    );
  }
  return undefined;
}

/** What is missing in a question; `undefined` if it can be asked. */
export function missingFrom(question: Omit<ExplainOptions, 'scope'>): string | undefined {
  const { principal, appId, action, operation } = question;
  if (principal === undefined && appId === undefined) {
    return 'say who it is about: --principal or --app-id';
  }
  if (action === undefined && operation === undefined) {
    return 'say what it is about: --operation or --action';
  }
  return undefined;
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
