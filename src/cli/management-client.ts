// The little that the command line asks of a running instance, over the same HTTP interfaces as any
// other client: a token for the administrator's application, and the names of the vaults.
import { parse, parseJson, type Schema, z } from '#kernel';
import { type Outgoing, sendRequest } from './https-request.ts';
import type { Ready } from './ready.ts';

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ClientOptions {
  readonly ready: Ready;
  /** Where the instance listens: its names may not resolve yet. */
  readonly address: string;
  /** PEM certificates to trust. */
  readonly authorities: readonly string[];
  readonly credentials: Credentials;
}

/** Nothing listens there, or it does not answer. */
export class NotRunning extends Error {
  constructor(cause: unknown) {
    super('The instance does not answer.', { cause });
    this.name = 'NotRunning';
  }
}

/** The instance understood and said no, in its own words. */
export class Refused extends Error {
  readonly code: string;

  constructor({ code, message }: { readonly code: string; readonly message: string }) {
    super(message);
    this.name = 'Refused';
    this.code = code;
  }
}

const PAGES_MAX = 1000;

const tokenSchema = z.object({ access_token: z.string() });
const pageSchema = z.object({
  value: z.array(z.looseObject({})),
  nextLink: z.string().optional(),
});
const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const subscriptionSchema = z.object({ subscriptionId: z.guid() });
/** As Azure names vaults; anything else must not reach a hosts file. */
const vaultSchema = z.object({ name: z.string().regex(/^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$/) });

/** Lower-case, sorted. Throws NotRunning, or Error with what the instance refused. */
export async function listVaultNames(options: ClientOptions): Promise<readonly string[]> {
  const token = await fetchToken(options);
  const subscriptions = await list('/subscriptions?api-version=2022-12-01', token, options);
  const names: string[] = [];
  for (const item of subscriptions) {
    const { subscriptionId } = parse(subscriptionSchema, item, 'body');
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/vaults`;
    const vaults = await list(`${path}?api-version=2023-07-01`, token, options);
    names.push(...vaults.map((vault) => parse(vaultSchema, vault, 'body').name.toLowerCase()));
  }
  return names.sort();
}

/** Asks `Strongroom.Authorization/explain`. Throws NotRunning, Refused, or Error. */
export async function askExplanation(
  question: Readonly<Record<string, string>>,
  options: ClientOptions,
): Promise<unknown> {
  const path = '/providers/Strongroom.Authorization/explain';
  return await askManagement({ path, method: 'POST', body: question }, options);
}

export interface ManagementQuestion {
  /** Of our own extensions to Resource Manager. */
  readonly path: string;
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly body?: unknown;
}

/** The answer's body. Throws NotRunning, Refused, or Error with what was answered instead. */
export async function askManagement(
  { path, method, body }: ManagementQuestion,
  options: ClientOptions,
): Promise<unknown> {
  const token = await fetchToken(options);
  const url = `${options.ready.management}${path}?api-version=2026-11-01`;
  const json = body === undefined ? {} : { json: JSON.stringify(body) };
  const { status, text } = await send({ url, token, method, ...json }, options);
  if (status === 200 || status === 201) return parseJson(text);
  const refusal = refusalSchema.safeParse(parseJson(text));
  if (refusal.success) throw new Refused(refusal.data.error);
  throw new Error(`it answered ${status}`);
}

/** For Resource Manager, as the administrator’s application. */
export async function fetchToken(options: ClientOptions): Promise<string> {
  const { ready, credentials } = options;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: credentials.clientId,
    client_secret: credentials.clientSecret,
    scope: `${ready.management}/.default`,
  });
  const url = `${ready.login}/${ready.tenantId}/oauth2/v2.0/token`;
  const { access_token } = await call(tokenSchema, { url, form: form.toString() }, options);
  return access_token;
}

async function list(
  path: string,
  token: string,
  options: ClientOptions,
): Promise<readonly unknown[]> {
  const { origin } = new URL(options.ready.management);
  const items: unknown[] = [];
  let url: string | undefined = `${origin}${path}`;
  for (let page = 0; page < PAGES_MAX && url !== undefined; page += 1) {
    // The token goes nowhere else, whatever a page says.
    if (new URL(url).origin !== origin) throw new Error('a page link leads elsewhere');
    const answer: z.infer<typeof pageSchema> = await call(pageSchema, { url, token }, options);
    items.push(...answer.value);
    url = answer.nextLink;
  }
  return items;
}

async function call<T>(schema: Schema<T>, outgoing: Outgoing, options: ClientOptions): Promise<T> {
  const { status, text } = await send(outgoing, options);
  if (status !== 200) throw new Error(`the instance answered ${status}`);
  return parse(schema, parseJson(text), 'body');
}

async function send(
  outgoing: Outgoing,
  options: ClientOptions,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    return await sendRequest(outgoing, options);
  } catch (cause) {
    throw new NotRunning(cause);
  }
}
