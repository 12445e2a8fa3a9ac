// The command line: what can be typed, what it is called, and what help says. Each command's work
// stands in a file of its own; serving is handed in by the composition root.
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type Config,
  ConfigError,
  configFileSetting,
  loadConfig,
  type Setting,
  settings,
} from '#config';
import { parse, parseJson, z } from '#kernel';
import { isAddress } from '#network';
import { type AuditKey, verifyAuditLog } from './audit-verify.ts';
import { addCertificateAuthority } from './certificate-authority-commands.ts';
import { CommandFailure } from './command-failure.ts';
import { type ExplainOptions, explainAccess, missingFrom } from './explain.ts';
import { manageHosts } from './hosts.ts';
import { addIdentityAgent, type Run } from './identity-agent/agent-command.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { trustInstance } from './trust.ts';

export interface ProgramActions {
  /** Serves until it is asked to stop. */
  readonly serve: (config: Config) => Promise<void>;
  /** Key of the audit log in the data directory; must work while a server runs on it. */
  readonly auditKey: AuditKey;
  /** One sentence for a failure that is nobody's defect; `undefined` for a defect. */
  readonly describeFailure: (
    thrown: unknown,
    address: { readonly host: string; readonly port: number },
  ) => string | undefined;
}

/** Something did not work. */
const EXIT_FAILED = 1;
/** What was typed, set or configured is wrong. */
const EXIT_USAGE = 2;

const SERVE_HELP = `
Every setting can also come from a variable (STRONGROOM_PORT for --port, and so on) or from a JSON
file named with --config. Flags win over variables, variables over the file.
The root key itself can come from the variable STRONGROOM_ROOT_KEY, never from a flag.

Examples:
  $ strongroom serve
  $ strongroom serve --data-dir /var/lib/strongroom --domain vaults.example --host :: --port 443
  $ strongroom serve --port 0 --output json      for scripts: one line with every URL once ready

Exit codes: 0 stopped by SIGTERM or SIGINT, 1 could not start or go on, 2 wrong setting.`;

const TRUST_HELP = `
Most clients replace their roots by the file that the variable names, so the bundle holds the
system's roots as well. Nothing outside the data directory is changed.

Examples:
  $ strongroom trust
  $ eval "$(npm run --silent strongroom -- trust --export)"`;

const HOSTS_HELP = `
Only browsers and curl find *.localhost by themselves. The vaults are asked from the running
instance; entries stand between two marker lines and every other line is left as it is.

Examples:
  $ strongroom hosts
  $ sudo strongroom hosts --install
  $ sudo strongroom hosts --remove`;

const EXPLAIN_HELP = `
Asks the running server, as the administrator's application.

Examples:
  $ strongroom explain --principal ada@strongroom.localhost --operation GetSecret \\
      --scope /subscriptions/.../providers/Microsoft.KeyVault/vaults/my-vault/secrets/greeting
  $ strongroom explain --app-id 8d1f... --action Microsoft.KeyVault/vaults/write --scope /

Exit codes: 0 allowed, 1 refused or not to be had.`;

const VERIFY_HELP = `
Finds every line that was changed, removed or put elsewhere, and names its file and number. Nothing
is changed, and a server may be running meanwhile.

Exit codes: 0 the log is whole, 1 it is not or it cannot be read.`;

export function buildProgram(
  actions: ProgramActions,
  terminal: Terminal = processTerminal,
): Command {
  const program = new Command('strongroom')
    .description('Azure Key Vault that you run yourself.')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('Help: npm run strongroom -- <command> --help')
    // `identity-agent` and its helpers have options of the same name.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
    })
    .exitOverride(({ exitCode }) => terminal.exit(exitCode === 0 ? 0 : EXIT_USAGE));
  const run = runner(actions, terminal);
  addServe(program, actions, run);
  addTrust(program, terminal, run);
  addHosts(program, terminal, run);
  addExplain(program, terminal, run);
  addIdentityAgent(program, { terminal, run, addDataDirectory: addClientSettings });
  addCertificateAuthority(program, { terminal, run, addSettings: addClientSettings });
  addAudit(program, { terminal, run, auditKey: actions.auditKey });
  return program;
}

/**
 * Loads the command's config, runs its work, and turns what went wrong into words and exit code.
 */
