// What certificates cost: a self-signed one beside its key alone; a page of a long list, the first
// beside the last; and what a GET of a secret suffers while thousands are renewed.
// `node bench/certificates.ts [--check] [--certificates N] [--creations N] [--rounds N]
// [--round-ms N]`; the promise is for 10,000.
import { rmSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exportPkcs8, generateKey, selfSignCertificate, writePem } from '#cryptography';
import { z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import { startInstance, temporaryDirectory } from '#test/kit/instance.ts';
import { Generator, type Target } from './generator.ts';
import { type Load, measure, median } from './measure.ts';
import { processorUs } from './process-figures.ts';
import { renderRequest } from './subject.ts';
import { round } from './targets.ts';

const API_VERSION = '7.6';
const CREATION_TO_KEY_MAX = 1.5;
const LAST_PAGE_TO_FIRST_MIN = 0.8;
const LATENCY_GROWTH_MAX = 2;
const PAGE = 25;
const DAY_S = 86_400;
/** Imported first, to learn how long the others take. */
const SAMPLE = 100;
/** The background looks once a minute. */
const LOOK_S = 60;

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    certificates: { type: 'string', default: '10000' },
    creations: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '5' },
    'round-ms': { type: 'string', default: '1000' },
  },
});
const certificates = Number(options.certificates);
const creations = Number(options.creations);
const rounds = Number(options.rounds);
const roundMs = Number(options['round-ms']);

