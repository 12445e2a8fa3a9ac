// How fast keys work over the wire, beside the same operation without the wire on the same cores in
// the same run; and what a GET of a secret suffers while RSA-4096 signing takes all the cores.
// `node bench/keys.ts [--check] [--round-ms N] [--rounds N]`.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import {
  encrypt,
  generateKey,
  type KeyMaterial,
  type KeySpec,
  decrypt as open,
  sign,
  unwrapKey,
  wrapKey,
} from '#cryptography';
import { parse, z } from '#kernel';
import type { Caller } from '#test/kit/caller.ts';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import { startInstance, temporaryDirectory } from '#test/kit/instance.ts';
import { Generator, type Target } from './generator.ts';
import { measure, median } from './measure.ts';
import { renderRequest } from './subject.ts';
import { round } from './targets.ts';

const API_VERSION = '7.6';
const AT_ONCE = 16;
/** Wanted where the operation alone takes longer than this. */
const SLOW_US = 300;
const RATIO_MIN = 0.8;
const LATENCY_GROWTH_MAX = 2;

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    'round-ms': { type: 'string', default: '1000' },
  },
});
const rounds = Number(options.rounds);
const roundMs = Number(options['round-ms']);

interface Row {
  readonly what: string;
  readonly spec: KeySpec;
  readonly operation: string;
  readonly algorithm: string;
  /** Bytes that go into the operation. */
  readonly input: (key: KeyMaterial) => Promise<Buffer>;
  readonly bare: (key: KeyMaterial, input: Buffer) => Promise<unknown>;
}

function signing(algorithm: string, spec: KeySpec, digestBytes: number): Row {
  return {
    what: `sign ${algorithm}${spec.kty === 'RSA' ? `, RSA-${spec.sizeBits}` : ''}`,
    ...{ spec, algorithm, operation: 'sign' },
    input: async () => randomBytes(digestBytes),
    bare: (key, digest) => sign({ key, algorithm, digest }),
  };
}

const RSA_2048: KeySpec = { kty: 'RSA', sizeBits: 2048 };
const RSA_4096: KeySpec = { kty: 'RSA', sizeBits: 4096 };
const OAEP = 'RSA-OAEP-256';

const ROWS: readonly Row[] = [
  signing('RS256', RSA_2048, 32),
  signing('RS256', RSA_4096, 32),
  signing('ES256', { kty: 'EC', crv: 'P-256' }, 32),
  signing('ES384', { kty: 'EC', crv: 'P-384' }, 48),
  {
    what: `decrypt ${OAEP}, RSA-2048`,
    ...{ spec: RSA_2048, operation: 'decrypt', algorithm: OAEP },
    input: async (key) =>
      (await encrypt({ key, algorithm: OAEP, plaintext: randomBytes(32) })).ciphertext,
    bare: (key, ciphertext) => open({ key, algorithm: OAEP, ciphertext }),
  },
  {
    what: `wrap ${OAEP}, RSA-2048`,
    ...{ spec: RSA_2048, operation: 'wrapkey', algorithm: OAEP },
    input: async () => randomBytes(32),
    bare: (key, plaintext) => wrapKey({ key, algorithm: OAEP, plaintext }),
  },
  {
    what: `unwrap ${OAEP}, RSA-2048`,
    ...{ spec: RSA_2048, operation: 'unwrapkey', algorithm: OAEP },
    input: (key) => wrapKey({ key, algorithm: OAEP, plaintext: randomBytes(32) }),
    bare: (key, ciphertext) => unwrapKey({ key, algorithm: OAEP, ciphertext }),
  },
];

/** Operations per second with as many at once as there are connections over the wire. */
async function bareRate(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  const drive = async () => {
    while (performance.now() - startedMs < roundMs) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, drive));
  return (done / (performance.now() - startedMs)) * 1_000;
}

const KEY = z.object({ key: z.record(z.string(), z.unknown()) });

class Wire {
  readonly target: Target;
  readonly #caller: Caller;
  readonly #vault: string;
  readonly #host: string;
  readonly #token: string;

  constructor(at: { target: Target; caller: Caller; vault: string; host: string; token: string }) {
    this.target = at.target;
    this.#caller = at.caller;
    this.#vault = at.vault;
    this.#host = at.host;
    this.#token = at.token;
  }

  /** Makes a key in the vault. Gives the path of its current version. */
  async create(name: string, { kty, ...rest }: KeySpec): Promise<string> {
    const size = 'sizeBits' in rest ? { key_size: rest.sizeBits } : {};
    const crv = 'crv' in rest ? { crv: rest.crv } : {};
    const json = { kty, ...size, ...crv };
    const path = `/keys/${name}/create`;
    const answer = await this.#caller.vault(this.#vault, { method: 'POST', path, json });
    const { key } = answer.expect(200).read(KEY);
    return new URL(parse(z.string(), key.kid, 'body')).pathname;
  }

  async post(path: string, json: object): Promise<string> {
    const answer = await this.#caller.vault(this.#vault, { method: 'POST', path, json });
    return answer.expect(200).read(z.object({ value: z.string() })).value;
  }

