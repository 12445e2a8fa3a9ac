import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IssueOutcome, IssueRequest } from '#certificate-authority';
import {
  generateKey,
  issueCertificate,
  parseCertificateRequest,
  selfSignCertificate,
} from '#cryptography';
import { doDueWork } from '../due-work-job.ts';
import { KeyProviders } from '../keys/key-providers.ts';
import { MaterialCache } from '../keys/material-cache.ts';
import {
  doDue,
  eventsOf,
  openTestVault,
  openTestVaultWith,
  type TestVault,
} from '../vault.fixture.ts';
import type { Mail } from './mailer.ts';
import { NOTICE_TRIES_MAX } from './notices.ts';

const DAY_MS = 86_400_000;
const params = { name: 'web' };
const policyOf = (issuer: string, more: object = {}) => ({
  policy: {
    key_props: { kty: 'EC' },
    x509_props: { subject: 'CN=web', validity_months: 12 },
    issuer: { name: issuer },
    ...more,
  },
});
const action = (action_type: string, trigger: object) => ({ trigger, action: { action_type } });

interface Ports {
  readonly issue?: (request: IssueRequest) => Promise<IssueOutcome>;
  readonly send?: (mail: Mail) => Promise<'taken' | 'refused'>;
}

/** As the background does it, with a provider and a mailer of the test's. */
async function work(vault: TestVault, { issue, send }: Ports, failures: string[] = []) {
  return await doDueWork({
    ...{ ...vault.options, resources: vault.resources },
    ...(issue && { issuerProviders: [{ provider: 'Test', issue }] }),
    ...(send && { mailer: { send } }),
    audit: async () => undefined,
    logError: (name) => void failures.push(name),
  });
}

async function issued(body: object): Promise<TestVault> {
  const vault = await openTestVault();
  const created = await vault.call('CreateCertificate', { params, body });
  assert.equal(created.status, 202, JSON.stringify(created.body));
  vault.clock.advance(1000);
  await doDue(vault);
  return vault;
}

const versionsOf = async (vault: TestVault): Promise<number> =>
  (await vault.call('GetCertificateVersions', { params })).body.value.length;
const pendingOf = async (vault: TestVault) =>
  (await vault.call('GetCertificateOperation', { params })).body;

test('at 80 % of its life a certificate gets a successor with another key', async () => {
  const vault = await issued(policyOf('Self'));
  const before = (await vault.call('GetCertificate', { params })).body;
  vault.clock.advance(291 * DAY_MS);
  assert.equal(await doDue(vault), 0);
  vault.clock.advance(2 * DAY_MS);
  const audited: string[] = [];
  await doDue(vault, audited);
  await doDue(vault, audited);
  assert.deepEqual(audited, ['CertificateRenew']);
  const after = (await vault.call('GetCertificate', { params })).body;
  assert.notEqual(after.id, before.id);
  assert.notEqual(after.cer, before.cer);
  const ids = [before.kid, after.kid].map((kid: string) => kid.split('/').pop());
  const keys = await Promise.all(
    ids.map((version) => vault.call('GetKey', { params: { ...params, version: version ?? '' } })),
  );
  assert.notEqual(keys[0]?.body.key.x, keys[1]?.body.key.x);
  assert.equal(await versionsOf(vault), 2);
  await doDue(vault);
  assert.equal(await versionsOf(vault), 2);
});

test('days before expiry count from the end, and reuse_key keeps the key', async () => {
  const renewal = action('AutoRenew', { days_before_expiry: 30 });
  const more = { lifetime_actions: [renewal], key_props: { kty: 'EC', reuse_key: true } };
  const vault = await issued(policyOf('Self', more));
  const { x } = (await vault.call('GetKey', { params })).body.key;
  vault.clock.advance(334 * DAY_MS);
  await doDue(vault);
  assert.equal(await versionsOf(vault), 1);
  vault.clock.advance(DAY_MS);
  await doDue(vault);
  await doDue(vault);
  assert.equal(await versionsOf(vault), 2);
  assert.equal((await vault.call('GetKey', { params })).body.key.x, x);
});