const PENDING = z.object({ status: z.string() });
const LIST = z.object({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

const generator = new Generator();
const dataDirectory = temporaryDirectory();
const misses: string[] = [];

function tell(what: string, figure: number, wanted: { most?: number; least?: number }): void {
  const { most = Number.POSITIVE_INFINITY, least = 0 } = wanted;
  const bound = wanted.most === undefined ? `at least ${least}` : `at most ${most}`;
  process.stdout.write(`  ${what}: ${round(figure)}, wanted ${bound}\n`);
  if (!(figure <= most && figure >= least)) misses.push(`${what}: ${round(figure)}`);
}

class Vault {
  readonly target: Target;
  readonly #caller: Caller;
  readonly #name: string;
  readonly #host: string;
  readonly #token: string;

  constructor(at: { target: Target; caller: Caller; name: string; host: string; token: string }) {
    this.target = at.target;
    this.#caller = at.caller;
    this.#name = at.name;
    this.#host = at.host;
    this.#token = at.token;
  }

  send(method: string, path: string, json?: object) {
    return this.#caller.vault(this.#name, { method, path, ...(json && { json }) });
  }

  /** `path` with its query. */
  request(method: string, path: string, json?: object): string {
    const body = json && { type: 'application/json', content: JSON.stringify(json) };
    const at = { method, path, host: this.#host, token: this.#token };
    return renderRequest({ ...at, ...(body && { body }) });
  }

  load(requests: readonly string[], connections: number): Load {
    return { target: this.target, requests, connections };
  }

  page(nextLink: string): Promise<z.infer<typeof LIST>> {
    const { wire } = this.#caller.endpoints;
    const sent = wire.send({ url: nextLink, token: this.#token });
    return sent.then((answer) => answer.expect(200).read(LIST));
  }

  get origin(): string {
    return `https://${this.#host}`;
  }
}

async function startVault() {
  const instance = await startInstance({ dataDirectory });
  const name = await createVault(instance.owner, { model: 'rbac' });
  const caller = await createApplication(instance.owner, 'bench');
  await admitToSecrets(instance.owner, caller, { name, model: 'rbac' });
  const { host, hostname } = new URL(instance.vaultUrl(name));
  const { port, caFile, child } = instance;
  const target = { port, caFile, servername: hostname, pid: child.pid };
  const token = await caller.vaultToken();
  return { instance, vault: new Vault({ target, caller, name, host, token }) };
}

/** Processor time of the server; the wall clock where nobody tells that. */
async function costOf({ target }: Vault, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  const beforeUs = processorUs(target.pid);
  await work();
  const afterUs = processorUs(target.pid);
  if (beforeUs !== undefined && afterUs !== undefined) return afterUs - beforeUs;
  return (performance.now() - startedMs) * 1000;
}

async function measureCreation(vault: Vault): Promise<void> {
  const policy = { x509_props: { subject: 'CN=bench' }, issuer: { name: 'Self' } };
  const makeKeys = async (prefix: string) => {
    for (let each = 0; each < creations; each += 1) {
      const json = { kty: 'RSA', key_size: 2048 };
      (await vault.send('POST', `/keys/${prefix}-${each}/create`, json)).expect(200);
    }
  };
  const makeCertificates = async (prefix: string) => {
    for (let each = 0; each < creations; each += 1) {
      (await vault.send('POST', `/certificates/${prefix}-${each}/create`, { policy })).expect(202);
    }
    for (let each = 0; each < creations; each += 1) {
      const path = `/certificates/${prefix}-${each}/pending`;
      while ((await vault.send('GET', path)).expect(200).read(PENDING).status === 'inProgress') {
        await delay(200);
      }
    }
  };
  const ratios: number[] = [];
  await makeKeys('warm-key');
  for (let each = 0; each < rounds; each += 1) {
    const keys = await costOf(vault, () => makeKeys(`key-${each}`));
    const made = await costOf(vault, () => makeCertificates(`made-${each}`));
    ratios.push(made / keys);
  }
  const what = 'self-signed RSA-2048 certificate, to its key alone';
  tell(what, median(ratios), { most: CREATION_TO_KEY_MAX });
}

function nameOf(index: number): string {
  return `z-${String(index).padStart(6, '0')}`;
}

/** Imports that are due for renewal at a given second. */
async function importRequests(
  vault: Vault,
  range: { readonly from: number; readonly to: number; readonly dueAt: number },
): Promise<string[]> {
  const { from, to, dueAt } = range;
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const certificate = await selfSignCertificate({
    ...{ profile: { subject: 'CN=bench' }, key },
    notBeforeMs: (dueAt - 300 * DAY_S) * 1000,
    notAfterMs: (dueAt + 30 * DAY_S) * 1000,
  });
  const policy = {
    key_props: { kty: 'EC', exportable: true },
    secret_props: { contentType: 'application/x-pem-file' },
    issuer: { name: 'Self' },
    lifetime_actions: [
      { trigger: { days_before_expiry: 30 }, action: { action_type: 'AutoRenew' } },
    ],
  };
  const value = writePem({ privateKey: exportPkcs8(key), certificates: [certificate] });
  return Array.from({ length: to - from }, (_, index) => {
    const path = `/certificates/${nameOf(from + index)}/import?api-version=${API_VERSION}`;
    return vault.request('POST', path, { value, policy });
  });
}

/** Gives the second at which all of them fall due. */
async function fill(vault: Vault): Promise<number> {
  const send = async (requests: readonly string[]) => {
    const job = { ...vault.target, connections: 16, requests: [...requests] };
    return await generator.load({ ...job, durationMs: 3_600_000, count: requests.length });
  };
  const nowS = () => Math.floor(Date.now() / 1000);
  const later = nowS() + 100 * DAY_S;
  const sample = { from: certificates, to: certificates + SAMPLE, dueAt: later };
  const { elapsedMs } = await send(await importRequests(vault, sample));
  const takesS = (elapsedMs / 1000 / SAMPLE) * certificates;
  const measuringS = (rounds * 4 * roundMs) / 1000;
  const dueAt = nowS() + Math.ceil(takesS * 1.5 + measuringS + 30);
  await send(await importRequests(vault, { from: 0, to: certificates, dueAt }));
  return dueAt;
}

async function measureList(vault: Vault): Promise<void> {
  const first = `/certificates?api-version=${API_VERSION}&maxresults=${PAGE}`;
  let last = first;
  let next: string | undefined = vault.origin + first;
  while (next !== undefined) {
    const page = await vault.page(next);
    const { pathname, search } = new URL(next);
    if (page.value.length === PAGE) last = pathname + search;
    next = page.nextLink ?? undefined;
  }
  const loads = [first, last].map((path) => vault.load([vault.request('GET', path)], 4));
  const [ofFirst, ofLast] = loads;
  if (ofFirst === undefined || ofLast === undefined) throw new Error('no pages');
  await measure(generator, ofFirst, roundMs);
  const ratios: number[] = [];
  for (let each = 0; each < rounds; each += 1) {
    const head = await measure(generator, ofFirst, roundMs);
    const tail = await measure(generator, ofLast, roundMs);
    ratios.push(tail.perSecond / head.perSecond);
  }
  const what = `last page of ${certificates} certificates, to the first`;
  tell(what, median(ratios), { least: LAST_PAGE_TO_FIRST_MIN });
}

async function measureRenewal(vault: Vault, dueAt: number): Promise<void> {
  (await vault.send('PUT', '/secrets/bench', { value: 'x'.repeat(64) })).expect(200);
  const path = `/secrets/bench/?api-version=${API_VERSION}`;
  const gets = vault.load([vault.request('GET', path)], 4);
  await measure(generator, gets, roundMs);
  const alone: number[] = [];
  for (let each = 0; each < rounds; each += 1) {
    alone.push((await measure(generator, gets, roundMs)).p99Us);
  }
  const isRenewed = async (index: number) => {
    const answer = await vault.send('GET', `/certificates/${nameOf(index)}/versions`);
    return answer.expect(200).read(LIST).value.length > 1;
  };
  const begun = async () =>
    (await vault.send('GET', `/certificates/${nameOf(0)}/pending`)).status === 200;
  if (await begun()) throw new Error('renewals began before their time: more --certificates');
  while (!(await begun())) {
    if (Date.now() / 1000 > dueAt + 3 * LOOK_S) throw new Error('nothing was renewed');
    await delay(200);
  }
  const startedMs = performance.now();
  const beside: number[] = [];
  while (!(await isRenewed(certificates - 1))) {
    beside.push((await measure(generator, gets, roundMs)).p99Us);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  process.stdout.write(`  ${certificates} renewals in ${round(seconds)} s\n`);
  const what = `p99 of GET secret beside ${certificates} renewals, to alone`;
  tell(what, median(beside) / median(alone), { most: LATENCY_GROWTH_MAX });
}

try {
  const { instance, vault } = await startVault();
  process.stdout.write(`Certificates on Node ${process.version}\n`);
  await measureCreation(vault);
  const dueAt = await fill(vault);
  await measureList(vault);
  await measureRenewal(vault, dueAt);
  await instance.stop();
} finally {
  generator.close();
  rmSync(dataDirectory, { recursive: true, force: true });
}
for (const miss of misses) process.stderr.write(`MISSED ${miss}\n`);
if (options.check && misses.length > 0) process.exitCode = 1;
