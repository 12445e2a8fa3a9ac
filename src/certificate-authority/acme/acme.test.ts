import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemGrant } from '#authorization';
import {
  buildCertificateRequest,
  type CertificateProfile,
  exportSpki,
  generateKey,
  orderChain,
} from '#cryptography';
import { ManualClock } from '#kernel';
import { openMemoryStorage } from '#storage';
import type { IssueOutcome, IssueRequest } from '../issuer-provider.ts';
import type { AcmePorts } from './acme-ports.ts';
import { acmeProvider } from './acme-provider.ts';
import {
  DIRECTORY,
  HMAC_KEY,
  openAcmeServer,
  problem,
  type TestAcmeServer,
} from './acme-server.fixture.ts';
import { findChallengeAnswer } from './challenge.ts';

const key = await generateKey({ kty: 'EC', crv: 'P-256' });

async function openTest(change: Partial<AcmePorts> = {}) {
  const server = openAcmeServer();
  const storage = await openMemoryStorage();
  const view = storage.view(systemGrant('tenant/test/', 'test'));
  const clock = new ManualClock(Date.UTC(2026, 10, 25));
  const ports = { clock, send: server.send, directory: DIRECTORY, ...change };
  server.prove = async (token, authorization) =>
    (await findChallengeAnswer(view, token)) === authorization;
  const issue = async (dnsNames: readonly string[], rest: Partial<IssueRequest> = {}) => {
    const profile: CertificateProfile = { subject: '', alternativeNames: { dnsNames } };
    const csr = await buildCertificateRequest({ profile, key });
    const base = { tenantId: 't', account: { issuer: 'acme' }, requestId: 'r', csr };
    // A new provider each time: nothing may live in memory from call to call.
    const step = (state: string | undefined) =>
      acmeProvider(view, ports).issue({ ...base, validityMonths: 3, state, ...rest });
    let outcome: IssueOutcome = await step(rest.state);
    for (let steps = 1; outcome.kind === 'pending' && steps < 10; steps += 1) {
      outcome = await step(outcome.state);
    }
    return outcome;
  };
  return { server, view, issue, ports };
}

/** What the server answers to a session before its first signed request: directory and nonce. */
async function opening(server: TestAcmeServer) {
  return [
    await server.send({ url: DIRECTORY, method: 'GET', headers: {} }),
    await server.send({ url: `${DIRECTORY}/../new-nonce`, method: 'HEAD', headers: {} }),
  ];
}

test('an order goes from step to step by what the server says, and gives the chain', async () => {
  const { server, view, issue } = await openTest();
  const outcome = await issue(['www.example.com']);
  assert.equal(outcome.kind, 'issued');
  const chain = outcome.kind === 'issued' ? outcome.chain : [];
  assert.equal(orderChain(chain, exportSpki(key)).length, 2);
  assert.equal(server.orders.length, 1);
  assert.equal(await findChallengeAnswer(view, 'token-of-the-order-0'), undefined, 'removed again');
  await issue(['other.example.com']);
  assert.equal(server.accounts, 1, 'the account is kept');
});

test('the account’s contact is whoever orders, told once', async () => {
  const { server, issue } = await openTest();
  const order = (name: string, ...contactEmails: readonly string[]) =>
    issue([name], { account: { issuer: 'acme', contactEmails } });
  const told = () => server.sent.filter(({ url }) => /account/.test(url)).length;
  await order('a.example.com', 'pki@example.com', 'a/b#c@example.com');
  assert.deepEqual(server.contact, ['mailto:pki@example.com', 'mailto:a%2Fb%23c@example.com']);
  await order('b.example.com', 'pki@example.com', 'a/b#c@example.com');
  await order('c.example.com');
  assert.equal(told(), 1);
  await order('d.example.com', 'new@example.com');
  assert.deepEqual(server.contact, ['mailto:new@example.com']);
  assert.deepEqual([told(), server.accounts], [2, 1]);
});

