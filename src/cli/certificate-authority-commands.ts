// What can be typed behind `strongroom ca`.
import { type Command, Option } from 'commander';
import type { Config } from '#config';
import type { RevocationReason } from '#cryptography';
import {
  type CreateOptions,
  createCertificateAuthority,
  importRoot,
  renewCertificateAuthority,
  revokeCertificate,
  showCertificateAuthority,
  takeRootOffline,
} from './certificate-authority.ts';
import type { Terminal } from './terminal.ts';

export interface CommandPorts {
  readonly terminal: Terminal;
  readonly run: (command: Command, work: (config: Config) => Promise<number>) => Promise<void>;
  /** The flags by which a command finds the running instance. */
  readonly addSettings: (command: Command) => void;
}

const REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] satisfies RevocationReason[];

const HELP = `
Asks the running server, as the administrator's application. Vaults use the authority through an
issuer with the provider StrongroomCA.

Examples:
  $ strongroom ca create --permit-domain corp.example
  $ strongroom ca show --pem > roots.pem
  $ strongroom ca take-root-offline --out /media/usb/strongroom-root.pem`;

export function addCertificateAuthority(program: Command, ports: CommandPorts): void {
  const { terminal, run, addSettings } = ports;
  const group = program
    .command('ca')
    .description('Look after the certificate authority that issues to vaults.')
    .addHelpText('after', HELP);
  const add = (name: string, description: string): Command => {
    const command = group.command(name).description(description);
    addSettings(command);
    return command;
  };
  const create = add('create', 'Make a root and the first intermediate, once.')
    .option('--permit-domain <name...>', 'issue only for these domains and what is below them')
    .option('--permit-range <cidr...>', 'issue only for addresses in these networks');
  create.action((options: CreateOptions) =>
    run(create, (config) => createCertificateAuthority(config, terminal, options)),
  );
  const show = add('show', 'List the authorities, root first.').option('--pem', 'as PEM');
  show.action((options: { readonly pem?: true }) =>
    run(show, (config) => showCertificateAuthority(config, terminal, options)),
  );
  const renew = add('renew', 'Make the next intermediate now; it issues from then on.');
  renew.action(() => run(renew, (config) => renewCertificateAuthority(config, terminal)));
  const offline = add(
    'take-root-offline',
    'Move the root’s private key into a file, out of the instance.',
  ).requiredOption('--out <file>', 'file that does not exist yet');
  offline.action((options: { readonly out: string }) =>
    run(offline, (config) => takeRootOffline(config, terminal, options)),
  );
  const back = add('import-root', 'Bring the root’s private key back.').requiredOption(
    '--in <file>',
    'file that take-root-offline wrote',
  );
  back.action((options: { readonly in: string }) =>
    run(back, (config) => importRoot(config, terminal, options)),
  );
  const revoke = add('revoke', 'Revoke a certificate that the authority issued, for good.')
    .argument('<serial>', 'serial number, hexadecimal; or an intermediate, as show names it')
    .addOption(new Option('--reason <word>', 'why').choices(REASONS));
  revoke.action((which: string, options: { readonly reason?: string }) =>
    run(revoke, (config) => revokeCertificate(config, terminal, { which, ...options })),
  );
}
