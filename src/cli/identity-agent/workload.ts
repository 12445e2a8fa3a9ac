// `strongroom identity-agent workload`: a secret for one program, in a file of the variables that
// the program is started with.
import { randomBytes } from 'node:crypto';
import { CommandFailure } from '../command-failure.ts';
import type { Terminal } from '../terminal.ts';
import { type AgentFiles, hashSecret } from './agent-files.ts';
import { parseListenAddress } from './agent-server.ts';
import { APP_SERVICE_PATH } from './answers.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const SECRET_BYTES = 32;

export interface WorkloadOptions {
  readonly identity?: readonly string[];
  readonly remove?: true;
  readonly listen: string;
}

export function manageWorkload(
  files: AgentFiles,
  options: WorkloadOptions & { readonly name: string },
  terminal: Terminal,
): void {
  const { name, identity = [], listen } = options;
  if (!NAME.test(name)) {
    throw new CommandFailure(
      'A workload’s name has 1 to 64 letters, digits, hyphens, underscores.',
    );
  }
  if (options.remove === true) {
    if (!files.removeWorkload(name)) throw new CommandFailure(`There is no workload ${name}.`);
    terminal.out(`The workload ${name} gets no tokens any more.\n`);
    return;
  }
  parseListenAddress(listen);
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const workload = { name, secretHash: hashSecret(secret), identities: [...identity] };
  const file = files.saveWorkload(workload, renderEnvironment(listen, secret));
  terminal.out(`Wrote ${file}: IDENTITY_ENDPOINT and IDENTITY_HEADER for the workload ${name}.\n`);
}

/** `MSI_…` is what older clients read. */
function renderEnvironment(listen: string, secret: string): string {
  const endpoint = `http://${listen}${APP_SERVICE_PATH}`;
  return [
    `IDENTITY_ENDPOINT=${endpoint}`,
    `IDENTITY_HEADER=${secret}`,
    `MSI_ENDPOINT=${endpoint}`,
    `MSI_SECRET=${secret}`,
    '',
  ].join('\n');
}
