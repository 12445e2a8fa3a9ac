// Broken certificate files by the thousand: PFX, PEM, chains, requests for certificates and OCSP
// questions with bytes changed, cut out, doubled and moved. Whatever comes, a served instance
// answers with a certificate or a clear 400 (to OCSP questions: an OCSP answer), in time, and on
// the same connection: an error that was left in OpenSSL's queue would break it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { systemGrant } from '#authorization';
import { createAuthority, type IssuerProvider, strongroomProvider } from '#certificate-authority';
import {
  buildCertificateRequest,
  exportPkcs8,
  generateKey,
  selfSignCertificate,
  writePem,
  writePkcs12,
} from '#cryptography';
import { systemClock as clock } from '#kernel';
import { openMemoryStorage } from '#storage';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance } from '#test/kit/instance.ts';
import type { Answer } from '#test/kit/wire.ts';
import { askOcsp, ocspQuestions } from './ocsp-questions.ts';

export interface FuzzOutcome {
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** Growth of the server's memory from the first quarter to the end; 0 where nobody says. */
  readonly grownBytes: number;
  readonly wrong: readonly string[];
}

const VECTORS = new URL('../vectors/pkcs12/', import.meta.url);
const ANSWER_MS_MAX = 10_000;
const PAGE_BYTES = 4096;
const CLEAR = /^\{"error":\{"code":"BadParameter","message":"[^"]{10}/;

/** Deterministic, so that a failure can be made again from its number. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const RICH = {
  subject: 'C=CH, O=Fuzz, CN=fuzz',
  alternativeNames: { dnsNames: ['*.fuzz.example'], ipAddresses: ['::1'], emails: ['a@b.example'] },
  keyUsages: ['digitalSignature', 'keyEncipherment'],
  extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
  basicConstraints: { isAuthority: false },
} as const;

type Kind = 'pfx' | 'pem' | 'chain' | 'request' | 'ocsp';

async function seeds(questions: readonly Buffer[]): Promise<[Kind, Buffer][]> {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const profile = { subject: 'C=CH, CN=fuzz', alternativeNames: { dnsNames: ['fuzz.example'] } };
  const times = { notBeforeMs: nowMs, notAfterMs: nowMs + 86_400_000 };
  const certificate = await selfSignCertificate({ profile, key, ...times });
  const own = { privateKey: exportPkcs8(key), certificates: [certificate] };
  const files = readdirSync(VECTORS).map((name): [Kind, Buffer] => [
    'pfx',
    readFileSync(new URL(name, VECTORS)),
  ]);
  const request = await buildCertificateRequest({ profile, key });
  return [
    ...files,
    ['pfx', await writePkcs12(own)],
    ['pem', Buffer.from(writePem(own))],
    ['pem', Buffer.from(writePem(own))],
    ['chain', certificate],
    ['chain', certificate],
    ['request', request],
    ['request', request],
    ['request', await buildCertificateRequest({ profile: RICH, key })],
    ...questions.map((question): [Kind, Buffer] => ['ocsp', question]),
  ];
}

function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (let changes = 1 + random(4); changes > 0; changes -= 1) {
    const at = random(Math.max(1, bytes.length));
    const length = 1 + random(16);
    switch (random(6)) {
      case 0:
        bytes.writeUInt8(random(256), at);
        break;
      case 1:
        bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << random(8)), at);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes]);
        break;
      default:
        bytes.subarray(at, at + length).fill([0x00, 0xff, 0x30, 0x80][random(4)] ?? 0);
    }
    if (bytes.length === 0) return Buffer.of(random(256));
  }
  return bytes.subarray(0, 200_000);
}

export async function fuzzCertificates(count: number): Promise<FuzzOutcome> {
  const instance = await startInstance();
  try {
    const { owner } = instance;
    const vault = await createVault(owner, { model: 'rbac' });
    await admitToSecrets(owner, owner, { name: vault, model: 'rbac' });
    const send: Send = (path, json) =>
      owner.vault(vault, { method: 'POST', path: `/certificates/${path}`, json });
    const policy = { x509_props: { subject: 'CN=fuzz' }, issuer: { name: 'Unknown' } };
    (await send('merged/create', { policy })).expect(202);
    const ports = { send, instance, provider: await openProvider() };
    return await fuzz(count, await seeds(await ocspQuestions(instance)), ports);
  } finally {
    await instance.stop();
  }
}

type Send = (path: string, json: unknown) => Promise<Answer>;

interface Ports {
  readonly send: Send;
  readonly instance: Instance;
  /** An authority in this process, which gets the requests for certificates. */
  readonly provider: IssuerProvider;
}

async function openProvider(): Promise<IssuerProvider> {
  const view = (await openMemoryStorage()).view(systemGrant('tenant/fuzz/', 'test'));
  const context = { clock, address: 'http://pki.example' };
  await createAuthority(view, undefined, context);
  return strongroomProvider(view, context);
}

type Seeds = readonly (readonly [Kind, Buffer])[];

async function fuzz(count: number, all: Seeds, ports: Ports): Promise<FuzzOutcome> {
  const random = randomNumbers(20_261_125);
  const memory = () => residentBytes(ports.instance.child.pid);
  const wrong: string[] = [];
  let [accepted, refused, slowestMs, beforeBytes] = [0, 0, 0, 0];
  for (let round = 0; round < count && wrong.length < 20; round += 1) {
    const [kind, seed] = all[random(all.length)] ?? (['pfx', Buffer.alloc(1)] as const);
    const given = mutate(seed, random);
    const startMs = performance.now();
    const outcome = await tryOne(kind, given, ports);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    if (outcome === 'accepted') accepted += 1;
    else if (outcome === 'refused') refused += 1;
    else wrong.push(`round ${round}, ${kind}: ${outcome}`);
    if (round === Math.floor(count / 4)) beforeBytes = memory();
  }
  if (slowestMs > ANSWER_MS_MAX) wrong.push(`one took ${Math.round(slowestMs)} ms`);
  return { accepted, refused, slowestMs, grownBytes: memory() - beforeBytes, wrong };
}

async function tryOne(kind: Kind, given: Buffer, ports: Ports): Promise<string> {
  const { send, instance, provider } = ports;
  try {
    if (kind === 'request') return await requestIssue(given, provider);
    if (kind === 'ocsp') return await askOcsp(instance, given);
    const text = given.toString(kind === 'pem' ? 'utf8' : 'base64');
    const answer = await (kind === 'chain'
      ? send('merged/pending/merge', { x5c: [text] })
      : send('imported/import', { value: text }));
    return judge(answer);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

async function requestIssue(csr: Buffer, provider: IssuerProvider): Promise<string> {
  const requestId = crypto.randomUUID();
  const base = { tenantId: '', account: { issuer: 'ca' }, validityMonths: 1, state: undefined };
  const outcome = await provider.issue({ ...base, requestId, csr });
  if (outcome.kind === 'issued') return 'accepted';
  const isClear = outcome.kind === 'failed' && outcome.code === 'CertificateRequestRefused';
  return isClear ? 'refused' : JSON.stringify(outcome);
}

function judge({ status, text }: Answer): string {
  if (status === 200 || status === 201) return 'accepted';
  return status === 400 && CLEAR.test(text) ? 'refused' : `${status} ${text}`;
}

/** As Linux tells it. */
function residentBytes(pid: number): number {
  const file = `/proc/${pid}/statm`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[1]) * PAGE_BYTES : 0;
}