test('an issuer that gives less than was asked is not asked again at every look', async () => {
  const vault = await openTestVault();
  const { clock } = vault;
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const life = { notBeforeMs: clock.now(), notAfterMs: clock.now() + 3650 * DAY_MS };
  const profile = { subject: 'CN=short', basicConstraints: { isAuthority: true } };
  const authority = { key, certificate: await selfSignCertificate({ profile, key, ...life }) };
  const failures: string[] = [];
  await vault.call('SetCertificateIssuer', {
    params: { 'issuer-name': 'mine' },
    body: { provider: 'Test' },
  });
  let asked = 0;
  const issue = async ({ csr }: IssueRequest): Promise<IssueOutcome> => {
    asked += 1;
    const { spki } = await parseCertificateRequest(csr);
    const notBeforeMs = clock.now();
    const certificate = await issueCertificate({
      ...{ profile: { subject: 'CN=web' }, authority, spki },
      ...{ notBeforeMs, notAfterMs: notBeforeMs + 90 * DAY_MS },
    });
    return { kind: 'issued', chain: [certificate, authority.certificate] };
  };
  const renewal = action('AutoRenew', { days_before_expiry: 120 });
  const body = policyOf('mine', { lifetime_actions: [renewal] });
  assert.equal((await vault.call('CreateCertificate', { params, body })).status, 202);
  for (let look = 0; look < 5; look += 1) {
    clock.advance(60_000);
    await work(vault, { issue }, failures);
  }
  assert.deepEqual([asked, await versionsOf(vault)], [1, 1]);
  clock.advance(72 * DAY_MS);
  await work(vault, { issue }, failures);
  assert.deepEqual([asked, await versionsOf(vault)], [2, 2], 'at 80 % of what it lives');
  assert.deepEqual(failures, []);
});

test('years of downtime are caught up by one new version', async () => {
  const vault = await issued(policyOf('Self'));
  vault.clock.advance(2000 * DAY_MS);
  for (let run = 0; run < 4; run += 1) await doDue(vault);
  assert.equal(await versionsOf(vault), 2);
  const { exp } = (await vault.call('GetCertificate', { params })).body.attributes;
  assert.ok(exp * 1000 > vault.clock.now());
});

test('a disabled certificate, and a deleted one, is not renewed', async () => {
  const vault = await issued(policyOf('Self'));
  await vault.call('UpdateCertificate', { params, body: { attributes: { enabled: false } } });
  vault.clock.advance(300 * DAY_MS);
  await doDue(vault);
  await doDue(vault);
  assert.equal(await versionsOf(vault), 1);
  await vault.call('DeleteCertificate', { params });
  vault.clock.advance(10 * DAY_MS);
  await doDue(vault);
  await vault.call('RecoverDeletedCertificate', { params });
  assert.equal(await versionsOf(vault), 1);
});

test('a provider may take its time, and is asked again with its own state', async () => {
  const vault = await openTestVault();
  await vault.call('SetCertificateIssuer', {
    params: { 'issuer-name': 'mine' },
    body: { provider: 'Test', credentials: { account_id: 'me', pwd: 'sesame' } },
  });
  await vault.call('CreateCertificate', { params, body: policyOf('mine') });
  const asked: IssueRequest[] = [];
  const issue = async (request: IssueRequest): Promise<IssueOutcome> => {
    asked.push(request);
    if (asked.length < 3) {
      const state = `step ${asked.length}`;
      return { kind: 'pending', state, retryAfterSeconds: 60, details: 'waiting' };
    }
    throw new Error('offline');
  };
  vault.clock.advance(1000);
  await work(vault, { issue });
  assert.equal((await pendingOf(vault)).status_details, 'waiting');
  await work(vault, { issue });
  assert.equal(asked.length, 1, 'not before its time');
  vault.clock.advance(60_000);
  await work(vault, { issue });
  const failures: string[] = [];
  for (const waitMs of [60_000, 60_000, 120_000]) {
    vault.clock.advance(waitMs);
    await work(vault, { issue }, failures);
  }
  assert.equal(failures.length, 3, 'a passing failure is tried again, later each time');
  assert.deepEqual(
    asked.map(({ state }) => state),
    [undefined, 'step 1', 'step 2', 'step 2', 'step 2'],
  );
  assert.equal(new Set(asked.map(({ requestId }) => requestId)).size, 1);
  assert.deepEqual(asked[0]?.account, { issuer: 'mine', accountId: 'me', password: 'sesame' });
  assert.equal((await pendingOf(vault)).status, 'inProgress');
  assert.ok(!JSON.stringify(await vault.call('GetCertificateIssuers')).includes('sesame'));
});

test('a certificate for another key is not taken from a provider', async () => {
  const vault = await openTestVault();
  await vault.call('SetCertificateIssuer', {
    params: { 'issuer-name': 'mine' },
    body: { provider: 'test' },
  });
  await vault.call('CreateCertificate', { params, body: policyOf('mine') });
  vault.clock.advance(1000);
  const issue = async ({ csr }: IssueRequest): Promise<IssueOutcome> => {
    assert.equal((await parseCertificateRequest(csr)).subject, 'CN=web');
    const { generateKey } = await import('#cryptography');
    const certificate = await selfSignCertificate({
      profile: { subject: 'CN=web' },
      key: await generateKey({ kty: 'RSA', sizeBits: 2048 }),
      ...{ notBeforeMs: vault.clock.now(), notAfterMs: vault.clock.now() + DAY_MS },
    });
    return { kind: 'issued', chain: [certificate] };
  };
  await work(vault, { issue });
  const pending = await pendingOf(vault);
  assert.equal(pending.status, 'failed');
  assert.equal(pending.error.code, 'InvalidCertificate');
  assert.equal((await vault.call('GetKey', { params })).status, 404);
});

