// What an instance says of itself once it serves: one JSON line for programs, a banner for people,
// and the same line kept in the data directory, where the other commands read it. Holds no secret.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataFiles } from '#config';
import { parse, parseJson, z } from '#kernel';
import { CommandFailure } from './command-failure.ts';
import { quoteForShell } from './quote.ts';

const readySchema = z.object({
  login: z.url(),
  management: z.url(),
  graph: z.url(),
  portal: z.url(),
  /** What follows a vault's name in its host, for example `.vault.localhost:8443`. */
  vaultSuffix: z.string().startsWith('.vault.'),
  tenantId: z.guid(),
  subscriptionId: z.guid(),
  /** Absolute paths. */
  caFile: z.string(),
  administratorFile: z.string(),
});

export type Ready = Readonly<z.infer<typeof readySchema>>;

/** Exactly one line, with its line feed. */
export function renderReadyLine(ready: Ready): string {
  const { login, management, graph, portal, vaultSuffix, tenantId, subscriptionId } = ready;
  const { caFile, administratorFile } = ready;
  const urls = { login, management, graph, portal, vaultSuffix };
  const line = { event: 'ready', ...urls, tenantId, subscriptionId, caFile, administratorFile };
  return `${JSON.stringify(line)}\n`;
}

/** What the instance in `dataDirectory` said when it was last ready. Throws CommandFailure. */
export function loadReady(dataDirectory: string): Ready {
  let text: string;
  try {
    text = readFileSync(dataFiles(dataDirectory).instanceFile, 'utf8');
  } catch {
    throw new CommandFailure(
      `No instance has run in ${dataDirectory}: start one there first, or name another --data-dir.`,
    );
  }
  try {
    return parse(readySchema, parseJson(text), 'body');
  } catch {
    throw new CommandFailure(`${dataFiles(dataDirectory).instanceFile} cannot be understood.`);
  }
}

const NO_HSM = 'none: software holds the keys of HSM types too';

/**
 * For whoever has just started an instance: where everything is, and what to type next. `hsmToken`
 * is the label of the token that holds keys, if there is one.
 */
export function renderBanner(ready: Ready, hsmToken?: string): string {
  const directory = quoteForShell(dirname(ready.caFile));
  const strongroom = (command: string) =>
    `npm run strongroom -- ${command} --data-dir ${directory}`;
  return `
Strongroom is ready.

  Sign-in       ${ready.login}
  Management    ${ready.management}
  Graph         ${ready.graph}
  Vaults        https://<name>${ready.vaultSuffix}
  Tenant        ${ready.tenantId}
  Subscription  ${ready.subscriptionId}
  HSM           ${hsmToken === undefined ? NO_HSM : `token "${hsmToken}"`}

The administrator's sign-in, and an application's for scripts, stand in
  ${ready.administratorFile}
It was written once, at the first start. Take what you need from it, then keep it safe or delete it.

Next, in another terminal:

  1. Let clients find the names (once, and again after a new vault):
       sudo ${strongroom('hosts --install')}

  2. Let clients trust the certificate (prints the variable for each kind of client):
       ${strongroom('trust')}

  3. Sign in, for example with the Azure CLI:
       az cloud register --name Strongroom --endpoint-resource-manager ${ready.management}
       az cloud set --name Strongroom
       az config set core.instance_discovery=false
       az login --service-principal --tenant ${ready.tenantId} \\
         --username <clientId> --password <clientSecret>

Ctrl-C stops it.
`;
}
