// A tenant in memory with its login and Graph planes behind the real pipeline: for tests that speak
// to the identity provider without a socket. Time stands still until the test moves it.
import type { AuditedRequest } from '#audit';
import { Authenticator, resourceAudiences } from '#authentication';
import { Authorizer, systemGrant } from '#authorization';
import { endpoints } from '#config';
import { type Bootstrapped, bootstrapTenant, Directory } from '#directory';
import { graphPlane, loginPlane, openIdentityLogs } from '#identity-provider';
import { ManualClock, newGuid, parseJson, z } from '#kernel';
import { Resources } from '#resources';
import { type Answer, type HostHandler, servePlane } from '#server';
import { openMemoryStorage, type Storage, tenantPartition, type View } from '#storage';

export interface Tenant {
  readonly tenantId: string;
  readonly clock: ManualClock;
  readonly storage: Storage;
  readonly view: View;
  readonly directory: Directory;
  readonly authenticator: Authenticator;
  readonly made: Bootstrapped;
  readonly urls: ReturnType<typeof endpoints>;
  readonly audiences: ReturnType<typeof resourceAudiences>;
  readonly outcomes: readonly AuditedRequest[];
  readonly logs: ReturnType<typeof openIdentityLogs>['logs'];
  readonly call: (request: TestRequest) => Promise<TestAnswer>;
}

export interface TestRequest {
  readonly method?: string;
  /** Whole URL. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  readonly clientAddress?: string;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body; empty if it is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export async function openTenant(): Promise<Tenant> {
  const tenantId = newGuid();
  const clock = new ManualClock();
  const storage = await openMemoryStorage();
  const urls = endpoints({ domain: 'localhost', port: 8443 });
  const view = storage.view(systemGrant(tenantPartition(tenantId), 'test'));
  const directory = await Directory.open({ storage, tenantId, clock });
  const resources = await Resources.open({ storage, tenantId });
  const authorizer = await Authorizer.open({ resources, directory });
  const input = { tenantId, displayName: 'Test', domain: 'test.localhost' };
  const made = await bootstrapTenant(view, input, clock);
  const authenticator = new Authenticator({ directory, clock, login: urls.login });
  const logError = (_name: string, cause: unknown) => console.error(cause);
  const watched = openIdentityLogs({ storage, directory, clock, logError });
  const outcomes: AuditedRequest[] = [];
  const pipeline = {
    clock,
    audit: async (outcome: AuditedRequest) => {
      outcomes.push(outcome);
      watched.logs.record(outcome);
    },
    logError,
  };
  const all = { ...watched, directory, clock, endpoints: urls, authenticator, authorizer };
  const hosts = [servePlane(loginPlane(all), pipeline), servePlane(graphPlane(all), pipeline)];
  return {
    tenantId,
    clock,
    storage,
    view,
    directory,
    authenticator,
    made,
    urls,
    audiences: resourceAudiences(urls),
    outcomes,
    logs: watched.logs,
    call: (request) => call(hosts, request, clock),
  };
}

/** A bearer header for the automation application, which is Global Administrator. */
export async function automationHeader(tenant: Tenant, resource: string): Promise<string> {
  const { automation } = tenant.made;
  const answer = await tenant.call({
    url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
    form: {
      grant_type: 'client_credentials',
      client_id: automation.clientId,
      client_secret: automation.clientSecret,
      scope: `${resource}/.default`,
    },
  });
  return `Bearer ${z.string().parse(answer.body.access_token)}`;
}

async function call(
  hosts: readonly HostHandler[],
  request: TestRequest,
  clock: ManualClock,
): Promise<TestAnswer> {
  const url = new URL(request.url);
  const content = bodyOf(request);
  const raw = {
    id: newGuid(),
    method: request.method ?? (content === undefined ? 'GET' : 'POST'),
    origin: url.origin,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    queryText: url.search.slice(1),
    headers: { ...(request.form && FORM), ...request.headers },
    clientAddress: request.clientAddress ?? '127.0.0.1',
    tlsVersion: 'TLS1_3',
    receivedAtMs: clock.now(),
    body: async () => Buffer.from(content ?? '', 'utf8'),
  };
  for (const host of hosts) {
    const answer = host(raw);
    if (answer) return read(await answer);
  }
  throw new Error(`no plane serves ${url.hostname}`);
}

function bodyOf({ form, json, text }: TestRequest): string | undefined {
  if (text !== undefined) return text;
  if (form) return new URLSearchParams(form).toString();
  return json === undefined ? undefined : JSON.stringify(json);
}

const objectSchema = z.record(z.string(), z.unknown());

function read({ status, headers, body }: Answer): TestAnswer {
  const isJson = headers['Content-Type']?.startsWith('application/json') ?? false;
  const parsed = isJson ? objectSchema.safeParse(parseJson(body)) : undefined;
  return { status, headers, text: body, body: parsed?.data ?? {} };
}
