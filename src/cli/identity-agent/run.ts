// `strongroom identity-agent`: checks that the machine is registered, serves until it is asked to
// stop, and says what a program has to be started with.
import { once } from 'node:events';
import process from 'node:process';
import type { Clock } from '#kernel';
import { CommandFailure } from '../command-failure.ts';
import type { Terminal } from '../terminal.ts';
import { systemRoots } from '../trust.ts';
import type { AgentFiles, Registration } from './agent-files.ts';
import { parseListenAddress, startAgentServer } from './agent-server.ts';
import { type AnswerOptions, APP_SERVICE_PATH, METADATA_PATH } from './answers.ts';
import { ArcChallenges } from './arc-challenges.ts';
import { renderAzCommand, renderMachine } from './register.ts';
import { TokenCache } from './token-cache.ts';
import { type AskUpstream, renderPublicKey, upstream } from './upstream.ts';

/** Key Vault's application id: a resource that every identity provider of ours knows. */
const PROBE_RESOURCE = 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093';

const LOG_LENGTH_MAX = 500;

const REGISTER = `  strongroom identity-agent register --machine /subscriptions/SUBSCRIPTION/resourceGroups/GROUP/\\
providers/Microsoft.HybridCompute/machines/NAME --login https://login.DOMAIN --tenant TENANT`;

export interface RunOptions {
  readonly listen: string;
  readonly imds?: true;
  readonly arc?: true;
  readonly arcDir: string;
}

interface Ports {
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** Answers the exit code. Throws CommandFailure. */
export async function runAgent(
  files: AgentFiles,
  options: RunOptions,
  { terminal, clock }: Ports,
): Promise<number> {
  const address = parseListenAddress(options.listen);
  const registration = files.registration();
  if (registration === undefined) {
    throw new CommandFailure(
      `This machine is not registered yet. Register it with:\n\n${REGISTER}`,
    );
  }
  const ask = upstream({ registration, key: files.key(), authorities: trusted(files), clock });
  await requireRegistered({ ask, registration, files }, terminal);
  const arc = options.arc === true ? new ArcChallenges(options.arcDir, clock) : undefined;
  const answers: AnswerOptions = {
    tokens: new TokenCache(ask, clock),
    clock,
    workloads: () => files.workloads(),
    imds: options.imds === true,
    arc,
    // What a program asked for stands in it: one line, whatever that holds.
    log: (line) => terminal.err(`${line.replaceAll(/\p{Cc}+/gu, ' ').slice(0, LOG_LENGTH_MAX)}\n`),
  };
  const server = await startAgentServer(address, answers);
  const askedToStop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  const origin = `http://${options.listen.replace(/:\d+$/, '')}:${server.port}`;
  terminal.out(renderReady(registration, origin, answers));
  await askedToStop;
  await server.close();
  arc?.close();
  return 0;
}

function trusted(files: AgentFiles): readonly string[] {
  const authority = files.authority();
  return authority === undefined ? systemRoots() : [authority, ...systemRoots()];
}

interface Registered {
  readonly ask: AskUpstream;
  readonly registration: Registration;
  readonly files: AgentFiles;
}

/** An identity provider that does not answer now may answer later; one that says no will not. */
async function requireRegistered(
  { ask, registration, files }: Registered,
  terminal: Terminal,
): Promise<void> {
  const { machine, login } = registration;
  const answer = await ask({ resource: PROBE_RESOURCE });
  if (answer.kind === 'unreachable') {
    terminal.err(`${login} does not answer yet: ${answer.cause}\n`);
  }
  if (answer.kind !== 'refused') return;
  if (answer.status === 401) {
    const body = renderMachine(renderPublicKey(files.key()), []);
    throw new CommandFailure(
      `${login} does not know ${machine} with this key. Somebody who may write machines ` +
        `registers it with:\n\n${renderAzCommand(machine, body)}`,
    );
  }
  terminal.err(`The machine has no identity yet: ${answer.body.error_description}\n`);
}

function renderReady({ machine }: Registration, origin: string, answers: AnswerOptions): string {
  const lines = [
    `The identity agent of ${machine} answers on ${origin}.`,
    '',
    'Start a program with the file that `strongroom identity-agent workload NAME` writes:',
    `  IDENTITY_ENDPOINT=${origin}${APP_SERVICE_PATH}`,
    '  IDENTITY_HEADER=(its own secret)',
  ];
  if (answers.imds) {
    lines.push('', 'Every program on this machine, as from IMDS:');
    lines.push(`  AZURE_POD_IDENTITY_AUTHORITY_HOST=${origin}`);
  }
  if (answers.arc !== undefined) {
    lines.push('', 'Programs that can read the agent’s files, as from Azure Arc:');
    lines.push(`  IDENTITY_ENDPOINT=${origin}${METADATA_PATH}`, `  IMDS_ENDPOINT=${origin}`);
  }
  return `${lines.join('\n')}\n`;
}
