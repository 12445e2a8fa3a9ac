// ACME against Pebble, Let's Encrypt's test server, with external account binding: http-01 through
// the plain listener, dns-01 through a webhook, and an order that goes on after a restart.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  exportPkcs8,
  exportSpki,
  generateKey,
  issueCertificate,
  selfSignCertificate,
} from '#cryptography';
import { parseJson, z } from '#kernel';
import { type Child, launch, run } from '#test/kit/children.ts';
import { installPackage } from '#test/kit/debian.ts';
import { type Instance, plainEnvironment, startInstance } from '#test/kit/instance.ts';
import {
  awaitCertificate,
  awaitPending,
  createCertificateVault,
  freePort,
  orderCertificate,
  putIssuer,
} from '#test/kit/issuing.ts';
import { pem } from '#test/kit/openssl.ts';
import type { ClientCase, ClientSuite } from './suite.ts';

const HMAC_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
const ISSUE_MS_MAX = 60_000;
/** Compilers may be at work beside it. */
const BUSY = { readyMsMax: 120_000 } as const;
const ORDER = { issuer: 'acme' } as const;
const webhookSchema = z.object({
  action: z.enum(['present', 'cleanup']),
  type: z.literal('TXT'),
  name: z.string(),
  value: z.string(),
});

interface Pebble {
  readonly directory: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly dnsManagement: string;
  stop(): Promise<void>;
}

export const pebble: ClientSuite = {
  name: 'Pebble',
  async prepare() {
    const found = await run('pebble', ['-version']);
    if (found.code === -1 && !(await installPackage('pebble'))) {
      return { unavailable: 'Pebble is not installed (Debian: apt-get install pebble)' };
    }
    return CASES;
  },
};

const CASES: readonly ClientCase[] = [
  { name: 'http-01, going on after a restart', run: () => withPebble(proveOverHttp) },
  { name: 'dns-01 by webhook, with a wildcard', run: () => withPebble(proveOverDns) },
  { name: 'a wrong account binding fails in words', run: () => withPebble(refuseBinding) },
];

