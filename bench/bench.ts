// `npm run bench`: serves an instance and a bare node:https server in the same run and says how
// they compare. `--check` fails where a target is missed, `--save` keeps the ratios in
// baseline.json, `--secrets N` fills the vault with that many before the last round (100000 takes a
// minute or two).
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { parse, parseJson, z } from '#kernel';
import { firstLine, launch } from '#test/kit/children.ts';
import { startInstance, temporaryDirectory } from '#test/kit/instance.ts';
import { Generator, type Target } from './generator.ts';
import { compare, type Figures, measure, median, type Rounds } from './measure.ts';
import { residentMegabytes } from './process-figures.ts';
import { compareWithSigning } from './signing.ts';
import { renderRequest, Subject, secretName } from './subject.ts';
import { describeMiss, round, TARGETS, type TargetName } from './targets.ts';

const BASELINE_FILE = join(import.meta.dirname, 'baseline.json');
const CONNECTIONS = 32;
const SECRETS_FEW = 200;
const TOKENS_A_ROUND = 1_500;
const TOKEN_ROUNDS = 5;

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    secrets: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '10' },
    'round-ms': { type: 'string', default: '400' },
  },
});
const secretsMany = Number(options.secrets);
const rounds: Rounds = { rounds: Number(options.rounds), roundMs: Number(options['round-ms']) };

const figures: Partial<Record<TargetName, number>> = {};
const informative: Record<string, number> = {};

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function printFigures(name: string, one: Figures): void {
  const processor = one.processorUs === undefined ? '' : `${one.processorUs.toFixed(0)} µs CPU`;
  print(
    `  ${name.padEnd(34)} ${one.perSecond.toFixed(0).padStart(7)}/s` +
      `   p50 ${(one.p50Us / 1_000).toFixed(2)} ms   p99 ${(one.p99Us / 1_000).toFixed(2)} ms` +
      `   ${processor}`,
  );
}

async function startBareServer(): Promise<{ target: Target; stop: () => void }> {
  const child = launch(process.execPath, [join(import.meta.dirname, 'bare-server.ts')]);
  const line = await firstLine(child, 20_000);
  if (line === undefined) throw new Error(`the bare server did not start: ${child.stderr()}`);
  const ready = parse(z.object({ port: z.number(), caFile: z.string() }), parseJson(line), 'body');
  return {
    target: { ...ready, servername: 'localhost', pid: child.pid },
    stop: () => child.process.kill(),
  };
}

const dataDirectory = temporaryDirectory();
const generator = new Generator();
const bare = await startBareServer();

async function measureStarts(): Promise<void> {
  const first = await startInstance({ dataDirectory });
  figures.firstStartMs = first.startMs;
  await first.stop();
  const restartsMs: number[] = [];
  for (let start = 0; start < 3; start += 1) {
    const again = await startInstance({ dataDirectory });
    restartsMs.push(again.startMs);
    if (start === 2) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      figures.idleMegabytes = residentMegabytes(again.child.pid);
    }
    await again.stop();
  }
  figures.restartMs = median(restartsMs);
  print(`  first start ${round(figures.firstStartMs)} ms, later ${round(figures.restartMs)} ms`);
  print(`  memory when idle ${round(figures.idleMegabytes ?? Number.NaN)} MB`);
}

function bareLoad(connections: number) {
  const requests = [renderRequest({ method: 'GET', path: '/', host: 'localhost' })];
  return { target: bare.target, requests, connections };
}

function getLoad(subject: Subject, secretsCount: number) {
  const step = Math.max(1, Math.floor(secretsCount / SECRETS_FEW));
  const names = Array.from({ length: SECRETS_FEW }, (_, index) => secretName(index * step));
  const requests = names.map((name) => subject.get(name));
  return { target: subject.vaultTarget, requests, connections: CONNECTIONS };
}

async function compareWithBare(name: string, load: ReturnType<typeof getLoad>): Promise<number> {
  const reference = bareLoad(load.connections);
  const comparison = await compare(generator, { subject: load, reference }, rounds);
  printFigures('bare server', comparison.reference);
  printFigures(name, comparison.subject);
  const byProcessor = comparison.processorRatio;
  print(
    `    ratio ${round(comparison.ratio)}` +
      (byProcessor === undefined ? '' : ` (by processor time ${round(byProcessor)})`),
  );
  return comparison.ratio;
}

async function measurePut(subject: Subject): Promise<void> {
  const names = Array.from({ length: 64 }, (_, index) => `put-${index}`);
  const requests = names.map((name) => subject.put(name));
  const target = subject.vaultTarget;
  const many = { target, requests, connections: 64 };
  const one = { target, requests, connections: 1 };
  const comparison = await compare(generator, { subject: many, reference: one }, rounds);
  printFigures('PUT secret, 1 connection', comparison.reference);
  printFigures('PUT secret, 64 connections', comparison.subject);
  figures.putGrouped = comparison.ratio;
  print(`    ratio ${round(comparison.ratio)}`);
}

const TOKEN = z.object({ access_token: z.string() });

async function measureIssue(subject: Subject): Promise<void> {
  const requests = [subject.issueToken()];
  const issuing = { target: subject.loginTarget, requests, connections: CONNECTIONS };
  const compared = await compareWithSigning(generator, issuing, rounds);
  const { ratio, processorRatio, signaturesPerSecond, tokens } = compared;
  print(`  RSA-2048 alone ${round(signaturesPerSecond)}/s`);
  printFigures('token', tokens);
  figures.tokenToSigning = ratio;
  if (processorRatio !== undefined) informative.tokenToSigningByProcessor = processorRatio;
  const byProcessor =
    processorRatio === undefined ? '' : ` (by processor time ${round(processorRatio)})`;
  print(`    ratio ${round(ratio)}${byProcessor}`);
}

