// `strongroom explain`: why somebody may or may not do something, somewhere, as the running
// instance decides it, and the smallest grants that would be enough. Changes nothing.
import type { Config } from '#config';
import { parse, z } from '#kernel';
import { CommandFailure } from './command-failure.ts';
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

const explanationSchema = z.object({
  allowed: z.boolean(),
  model: z.string(),
  reason: z.looseObject({ code: z.string() }).optional(),
  steps: z.array(z.looseObject({ step: z.string() })),
  suggestions: z.array(z.looseObject({ kind: z.string() })),
});

type Explanation = z.infer<typeof explanationSchema>;

/** Answers the exit code: 0 if it is allowed, 1 if not. Throws CommandFailure. */
export async function explainAccess(
  config: Config,
  terminal: Terminal,
  options: ExplainOptions,
): Promise<number> {
  const explanation = await ask(config, options);
  terminal.out(
    options.json === true
      ? `${JSON.stringify(explanation, undefined, 2)}\n`
      : renderExplanation(explanation),
  );
  return explanation.allowed ? 0 : 1;
}

async function ask(config: Config, options: ExplainOptions): Promise<Explanation> {
  try {
    const answer = await askExplanation(renderQuestion(options), clientOptions(config));
    return parse(explanationSchema, answer, 'body');
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

/** One line for the verdict, one for each step that was looked at, one for each way out. */
export function renderExplanation({
  allowed,
  model,
  reason,
  steps,
  suggestions,
}: Explanation): string {
  const verdict = allowed ? 'Allowed' : `Refused (${reason?.code ?? 'by the network'})`;
  const lines = [
    `${verdict}, decided by ${model === 'rbac' ? 'role assignments' : 'access policies'}.`,
    ...(steps.length === 0 ? ['Nothing is granted that bears on it.'] : ['', 'Looked at:']),
    ...steps.map(({ step, ...facts }) => `  ${step}: ${renderFacts(facts)}`),
    ...(suggestions.length === 0 ? [] : ['', 'Any of these would be enough:']),
    ...suggestions.map(({ kind, ...facts }) => `  ${kind}: ${renderFacts(facts)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function renderFacts(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