test('what is no address, or too many of them, is not told', async () => {
  const { server, issue } = await openTest();
  const strange = ['a@b?cc=c@d', 'a@b,c@d', 'Name <a@b>', 'x', 'a%0a@b', `${'a'.repeat(65)}@b`];
  const many = Array.from({ length: 20 }, (_unused, at) => `p${at}@example.com`);
  const account = { issuer: 'acme', contactEmails: [...strange, ...many] };
  assert.equal((await issue(['a.example.com'], { account })).kind, 'issued');
  assert.deepEqual(
    server.contact,
    many.slice(0, 10).map((email) => `mailto:${email}`),
  );
});

test('a contact that the server refuses stops no order', async () => {
  const { server, issue } = await openTest();
  const order = (name: string, email: string) =>
    issue([name], { account: { issuer: 'acme', contactEmails: [email] } });
  server.contactProblem = 'invalidContact';
  assert.equal((await order('a.example.com', 'pki@example.com')).kind, 'issued');
  server.contactProblem = 'unsupportedContact';
  assert.equal((await order('b.example.com', 'new@example.com')).kind, 'issued');
  assert.deepEqual([server.contact, server.accounts], [undefined, 1]);
  server.contactProblem = 'unauthorized';
  assert.equal((await order('c.example.com', 'third@example.com')).kind, 'failed');
});

test('the waits are the server’s', async () => {
  const { view, ports } = await openTest();
  const profile = { subject: '', alternativeNames: { dnsNames: ['a.example'] } };
  const csr = await buildCertificateRequest({ profile, key });
  const account = { issuer: 'acme' };
  const request = { tenantId: '', account, requestId: 'r', csr, validityMonths: 1 };
  const outcome = await acmeProvider(view, ports).issue({ ...request, state: undefined });
  assert.equal(outcome.kind === 'pending' && outcome.retryAfterSeconds, 3);
});

test('a nonce that the server does not like is replaced', async () => {
  const { server, issue } = await openTest();
  await issue(['a.example.com']);
  server.instead.push(...(await opening(server)));
  server.instead.push(...Array.from({ length: 9 }, () => problem(400, 'badNonce')));
  assert.equal((await issue(['b.example.com'])).kind, 'issued');
});

test('who is told to wait waits as long, and goes on where he was', async () => {
  const { server, issue, view, ports } = await openTest();
  await issue(['a.example.com']);
  const profile = { subject: '', alternativeNames: { dnsNames: ['b.example'] } };
  const csr = await buildCertificateRequest({ profile, key });
  const account = { issuer: 'acme' };
  const request = { tenantId: '', account, requestId: 'r', csr, validityMonths: 1 };
  const state = JSON.stringify({ order: 'https://acme.example/order/0', answers: [] });
  for (const [answer, seconds] of [
    [problem(429, 'rateLimited', { 'retry-after': '120' }), 120],
    [problem(503, 'serverInternal', { 'retry-after': 'Wed, 25 Nov 2026 00:01:00 GMT' }), 60],
    [problem(429, 'rateLimited', { 'retry-after': '99999999' }), 86_400],
    [problem(429, 'rateLimited'), 3600],
    [problem(400, 'badNonce'), 3600],
  ] as const) {
    const tries = answer.status === 400 ? 10 : 1;
    server.instead.push(...(await opening(server)), ...Array.from({ length: tries }, () => answer));
    const waiting = await acmeProvider(view, ports).issue({ ...request, state });
    assert.equal(waiting.kind, 'pending');
    if (waiting.kind !== 'pending') return;
    assert.deepEqual([waiting.state, waiting.retryAfterSeconds], [state, seconds]);
  }
});

test('a refusal is told in the server’s words, and is final', async () => {
  const { server, issue } = await openTest();
  assert.deepEqual(await issue(['a.forbidden']), {
    kind: 'failed',
    code: 'AcmeRefused',
    message: 'rejectedIdentifier: detail of rejectedIdentifier',
  });
  server.prove = () => false;
  assert.deepEqual(await issue(['a.example.com']), {
    kind: 'failed',
    code: 'AcmeRefused',
    message: 'a.example.com: nobody answered',
  });
});