async function withPebble(test: (server: Pebble) => Promise<void>): Promise<void> {
  const server = await startPebble();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

async function proveOverHttp({ flags, environment }: Pebble): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'strongroom-acme-'));
  let instance = await startInstance({ ...BUSY, dataDirectory, flags, environment });
  try {
    const vault = await prepareVault(instance, HMAC_KEY);
    const order = { ...ORDER, vault, name: 'web', dnsNames: ['www.acme.example'] };
    await orderCertificate(instance.owner, order);
    const { status_details: details } = await awaitPending(instance.owner, order, {
      until: (pending) => pending.status_details !== undefined,
      limitMs: ISSUE_MS_MAX,
    });
    if (details === undefined) throw new Error('the order was not begun');
    await instance.stop();
    instance = await startInstance({ ...BUSY, dataDirectory, flags, environment });
    const value = await awaitCertificate(instance.owner, order, ISSUE_MS_MAX);
    if (!/CERTIFICATE[\s\S]+CERTIFICATE[\s\S]+CERTIFICATE/.test(value)) throw new Error('no chain');
  } finally {
    await instance.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

async function proveOverDns(server: Pebble): Promise<void> {
  const webhook = await startWebhook(server.dnsManagement);
  const flags = [...server.flags, '--acme-dns-webhook', webhook.url];
  const environment = { ...server.environment, STRONGROOM_ACME_DNS_WEBHOOK_TOKEN: 'hook-token' };
  let instance: Instance | undefined;
  try {
    instance = await startInstance({ ...BUSY, flags, environment });
    const vault = await prepareVault(instance, HMAC_KEY);
    const dnsNames = ['*.wild.acme.example', 'wild.acme.example'];
    const order = { ...ORDER, vault, name: 'wild', dnsNames };
    await orderCertificate(instance.owner, order);
    await awaitCertificate(instance.owner, order, ISSUE_MS_MAX);
    if (webhook.counts.present < 2 || webhook.counts.cleanup !== webhook.counts.present) {
      throw new Error(`records were left behind: ${JSON.stringify(webhook.counts)}`);
    }
  } finally {
    await instance?.stop();
    webhook.stop();
  }
}

async function refuseBinding({ flags, environment }: Pebble): Promise<void> {
  const instance = await startInstance({ ...BUSY, flags, environment });
  try {
    const vault = await prepareVault(instance, 'AAAA');
    const order = { ...ORDER, vault, name: 'none', dnsNames: ['none.acme.example'] };
    await orderCertificate(instance.owner, order);
    const outcome = await awaitCertificate(instance.owner, order, ISSUE_MS_MAX).catch(String);
    if (!/failed: (unauthorized|malformed)/.test(outcome)) throw new Error(outcome.slice(0, 200));
  } finally {
    await instance.stop();
  }
}

async function prepareVault({ owner }: Instance, hmacKey: string): Promise<string> {
  const vault = await createCertificateVault(owner);
  const credentials = { account_id: 'kid-1', pwd: hmacKey };
  await putIssuer(owner, { ...ORDER, vault }, { provider: 'ACME', credentials });
  return vault;
}

async function startPebble(): Promise<Pebble> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-pebble-'));
  mkdirSync(folder, { recursive: true });
  const [api, management, http, dns, dnsApi] = await Promise.all(
    Array.from({ length: 5 }, () => freePort()),
  );
  const tls = await writeCertificates(folder);
  const configuration = {
    pebble: {
      listenAddress: `127.0.0.1:${api}`,
      managementListenAddress: `127.0.0.1:${management}`,
      ...{ certificate: tls.certificate, privateKey: tls.privateKey },
      ...{ httpPort: http, tlsPort: 1, ocspResponderURL: '' },
      externalAccountBindingRequired: true,
      externalAccountMACKeys: { 'kid-1': HMAC_KEY },
    },
  };
  const file = join(folder, 'pebble.json');
  writeFileSync(file, JSON.stringify(configuration));
  const env = { ...plainEnvironment(), PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' };
  const children: Child[] = [
    launch('pebble-challtestsrv', [
      ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsApi}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
      ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
    ]),
    launch('pebble', ['-config', file, '-dnsserver', `127.0.0.1:${dns}`], { env }),
  ];
  const directory = `https://localhost:${api}/dir`;
  return {
    directory,
    flags: ['--http-port', String(http), '--acme-directory', directory],
    environment: { NODE_EXTRA_CA_CERTS: tls.authority },
    dnsManagement: `http://127.0.0.1:${dnsApi}`,
    stop: async () => {
      for (const child of children) child.process.kill('SIGKILL');
      await Promise.all(children.map(({ exit }) => exit));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** For Pebble's own listener, by our own means. */
async function writeCertificates(folder: string) {
  const times = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
  const [rootKey, key] = await Promise.all([
    generateKey({ kty: 'EC', crv: 'P-256' }),
    generateKey({ kty: 'EC', crv: 'P-256' }),
  ]);
  const profile = { subject: 'CN=Pebble test root', basicConstraints: { isAuthority: true } };
  const root = await selfSignCertificate({ profile, key: rootKey, ...times });
  const leaf = await issueCertificate({
    profile: { subject: 'CN=localhost', alternativeNames: { dnsNames: ['localhost'] } },
    spki: exportSpki(key),
    authority: { certificate: root, key: rootKey },
    ...times,
  });
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    authority: write('root.pem', pem(root)),
    certificate: write('leaf.pem', pem(leaf)),
    privateKey: write('key.pem', pem(exportPkcs8(key), 'PRIVATE KEY')),
  };
}

/** Hands what it is told on to the DNS server's own interface. */
async function startWebhook(dnsManagement: string) {
  const counts = { present: 0, cleanup: 0 };
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const told = webhookSchema.parse(parseJson(Buffer.concat(chunks).toString('utf8')));
    counts[told.action] += 1;
    const path = told.action === 'present' ? 'set-txt' : 'clear-txt';
    const body = JSON.stringify({ host: `${told.name}.`, value: told.value });
    const allowed = message.headers.authorization === 'Bearer hook-token';
    if (allowed) await fetch(`${dnsManagement}/${path}`, { method: 'POST', body });
    response.writeHead(allowed ? 200 : 401).end();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${port}/`, counts, stop: () => server.close() };
}