async function measureTokens(subject: Subject): Promise<void> {
  const issue = subject.issueToken();
  const target = subject.loginTarget;
  const issuing = { target, requests: [issue], connections: CONNECTIONS };
  const reference = bareLoad(CONNECTIONS);
  const issued = await compare(generator, { subject: issuing, reference }, rounds);
  printFigures('token', issued.subject);
  informative.tokenToBare = issued.ratio;
  const ratios: number[] = [];
  let known: Figures | undefined;
  let unknown: Figures | undefined;
  for (let each = 0; each < TOKEN_ROUNDS; each += 1) {
    const { bodies } = await generator.load({
      ...target,
      connections: CONNECTIONS,
      requests: [issue],
      durationMs: 60_000,
      count: TOKENS_A_ROUND,
      keepBodies: true,
    });
    const tokens = bodies.map((body) => parse(TOKEN, parseJson(body), 'body').access_token);
    const name = secretName(0);
    const fresh = tokens.map((token) => subject.get(name, token));
    unknown = await measureOnce(subject, fresh);
    known = await measureOnce(subject, [subject.get(name)]);
    ratios.push(known.perSecond / unknown.perSecond);
  }
  if (unknown !== undefined) printFigures('GET, each with a new token', unknown);
  if (known !== undefined) printFigures('GET, with a known token', known);
  figures.tokenCache = median(ratios);
  print(`    ratio ${round(figures.tokenCache)}`);
}

/** As many requests as a round has tokens, each token once if there are several. */
async function measureOnce(subject: Subject, requests: string[]): Promise<Figures> {
  const result = await generator.load({
    ...subject.vaultTarget,
    connections: CONNECTIONS,
    requests,
    durationMs: 60_000,
    count: TOKENS_A_ROUND,
  });
  const perSecond = (result.answered / result.elapsedMs) * 1_000;
  return { perSecond, p50Us: result.p50Us, p99Us: result.p99Us, processorUs: undefined };
}

async function measureMany(subject: Subject, fewRatio: number): Promise<void> {
  await subject.fill(generator, SECRETS_FEW, secretsMany);
  const name = `GET secret, one of ${secretsMany}`;
  // Once round, so that what is measured is the number of secrets and not the first sight of them.
  await measure(generator, getLoad(subject, secretsMany), rounds.roundMs);
  const ratio = await compareWithBare(name, getLoad(subject, secretsMany));
  figures.getManyToFew = ratio / fewRatio;
  informative.megabytesWithMany = residentMegabytes(subject.instance.child.pid);
  print(`    ratio to few ${round(figures.getManyToFew)}`);
  print(`  memory with ${secretsMany} secrets ${round(informative.megabytesWithMany)} MB`);
}

function readBaseline(): Record<string, number> {
  try {
    const text = readFileSync(BASELINE_FILE, 'utf8');
    return parse(z.record(z.string(), z.number()), parseJson(text), 'body');
  } catch {
    return {};
  }
}

/** Prints every target beside its figure; gives the sentences about those that were missed. */
function report(): string[] {
  const baseline = readBaseline();
  const misses: string[] = [];
  print('\nTargets');
  for (const [key, { what, bound, value, unit }] of Object.entries(TARGETS)) {
    const name = Object.keys(figures).find((known): known is TargetName => known === key);
    const figure = name === undefined ? undefined : figures[name];
    if (name === undefined || figure === undefined) continue;
    const miss = describeMiss(name, figure);
    if (miss !== undefined) misses.push(miss);
    const kept = baseline[name];
    print(
      `  ${miss === undefined ? 'met   ' : 'MISSED'} ${what.padEnd(46)} ` +
        `${`${round(figure)}${unit}`.padEnd(10)} ${bound} ${value}${unit}` +
        (kept === undefined ? '' : `   (baseline ${round(kept)}${unit})`),
    );
  }
  return misses;
}

try {
  print(`Strongroom on Node ${process.version}, one serving thread, TLS 1.3, keep-alive\n`);
  await measureStarts();
  const subject = await Subject.start({ dataDirectory });
  await subject.fill(generator, 0, SECRETS_FEW);
  figures.getToBare = await compareWithBare('GET secret', getLoad(subject, SECRETS_FEW));
  const listing = { ...getLoad(subject, SECRETS_FEW), requests: [subject.list()] };
  informative.listToBare = await compareWithBare('list of 25 secrets', listing);
  await measurePut(subject);
  await measureIssue(subject);
  await measureTokens(subject);
  await measureMany(subject, figures.getToBare);
  await subject.instance.stop();
} finally {
  generator.close();
  bare.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}

const misses = report();
if (options.save) {
  const kept = Object.entries({ ...figures, ...informative });
  const rounded = Object.fromEntries(kept.map(([name, value]) => [name, Number(round(value))]));
  writeFileSync(BASELINE_FILE, `${JSON.stringify(rounded, undefined, 2)}\n`);
}
if (options.check && misses.length > 0) {
  process.stderr.write(`\n${misses.join('\n')}\n`);
  process.exitCode = 1;
}