  async setSecret(name: string): Promise<void> {
    const json = { value: 'x'.repeat(64) };
    const path = `/secrets/${name}`;
    (await this.#caller.vault(this.#vault, { method: 'PUT', path, json })).expect(200);
  }

  request(method: string, path: string, json?: object): string {
    const body = json && { type: 'application/json', content: JSON.stringify(json) };
    return renderRequest({
      ...{ method, host: this.#host, token: this.#token },
      path: `${path}?api-version=${API_VERSION}`,
      ...(body && { body }),
    });
  }
}

const generator = new Generator();
const second = new Generator();
const dataDirectory = temporaryDirectory();
const misses: string[] = [];

async function startWire() {
  const instance = await startInstance({ dataDirectory });
  const vault = await createVault(instance.owner, { model: 'rbac' });
  const caller = await createApplication(instance.owner, 'bench');
  await admitToSecrets(instance.owner, caller, { name: vault, model: 'rbac' });
  const { host, hostname } = new URL(instance.vaultUrl(vault));
  const { port, caFile, child } = instance;
  const target = { port, caFile, servername: hostname, pid: child.pid };
  const token = await caller.vaultToken();
  return { instance, wire: new Wire({ target, caller, vault, host, token }) };
}

async function measureRow(wire: Wire, row: Row, index: number): Promise<void> {
  const key = await generateKey(row.spec);
  const input = await row.input(key);
  const path = await wire.create(`bench-${index}`, row.spec);
  const { algorithm: alg } = row;
  // What the vault's key opens, it has to have sealed itself.
  const sealing = { decrypt: 'encrypt', unwrapkey: 'wrapkey' }[row.operation];
  const plain = { alg, value: randomBytes(32).toString('base64url') };
  const value = sealing
    ? await wire.post(`${path}/${sealing}`, plain)
    : input.toString('base64url');
  const requests = [wire.request('POST', `${path}/${row.operation}`, { alg, value })];
  const load = { target: wire.target, requests, connections: AT_ONCE };
  await measure(generator, load, roundMs);
  const ratios: number[] = [];
  const bareRates: number[] = [];
  const wireRates: number[] = [];
  for (let each = 0; each < rounds; each += 1) {
    const bare = await bareRate(() => row.bare(key, input));
    const { perSecond } = await measure(generator, load, roundMs);
    ratios.push(perSecond / bare);
    bareRates.push(bare);
    wireRates.push(perSecond);
  }
  const costUs = 1e6 / median(bareRates);
  const ratio = median(ratios);
  const wanted = costUs > SLOW_US;
  if (wanted && ratio < RATIO_MIN) {
    misses.push(`${row.what}: ${round(ratio)} of the bare operation, wanted ${RATIO_MIN}`);
  }
  process.stdout.write(
    `  ${row.what.padEnd(28)} ${median(wireRates).toFixed(0).padStart(7)}/s` +
      `   bare ${median(bareRates).toFixed(0).padStart(7)}/s   ratio ${round(ratio)}` +
      `${wanted ? `   wanted ${RATIO_MIN}` : ''}\n`,
  );
}

async function measureLatency(wire: Wire): Promise<void> {
  const path = await wire.create('bench-heavy', RSA_4096);
  const value = randomBytes(32).toString('base64url');
  await wire.setSecret('bench');
  const gets = {
    target: wire.target,
    requests: [wire.request('GET', '/secrets/bench/')],
    connections: 4,
  };
  const signs = {
    ...{ ...wire.target, connections: AT_ONCE },
    requests: [wire.request('POST', `${path}/sign`, { alg: 'RS256', value })],
  };
  await measure(generator, gets, roundMs);
  const ratios: number[] = [];
  for (let each = 0; each < rounds; each += 1) {
    const alone = await measure(generator, gets, roundMs);
    const heavy = second.load({ ...signs, durationMs: roundMs * 1.5 });
    const beside = await measure(generator, gets, roundMs);
    await heavy;
    ratios.push(beside.p99Us / alone.p99Us);
  }
  const ratio = median(ratios);
  const what = 'p99 of GET secret beside RSA-4096 signing';
  process.stdout.write(`  ${what}, to alone: ${round(ratio)}, wanted ${LATENCY_GROWTH_MAX}\n`);
  if (ratio > LATENCY_GROWTH_MAX) misses.push(`${what}: ${round(ratio)} times that of alone`);
}

try {
  const { instance, wire } = await startWire();
  process.stdout.write(`Keys on Node ${process.version}, ${AT_ONCE} connections\n`);
  for (const [index, row] of ROWS.entries()) await measureRow(wire, row, index);
  await measureLatency(wire);
  await instance.stop();
} finally {
  generator.close();
  second.close();
  rmSync(dataDirectory, { recursive: true, force: true });
}
for (const miss of misses) process.stderr.write(`MISSED ${miss}\n`);
if (options.check && misses.length > 0) process.exitCode = 1;