function runner(actions: ProgramActions, terminal: Terminal): Run {
  return async (command, work) => {
    let config: Config;
    try {
      config = loadConfig({ flags: flagsOf(command) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      terminal.err(`${error.message}\n`);
      return terminal.exit(EXIT_USAGE);
    }
    let exitCode: number;
    try {
      exitCode = await work(config);
    } catch (error) {
      terminal.err(`${describe(error, config, actions)}\n`);
      return terminal.exit(EXIT_FAILED);
    }
    if (exitCode !== 0) terminal.exit(exitCode);
  };
}

function describe(error: unknown, config: Config, actions: ProgramActions): string {
  if (error instanceof CommandFailure) return error.message;
  const sentence = actions.describeFailure(error, config);
  if (sentence !== undefined) return sentence;
  return `This is a defect of Strongroom: ${error instanceof Error ? error.stack : String(error)}`;
}

function addServe(program: Command, actions: ProgramActions, run: Run): void {
  const command = program
    .command('serve')
    .description('Serve the identity provider, Azure Resource Manager, Graph and the vaults.')
    .addHelpText('after', SERVE_HELP);
  addSettings(command, () => true);
  command.action(() =>
    run(command, async (config) => {
      await actions.serve(config);
      return 0;
    }),
  );
}

function addTrust(program: Command, terminal: Terminal, run: Run): void {
  const command = program
    .command('trust')
    .description(
      'Write a CA bundle (system roots and our CA); print which variable each client reads.',
    )
    .option('--export', 'print only the lines that a shell can evaluate')
    .addHelpText('after', TRUST_HELP);
  addSettings(command, isForClients);
  command.action((options: { readonly export?: true }) =>
    run(command, async (config) => {
      terminal.out(trustInstance(config.dataDirectory, { asExport: options.export === true }));
      return 0;
    }),
  );
}

function addHosts(program: Command, terminal: Terminal, run: Run): void {
  const command = program
    .command('hosts')
    .description('Print or install hosts entries for the planes and for the vaults that exist.')
    .option('--install', 'write the entries into the hosts file')
    .addOption(new Option('--remove', 'take them out again').conflicts('install'))
    .option('--hosts-file <file>', 'another hosts file than the system’s')
    .addHelpText('after', HOSTS_HELP);
  addClientSettings(command);
  command.action((options: { install?: true; remove?: true; hostsFile?: string }) =>
    run(command, async (config) => {
      const mode = options.install ? 'install' : options.remove ? 'remove' : 'print';
      await manageHosts(config, terminal, { mode, hostsFile: options.hostsFile });
      return 0;
    }),
  );
}

function addExplain(program: Command, terminal: Terminal, run: Run): void {
  const command = program
    .command('explain')
    .description('Say why somebody may or may not do something, and what would be enough.')
    .option('--principal <id>', 'object id, or user principal name')
    .addOption(
      new Option(
        '--app-id <guid>',
        'client id of an application, instead of --principal',
      ).conflicts('principal'),
    )
    .option('--operation <name>', 'operation, for example GetSecret or Vaults_Update')
    .addOption(
      new Option('--action <name>', 'action or data action, instead of --operation').conflicts(
        'operation',
      ),
    )
    .requiredOption(
      '--scope <id>',
      'resource id: /, subscription, vault, or an object in it',
      parseScope,
    )
    .option('--client-address <ip>', 'where the call comes from', parseAddress)
    .option('--json', 'print the whole answer as JSON')
    .addHelpText('after', EXPLAIN_HELP);
  addClientSettings(command);
  command.action((options: ExplainOptions) => {
    const missing = missingFrom(options);
    if (missing !== undefined) command.error(`error: ${missing}`);
    return run(command, (config) => explainAccess(config, terminal, options));
  });
}

interface AuditPorts {
  readonly terminal: Terminal;
  readonly run: Run;
  readonly auditKey: AuditKey;
}

function addAudit(program: Command, { terminal, run, auditKey }: AuditPorts): void {
  const command = program
    .command('audit')
    .description('Look after the audit log.')
    .command('verify')
    .description('Check that the audit log is what was written.')
    .addOption(
      new Option('--from <number>', 'first line that should be there, if older files were archived')
        .argParser(parseLineNumber)
        .default(1),
    )
    .addHelpText('after', VERIFY_HELP);
  addSettings(command, (setting) => isForClients(setting) || isForSeal(setting));
  command.action((options: { readonly from: number }) =>
    run(command, (config) => verifyAuditLog(config, terminal, { auditKey, from: options.from })),
  );
}

function isForClients({ name }: Setting): boolean {
  return name === 'dataDirectory';
}

function isForSeal({ name }: Setting): boolean {
  return name === 'keyFile' || name === 'passphraseFile';
}

/** For commands that ask the running instance: they listen on nothing. */
function addClientSettings(command: Command): void {
  addSettings(command, (setting) => isForClients(setting) || setting.name === 'host');
  const host = command.options.find(({ long }) => long === '--host');
  if (host !== undefined) host.description = 'where the server listens (default: 127.0.0.1)';
}

/** The settings' flags that `isWanted` chooses, and the one that names the configuration file. */
function addSettings(command: Command, isWanted: (setting: Setting) => boolean): void {
  for (const setting of settings satisfies readonly Setting[]) {
    if ('flag' in setting && isWanted(setting)) command.option(setting.flag, setting.help);
  }
  command.option(configFileSetting.flag, configFileSetting.help);
}

/** What was typed, by setting name. */
function flagsOf(command: Command): Readonly<Record<string, string>> {
  const values: Record<string, unknown> = command.opts();
  const named: Record<string, string> = {};
  for (const { name, flag } of [
    ...settings.filter(hasFlag),
    { ...configFileSetting, name: 'config' },
  ]) {
    const value = values[new Option(flag).attributeName()];
    if (typeof value === 'string') named[name] = value;
  }
  return named;
}

function hasFlag<T extends object>(setting: T): setting is T & { readonly flag: string } {
  return 'flag' in setting;
}

function parseScope(text: string): string {
  if (text.startsWith('/')) return text;
  throw new InvalidArgumentError(
    'It is a resource id and begins with /; for a vault, `az keyvault show --query id` prints it.',
  );
}

function parseAddress(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError('It is an IPv4 or IPv6 address.');
}

function parseLineNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number from 1.');
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return parse(z.object({ version: z.string() }), parseJson(text), 'body').version;
}
