// `strongroom identity-agent register`: the machine's key, and the word of it to Resource Manager –
// by whoever may write machines, or at once by the administrator's application of an instance on
// this machine.
import { readFileSync } from 'node:fs';
import type { Config } from '#config';
import { parse, parseJson, z } from '#kernel';
import { CommandFailure } from '../command-failure.ts';
import { sendRequest } from '../https-request.ts';
import { fetchToken } from '../management-client.ts';
import { quoteForShell } from '../quote.ts';
import { clientOptions } from '../running-instance.ts';
import type { Terminal } from '../terminal.ts';
import type { AgentFiles } from './agent-files.ts';
import { renderPublicKey } from './upstream.ts';

export const MACHINES_API = '2024-07-10';
const MACHINE =
  /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.HybridCompute\/machines\/[^/\s]+$/i;

export interface RegisterOptions {
  readonly machine: string;
  readonly login?: string;
  readonly tenant?: string;
  readonly caFile?: string;
  readonly assign?: readonly string[];
  readonly asAdministrator?: true;
}

interface Ports {
  readonly terminal: Terminal;
  readonly config: Config;
}

export async function registerAgent(
  files: AgentFiles,
  options: RegisterOptions,
  { terminal, config }: Ports,
): Promise<void> {
  if (!MACHINE.test(options.machine)) {
    throw new CommandFailure(
      'A machine is named by its resource id: /subscriptions/S/resourceGroups/G/providers/' +
        'Microsoft.HybridCompute/machines/NAME.',
    );
  }
  const body = renderMachine(renderPublicKey(files.key()), options.assign ?? []);
  if (options.asAdministrator === true) {
    await registerAtOnce(files, options, { config, body });
    terminal.out(`Registered ${options.machine}. Start the agent: strongroom identity-agent\n`);
    return;
  }
  const { login, tenant } = options;
  if (login === undefined || tenant === undefined) {
    throw new CommandFailure('Name the identity provider with --login and --tenant.');
  }
  if (
    !z.url({ protocol: /^https$/ }).safeParse(login).success ||
    !z.guid().safeParse(tenant).success
  ) {
    throw new CommandFailure('--login is an https address and --tenant a GUID.');
  }
  if (options.caFile !== undefined) files.saveAuthority(readAuthority(options.caFile));
  files.saveRegistration({ login, tenantId: tenant, machine: options.machine });
  terminal.out(
    `This machine has a key. Somebody who may write machines registers it with:\n\n${renderAzCommand(options.machine, body)}\n\nThen start the agent: strongroom identity-agent --agent-dir ${quoteForShell(files.directory)}\n`,
  );
}

interface AtOnce {
  readonly config: Config;
  readonly body: string;
}

async function registerAtOnce(
  files: AgentFiles,
  { machine }: RegisterOptions,
  { config, body }: AtOnce,
): Promise<void> {
  const client = clientOptions(config);
  const { login, management, tenantId, caFile } = client.ready;
  const token = await fetchToken(client);
  const url = `${management}${machine}?api-version=${MACHINES_API}`;
  const { status, text } = await sendRequest({ url, token, json: body, method: 'PUT' }, client);
  if (status !== 200 && status !== 201) throw new CommandFailure(refusalOf(text, status));
  files.saveAuthority(readAuthority(caFile));
  files.saveRegistration({ login, tenantId, machine });
}

function refusalOf(text: string, status: number): string {
  const schema = z.object({ error: z.object({ message: z.string() }) });
  try {
    return parse(schema, parseJson(text), 'body').error.message;
  } catch {
    return `The instance answered ${status}.`;
  }
}

function readAuthority(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  } catch {
    // Said below.
  }
  throw new CommandFailure(`${file} holds no certificate in PEM form.`);
}

export function renderMachine(clientPublicKey: string, identities: readonly string[]): string {
  const kinds = ['SystemAssigned', ...(identities.length === 0 ? [] : ['UserAssigned'])];
  const userAssignedIdentities = Object.fromEntries(identities.map((id) => [id, {}]));
  return JSON.stringify({
    location: 'local',
    identity: {
      type: kinds.join(','),
      ...(identities.length === 0 ? {} : { userAssignedIdentities }),
    },
    properties: { clientPublicKey },
  });
}

/** What somebody types who may write machines. */
export function renderAzCommand(machine: string, body: string): string {
  return `  az rest --method put --url '${machine}?api-version=${MACHINES_API}' --body '${body}'`;
}