test('a renewal that fails is tried again after an hour, then after two', async () => {
  const vault = await issued(policyOf('Self'));
  await vault.call('SetCertificateIssuer', {
    params: { 'issuer-name': 'mine' },
    body: { provider: 'Test' },
  });
  await vault.call('UpdateCertificatePolicy', { params, body: { issuer: { name: 'mine' } } });
  let asked = 0;
  const issue = async (): Promise<IssueOutcome> => {
    asked += 1;
    return { kind: 'failed', code: 'No', message: 'No.' };
  };
  vault.clock.advance(293 * DAY_MS);
  const run = async () => {
    await work(vault, { issue });
    await work(vault, { issue });
  };
  await run();
  assert.equal(asked, 1);
  vault.clock.advance(3_599_000);
  await run();
  assert.equal(asked, 1);
  vault.clock.advance(1000);
  await run();
  assert.equal(asked, 2);
  vault.clock.advance(7_199_000);
  await run();
  assert.equal(asked, 2);
  vault.clock.advance(1000);
  await run();
  assert.equal(asked, 3);
  assert.equal(await versionsOf(vault), 1);
});

test('a request is cancelled before it is signed, and then another one may be made', async () => {
  const vault = await openTestVault();
  await vault.call('CreateCertificate', { params, body: policyOf('Self') });
  const again = await vault.call('CreateCertificate', { params, body: policyOf('Self') });
  assert.equal(again.status, 409);
  const body = { cancellation_requested: true };
  const asked = await vault.call('UpdateCertificateOperation', { params, body });
  assert.equal(asked.body.status, 'inProgress');
  assert.equal(asked.body.cancellation_requested, true);
  vault.clock.advance(1000);
  await doDue(vault);
  assert.equal((await pendingOf(vault)).status, 'cancelled');
  assert.equal((await vault.call('GetCertificate', { params })).body.cer, undefined);
  assert.equal((await vault.call('UpdateCertificateOperation', { params, body })).status, 403);
  await vault.call('CreateCertificate', { params, body: {} });
  vault.clock.advance(1000);
  await doDue(vault);
  assert.equal((await pendingOf(vault)).status, 'completed');
  assert.equal(await versionsOf(vault), 1);
});

test('a request that was forgotten is not signed', async () => {
  const vault = await openTestVault();
  await vault.call('CreateCertificate', { params, body: policyOf('Self') });
  assert.equal((await vault.call('DeleteCertificateOperation', { params })).status, 200);
  vault.clock.advance(60_000);
  assert.equal(await doDue(vault), 0);
  assert.equal((await vault.call('GetCertificateOperation', { params })).status, 404);
});

/** A certificate whose contacts are to be told, on the day. */
async function noticeDue(): Promise<TestVault> {
  const notice = action('EmailContacts', { days_before_expiry: 60 });
  const vault = await issued(policyOf('Self', { lifetime_actions: [notice] }));
  const contacts = [{ email: 'a@contoso.com' }, { email: 'b@contoso.com', name: 'B' }];
  await vault.call('SetCertificateContacts', { body: { contacts } });
  vault.clock.advance(305 * DAY_MS);
  return vault;
}

test('contacts are told once, in words, and the event is recorded', async () => {
  const vault = await noticeDue();
  const sent: Mail[] = [];
  const send = async (mail: Mail) => {
    sent.push(mail);
    return 'taken' as const;
  };
  await work(vault, { send });
  assert.ok((await eventsOf(vault)).includes('CertificateNearExpiry web'));
  for (let run = 0; run < 3; run += 1) {
    vault.clock.advance(60_000);
    await work(vault, { send });
  }
  const to = sent.map((mail) => mail.to);
  assert.deepEqual(to, ['a@contoso.com', 'b@contoso.com']);
  assert.match(sent[0]?.subject ?? '', /^Certificate web in vault contoso expires on 2027-01-0\d$/);
  const events = await eventsOf(vault);
  assert.equal(events.filter((event) => event === 'CertificateNearExpiry web').length, 1);
  assert.ok(!events.includes('CertificateContactsNotTold web'));
  await vault.call('UpdateCertificate', { params, body: { attributes: { enabled: false } } });
  await vault.call('UpdateCertificate', { params, body: { attributes: { enabled: true } } });
  vault.clock.advance(60_000);
  await work(vault, { send });
  assert.equal(sent.length, 2, 'who was told of this version is not told again');
});

