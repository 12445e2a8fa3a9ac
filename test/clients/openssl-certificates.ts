// OpenSSL's command line on what a vault makes of a certificate: the request, the certificate, the
// PFX and the PEM.
import { match, ok, strictEqual } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '#kernel';
import { Caller } from '#test/kit/caller.ts';
import { run } from '#test/kit/children.ts';
import { folderForThisRun } from '#test/kit/run-folders.ts';
import type { ClientCase, ClientSuite, Place } from './suite.ts';

const PENDING = z.object({ csr: z.string(), status: z.string() });
const BUNDLE = z.object({ cer: z.string() });
const SECRET = z.object({ value: z.string() });
const WAIT_MS = 100;
const WAITS_MAX = 100;

export const opensslCertificates: ClientSuite = {
  name: 'OpenSSL on certificates',
  async prepare(place) {
    const version = await run('openssl', ['version'], { limitMs: 10_000 }).catch(() => undefined);
    if (version?.code !== 0) return { unavailable: 'there is no openssl here' };
    const folder = folderForThisRun();
    return KEYS.map((key, index) => caseOf(place, { folder, key, name: `openssl-${index}` }));
  },
};

const KEYS = [
  { kty: 'RSA', key_size: 2048 },
  { kty: 'RSA', key_size: 3072 },
  { kty: 'EC', crv: 'P-256' },
  { kty: 'EC', crv: 'P-384' },
  { kty: 'EC', crv: 'P-521' },
  { kty: 'EC', crv: 'P-256K' },
] as const;

interface Trial {
  readonly folder: string;
  readonly key: (typeof KEYS)[number];
  readonly name: string;
}

function caseOf(place: Place, trial: Trial): ClientCase {
  const { kty, ...shape } = trial.key;
  return {
    name: `req, x509, verify and pkcs12 take ${kty} ${Object.values(shape).join()}`,
    run: () => tryKey(place, trial),
  };
}

async function tryKey(place: Place, { folder, key, name }: Trial): Promise<void> {
  const { clientId, clientSecret, instance } = place;
  const caller = new Caller(instance.owner.endpoints, { clientId, clientSecret, objectId: '' });
  const vault = new URL(place.vaultUrl).hostname.split('.')[0] ?? '';
  const send = (path: string, json?: unknown) =>
    caller.vault(vault, { path, json, ...(json !== undefined && { method: 'POST' }) });
  const sans = { dns_names: ['openssl.example'], upns: ['a@openssl.example'] };
  const policy = {
    key_props: key,
    x509_props: { subject: 'C=CH, CN=openssl', sans },
    issuer: { name: 'Self' },
  };
  const path = `/certificates/${name}`;
  const { csr } = (await send(`${path}/create`, { policy })).expect(202).read(PENDING);
  const request = write(folder, 'request.der', Buffer.from(csr, 'base64'));
  const checked = await openssl('req', '-inform', 'DER', '-in', request, '-noout', '-verify');
  match(checked, /OK/);
  for (let waits = 0; ; waits += 1) {
    const { status } = (await send(`${path}/pending`)).expect(200).read(PENDING);
    if (status === 'completed') break;
    ok(waits < WAITS_MAX);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  const { cer } = (await send(path)).expect(200).read(BUNDLE);
  const certificate = write(folder, 'certificate.der', Buffer.from(cer, 'base64'));
  const pem = join(folder, 'certificate.pem');
  const text = await openssl('x509', '-inform', 'DER', '-in', certificate, '-text', '-out', pem);
  strictEqual(text, '');
  const strict = [
    'verify',
    '-x509_strict',
    '-check_ss_sig',
    '-partial_chain',
    '-trusted',
    pem,
    pem,
  ];
  match(await openssl(...strict), /OK/);
  const { value } = (await send(`/secrets/${name}`)).expect(200).read(SECRET);
  const pfx = write(folder, 'secret.pfx', Buffer.from(value, 'base64'));
  const opened = await openssl('pkcs12', '-in', pfx, '-nodes', '-passin', 'pass:');
  match(opened, /BEGIN PRIVATE KEY/);
  match(opened, /BEGIN CERTIFICATE/);
}

function write(folder: string, file: string, bytes: Uint8Array): string {
  const path = join(folder, file);
  writeFileSync(path, bytes);
  return path;
}

/** What it said, on both streams. */
async function openssl(...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('openssl', parameters, { limitMs: 30_000 });
  if (code !== 0) throw new Error(`openssl ${parameters[0]}: exit ${code}\n${stderr}`);
  return stdout + stderr;
}
