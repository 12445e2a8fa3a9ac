// `strongroom identity-agent` and its two helpers: what can be typed, and what help says.
import type { Command } from 'commander';
import type { Config } from '#config';
import { systemClock } from '#kernel';
import type { Terminal } from '../terminal.ts';
import { AgentFiles } from './agent-files.ts';
import { type RegisterOptions, registerAgent } from './register.ts';
import { type RunOptions, runAgent } from './run.ts';
import { manageWorkload, type WorkloadOptions } from './workload.ts';

const DEFAULT_DIRECTORY = '.strongroom-agent';
const DEFAULT_LISTEN = '127.0.0.1:40342';
const ARC_DIRECTORY = '/var/opt/azcmagent/tokens';

const AGENT_HELP = `
Programs get tokens for the managed identities of this machine from the agent, without a secret of
their own. It answers on loopback only, and each program in one of these forms:

  App Service   the program brings the secret of its workload (identity-agent workload NAME)
  Azure Arc     with --arc: the program reads a file of the agent's user
  IMDS          with --imds: every program on this machine is answered

Examples:
  $ strongroom identity-agent register --machine /subscriptions/.../machines/web-1 \\
      --login https://login.example --tenant 8d1f...
  $ strongroom identity-agent workload web
  $ strongroom identity-agent

Exit codes: 0 stopped by SIGTERM or SIGINT, 1 not registered or cannot listen, 2 wrong setting.`;

const REGISTER_HELP = `
Makes this machine's key if there is none, notes where it is registered, and prints the command by
which somebody who may write machines registers it. The private key never leaves this machine.

With --as-administrator, the administrator's application of the instance in --data-dir registers it
at once; --login, --tenant and --ca-file are then the instance's.

Examples:
  $ strongroom identity-agent register --login https://login.example --tenant 8d1f... \\
      --machine /subscriptions/.../providers/Microsoft.HybridCompute/machines/web-1
  $ strongroom identity-agent register --as-administrator --assign /subscriptions/... \\
      --machine /subscriptions/.../providers/Microsoft.HybridCompute/machines/web-1`;

const WORKLOAD_HELP = `
Makes a secret for one program and writes what it is to be started with into a file: for systemd's
EnvironmentFile=, docker's --env-file, or a shell. Made again, the secret is a new one.

Examples:
  $ strongroom identity-agent workload web
  $ strongroom identity-agent workload web --identity 3f2a...   only that identity
  $ strongroom identity-agent workload web --remove`;

/** Runs a command's work and turns what went wrong into words and an exit code. */
export type Run = (command: Command, work: (config: Config) => Promise<number>) => Promise<void>;

export interface AgentCommandPorts {
  readonly terminal: Terminal;
  readonly run: Run;
  /** Adds the options that name the data directory of an instance. */
  readonly addDataDirectory: (command: Command) => void;
}

interface Directory {
  readonly agentDir: string;
}

export function addIdentityAgent(program: Command, ports: AgentCommandPorts): void {
  const { terminal, run } = ports;
  const command = program
    .command('identity-agent')
    .description('Answer programs on this machine that ask for a managed identity’s token.')
    .enablePositionalOptions()
    .option('--agent-dir <directory>', 'where the agent keeps its key', DEFAULT_DIRECTORY)
    .option('--listen <address:port>', 'loopback address to answer on', DEFAULT_LISTEN)
    .option('--imds', 'answer every program on this machine, as IMDS does')
    .option('--arc', 'answer programs that can read the agent’s files, as Azure Arc does')
    .option('--arc-dir <directory>', 'where those files are written', ARC_DIRECTORY)
    .addHelpText('after', AGENT_HELP);
  command.action((options: RunOptions & Directory) =>
    run(command, () =>
      runAgent(new AgentFiles(options.agentDir), options, { terminal, clock: systemClock }),
    ),
  );
  addRegister(command, ports);
  addWorkload(command, ports);
}

function addRegister(parent: Command, { terminal, run, addDataDirectory }: AgentCommandPorts) {
  const command = parent
    .command('register')
    .description('Make this machine’s key and say how to register it.')
    .requiredOption('--machine <id>', 'resource id of the machine')
    .option('--login <url>', 'address of the identity provider')
    .option('--tenant <guid>', 'tenant id')
    .option('--ca-file <file>', 'PEM of the authority to trust, if it is not a public one')
    .option('--assign <id...>', 'resource ids of user-assigned identities')
    .option('--as-administrator', 'register at once, as the administrator’s application')
    .option('--agent-dir <directory>', 'where the agent keeps its key', DEFAULT_DIRECTORY)
    .addHelpText('after', REGISTER_HELP);
  addDataDirectory(command);
  inheritTyped(command, parent);
  command.action((options: RegisterOptions & Directory) =>
    run(command, async (config) => {
      await registerAgent(new AgentFiles(options.agentDir), options, { terminal, config });
      return 0;
    }),
  );
}

function addWorkload(parent: Command, { terminal, run }: AgentCommandPorts) {
  const command = parent
    .command('workload <name>')
    .description('Make a secret for one program, or take it away.')
    .option('--identity <id...>', 'client or resource ids that it may use; absent: all')
    .option('--remove', 'take the secret away')
    .option('--listen <address:port>', 'where the agent answers', DEFAULT_LISTEN)
    .option('--agent-dir <directory>', 'where the agent keeps its key', DEFAULT_DIRECTORY)
    .addHelpText('after', WORKLOAD_HELP);
  inheritTyped(command, parent);
  command.action((name: string, options: WorkloadOptions & Directory) =>
    run(command, async () => {
      manageWorkload(new AgentFiles(options.agentDir), { ...options, name }, terminal);
      return 0;
    }),
  );
}

/** What was typed before the name of `command` counts for it too, instead of being dropped. */
function inheritTyped(command: Command, parent: Command): void {
  command.hook('preAction', () => {
    for (const name of ['agentDir', 'listen']) {
      const typed: unknown = parent.getOptionValue(name);
      if (command.getOptionValueSource(name) === 'default') command.setOptionValue(name, typed);
    }
  });
}