test('a server that does not answer is asked again later', async () => {
  const send = async () => {
    throw new Error('connection refused');
  };
  const { issue } = await openTest({ send });
  await assert.rejects(issue(['a.example.com']), /connection refused/);
});

test('an address of another server is never called, whoever names it', async () => {
  const { server, issue } = await openTest();
  server.origin = 'https://internal.example';
  await assert.rejects(issue(['a.example.com']), /another server/);
  assert.ok(server.sent.every(({ url }) => url.startsWith('https://acme.example/')));
});

test('an account is bound to the operator’s with the issuer’s credentials', async () => {
  const { server, issue } = await openTest();
  server.needsBinding = true;
  const without = await issue(['a.example.com']);
  assert.match(without.kind === 'failed' ? without.message : '', /^externalAccountRequired/);
  const account = { issuer: 'acme', accountId: 'kid-1', password: HMAC_KEY };
  assert.equal((await issue(['a.example.com'], { account })).kind, 'issued');
  const wrong = { ...account, accountId: 'kid-2', password: 'AAAA' };
  const refused = await issue(['a.example.com'], { account: wrong });
  assert.match(refused.kind === 'failed' ? refused.message : '', /^unauthorized/);
});

test('a wildcard needs the DNS webhook, which makes records and takes them away', async () => {
  const { issue } = await openTest();
  const refused = await issue(['*.example.com']);
  assert.match(refused.kind === 'failed' ? refused.message : '', /acme-dns-webhook/);
  const told: { readonly action: string; readonly name: string }[] = [];
  const server = openAcmeServer();
  const hook = 'https://dns.example/hook';
  const dns = await openTest({
    dnsWebhook: { url: hook, token: 'secret' },
    send: async (request) => {
      if (request.url !== hook) return await server.send(request);
      assert.equal(request.headers.authorization, 'Bearer secret');
      told.push(JSON.parse(request.body ?? ''));
      return { status: 204, headers: {}, body: '' };
    },
  });
  assert.equal((await dns.issue(['*.example.com'])).kind, 'issued');
  assert.deepEqual(
    told.map(({ action, name }) => [action, name]),
    [
      ['present', '_acme-challenge.example.com'],
      ['cleanup', '_acme-challenge.example.com'],
    ],
  );
});

test('what ACME cannot prove is refused before anybody is asked', async () => {
  const { server, view, ports } = await openTest();
  const account = { issuer: 'acme' };
  const refuse = async (profile: CertificateProfile) => {
    const csr = await buildCertificateRequest({ profile, key });
    const request = { tenantId: '', account, requestId: 'r', csr, validityMonths: 1 };
    const outcome = await acmeProvider(view, ports).issue({ ...request, state: undefined });
    assert.equal(outcome.kind, 'failed', JSON.stringify(profile));
  };
  await refuse({ subject: 'CN=a person' });
  await refuse({ subject: 'CN=a', alternativeNames: { emails: ['a@example.com'] } });
  await refuse({ subject: 'CN=a', alternativeNames: { uris: ['https://a.example'] } });
  assert.equal(server.orders.length, 0);
});

test('without a directory issuers named ACME say so', async () => {
  const { view } = await openTest();
  const csr = Buffer.of();
  const account = { issuer: 'acme' };
  const request = { tenantId: '', account, requestId: 'r', csr, validityMonths: 1 };
  const outcome = await acmeProvider(view, undefined).issue({ ...request, state: undefined });
  assert.equal(outcome.kind === 'failed' && outcome.code, 'AcmeNotConfigured');
});

test('only a token of an open challenge is answered', async () => {
  const { view } = await openTest();
  for (const token of ['', 'short', '../../directory/x', 'a'.repeat(200), 'unknown-unknown-1']) {
    assert.equal(await findChallengeAnswer(view, token), undefined);
  }
});