test('who has the mail does not get it again because another could not be told', async () => {
  const vault = await noticeDue();
  const tried: string[] = [];
  let answer: 'taken' | 'refused' = 'refused';
  const send = async ({ to }: Mail) => {
    tried.push(to);
    return to.startsWith('a@') ? answer : 'taken';
  };
  const failures: string[] = [];
  await work(vault, { send }, failures);
  vault.clock.advance(1000);
  await work(vault, { send }, failures);
  assert.deepEqual(tried, ['a@contoso.com', 'b@contoso.com']);
  assert.equal(failures.length, 1);
  vault.clock.advance(299_000);
  await work(vault, { send }, failures);
  assert.equal(tried.length, 2, 'five minutes later, not before');
  answer = 'taken';
  vault.clock.advance(1000);
  await work(vault, { send }, failures);
  vault.clock.advance(DAY_MS);
  await work(vault, { send }, failures);
  assert.deepEqual(tried, ['a@contoso.com', 'b@contoso.com', 'a@contoso.com']);
  assert.equal(failures.length, 1);
});

test('a mail server that stays away is asked ten times, ever later, then no more', async () => {
  const vault = await noticeDue();
  const triedAtMs: number[] = [];
  const send = async () => {
    triedAtMs.push(vault.clock.now());
    throw new Error('no server');
  };
  for (let minute = 0; minute < 3 * 1440; minute += 1) {
    vault.clock.advance(60_000);
    await work(vault, { send });
  }
  assert.equal(triedAtMs.length, NOTICE_TRIES_MAX, 'one contact a try: the other would fail too');
  const waits = triedAtMs.slice(1).map((at, index) => at - (triedAtMs[index] ?? 0));
  assert.ok(waits.every((wait, index) => wait > (waits[index - 1] ?? 0)));
  const events = await eventsOf(vault);
  assert.equal(events.filter((event) => event === 'CertificateNearExpiry web').length, 1);
  assert.equal(events.filter((event) => event === 'CertificateContactsNotTold web').length, 1);
});

test('a mail server that is away costs one try a run, whatever waits for it', async () => {
  const vault = await noticeDue();
  const lifetime_actions = [action('EmailContacts', { days_before_expiry: 60 })];
  for (const name of ['two', 'three']) {
    const body = policyOf('Self', { lifetime_actions });
    await vault.call('CreateCertificate', { params: { name }, body });
    vault.clock.advance(1000);
    await doDue(vault);
  }
  vault.clock.advance(306 * DAY_MS);
  let tries = 0;
  const send = async () => {
    tries += 1;
    throw new Error('no server');
  };
  await work(vault, { send });
  vault.clock.advance(1000);
  await work(vault, { send });
  assert.equal(tries, 1);
});

test('without a mail server nobody is told, and the event is recorded all the same', async () => {
  const notice = action('EmailContacts', { lifetime_percentage: 50 });
  const vault = await issued(policyOf('Self', { lifetime_actions: [notice] }));
  vault.clock.advance(200 * DAY_MS);
  assert.equal(await doDue(vault), 1);
  assert.ok((await eventsOf(vault)).includes('CertificateNearExpiry web'));
});

test('an expiry is told 30 days before and when it comes, of all three objects', async () => {
  const vault = await issued(policyOf('Self', { lifetime_actions: [] }));
  vault.clock.advance(336 * DAY_MS);
  await doDue(vault);
  vault.clock.advance(30 * DAY_MS);
  await doDue(vault);
  const events = await eventsOf(vault);
  for (const noun of ['Certificate', 'Key', 'Secret']) {
    assert.ok(events.includes(`${noun}NearExpiry web`), noun);
    assert.ok(events.includes(`${noun}Expired web`), noun);
  }
});

test('a deleted certificate takes its opened key out of memory', async () => {
  const materials = new MaterialCache(new KeyProviders());
  const vault = await openTestVaultWith({ materials });
  await vault.call('CreateCertificate', { params, body: policyOf('Self') });
  vault.clock.advance(1000);
  await doDue(vault);
  const body = { alg: 'ES256', value: Buffer.alloc(32, 7).toString('base64url') };
  assert.equal((await vault.call('sign', { params, body })).status, 200);
  assert.equal(materials.size, 1);
  await vault.call('DeleteCertificate', { params });
  assert.equal(materials.size, 0);
  await vault.call('RecoverDeletedCertificate', { params });
  assert.equal((await vault.call('sign', { params, body })).status, 200);
});
