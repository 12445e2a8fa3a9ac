import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { strongroomProvider } from '#certificate-authority';
import { buildCertificateRequest, generateKey } from '#cryptography';
import { openTestManagement, type TestManagement } from '../management.fixture.ts';

const BASE = '/providers/Strongroom.CertificateAuthority';
const ROOT = `${BASE}/authorities/root`;

async function issue(arm: TestManagement, name: string) {
  const provider = strongroomProvider(arm.records, { clock: arm.clock, address: 'http://pki.x' });
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const csr = await buildCertificateRequest({ profile: { subject: `CN=${name}` }, key });
  const account = { issuer: 'ca' };
  const order = {
    csr,
    account,
    requestId: name,
    tenantId: '',
    validityMonths: 1,
    state: undefined,
  };
  const outcome = await provider.issue(order);
  assert.equal(outcome.kind, 'issued');
  const [leaf] = outcome.kind === 'issued' ? outcome.chain : [];
  return new X509Certificate(leaf ?? Buffer.of()).serialNumber;
}

test('an authority is set up once, with its constraints, and shown without its keys', async () => {
  const arm = await openTestManagement();
  assert.deepEqual((await arm.send('GET', `${BASE}/authorities`)).body, { value: [] });
  assert.equal((await arm.send('GET', ROOT)).body.error.code, 'CertificateAuthorityMissing');
  const permitted = { dnsDomains: ['contoso.com'] };
  const body = { properties: { nameConstraints: { permitted } } };
  const made = await arm.send('PUT', ROOT, { body });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal((await arm.send('PUT', ROOT, { body: {} })).status, 409);
  const second = await arm.send('PUT', `${BASE}/authorities/second`, { body: {} });
  assert.equal(second.status, 400, 'intermediates are not put');
  const { value } = (await arm.send('GET', `${BASE}/authorities`)).body;
  assert.deepEqual(
    value.map(({ name }: { name: string }) => name),
    ['root', 'intermediate-1'],
  );
  assert.deepEqual(value[1].properties.nameConstraints.permitted, permitted);
  assert.equal(value[1].properties.isIssuing, true);
  assert.doesNotMatch(JSON.stringify(value), /"key"|PRIVATE/);
  const der = Buffer.from(value[0].properties.certificate, 'base64');
  assert.ok(new X509Certificate(der).ca);
});

test('constraints that are none make no authority', async () => {
  const arm = await openTestManagement();
  for (const nameConstraints of [
    { permitted: { dnsDomains: ['*.x'] } },
    { permitted: { dnsDomains: [] } },
    { permitted: { ipRanges: ['10.0.0.0/99'] } },
    { other: 1 },
  ]) {
    const answer = await arm.send('PUT', ROOT, { body: { properties: { nameConstraints } } });
    assert.equal(answer.status, 400, JSON.stringify(nameConstraints));
  }
  assert.deepEqual((await arm.send('GET', `${BASE}/authorities`)).body, { value: [] });
});

test('the root’s key leaves and comes back; without it nothing is renewed', async () => {
  const arm = await openTestManagement();
  await arm.send('PUT', ROOT, { body: {} });
  const exported = await arm.send('POST', `${ROOT}/exportKey`);
  assert.match(exported.body.privateKey, /^-----BEGIN PRIVATE KEY-----/);
  assert.equal(exported.headers['Cache-Control'], 'no-store');
  const removed = await arm.send('POST', `${ROOT}/removeKey`);
  assert.equal(removed.body.properties.isKeyPresent, false);
  for (const action of ['renew', 'exportKey']) {
    const answer = await arm.send('POST', `${ROOT}/${action}`);
    assert.deepEqual([answer.status, answer.body.error.code], [409, 'RootKeyOffline']);
  }
  const wrong = await arm.send('POST', `${ROOT}/importKey`, { body: { privateKey: 'x' } });
  assert.deepEqual([wrong.status, wrong.body.error.code], [400, 'RootKeyMismatch']);
  await arm.send('POST', `${ROOT}/importKey`, { body: exported.body });
  const renewed = await arm.send('POST', `${ROOT}/renew`);
  assert.equal(renewed.body.name, 'intermediate-2');
  assert.ok(arm.outcomes.every((outcome) => !JSON.stringify(outcome).includes('PRIVATE KEY')));
});

test('a Contributor sees and renews, but takes no root key; a Reader only sees', async () => {
  const arm = await openTestManagement();
  await arm.send('PUT', ROOT, { body: {} });
  const [contributor, reader] = [await arm.newPrincipal(), await arm.newPrincipal()];
  await arm.assign(contributor.objectId, 'Contributor', '/');
  await arm.assign(reader.objectId, 'Reader', '/');
  const status = async (as: typeof reader, method: string, path: string) =>
    (await arm.send(method, path, { as })).status;
  assert.equal(await status(contributor, 'POST', `${ROOT}/renew`), 200);
  assert.equal(await status(contributor, 'POST', `${ROOT}/exportKey`), 403);
  assert.equal(await status(reader, 'GET', ROOT), 200);
  assert.equal(await status(reader, 'POST', `${ROOT}/renew`), 403);
  assert.equal(await status(reader, 'POST', `${ROOT}/exportKey`), 403);
  const local = await arm.newPrincipal();
  await arm.assign(local.objectId, 'Owner', '/subscriptions/22222222-2222-4222-8222-222222222222');
  assert.equal(await status(local, 'GET', ROOT), 403, 'the authority is the tenant’s');
});

test('issued certificates are listed in pages, shown, and revoked with a reason', async () => {
  const arm = await openTestManagement();
  await arm.send('PUT', ROOT, { body: {} });
  const serials = [];
  for (const name of ['a', 'b', 'c']) serials.push((await issue(arm, name)).toLowerCase());
  const first = await arm.send('GET', `${BASE}/certificates`, { query: { $top: '2' } });
  assert.equal(first.body.value.length, 2);
  const query = Object.fromEntries(new URL(first.body.nextLink).searchParams);
  const second = await arm.send('GET', `${BASE}/certificates`, { query });
  const names = [...first.body.value, ...second.body.value].map(({ name }) => name);
  assert.deepEqual(names, serials.toSorted());
  assert.equal(second.body.nextLink, undefined);
  const bad = await arm.send('GET', `${BASE}/certificates`, { query: { $skiptoken: 'Li4' } });
  assert.equal(bad.status, 400);
  const one = `${BASE}/certificates/${serials[0]}`;
  const revoked = await arm.send('POST', `${one}/revoke`, { body: { reason: 'superseded' } });
  assert.equal(revoked.body.properties.revocationReason, 'superseded');
  assert.equal((await arm.send('GET', one)).body.properties.revocationReason, 'superseded');
  const details = arm.outcomes.at(-2)?.details ?? {};
  assert.deepEqual([details.serialNumber, details.reason], [serials[0], 'superseded']);
  const wrong = await arm.send('POST', `${one}/revoke`, { body: { reason: 'toString' } });
  assert.equal(wrong.status, 400);
  assert.equal((await arm.send('GET', `${BASE}/certificates/abcd`)).status, 404);
  assert.equal(
    (await arm.send('POST', `${BASE}/certificates/abcd/revoke`, { body: {} })).status,
    404,
  );
});

test('an intermediate is revoked by whoever may, and it is written down', async () => {
  const arm = await openTestManagement();
  const path = `${BASE}/authorities/intermediate-1/revoke`;
  const missing = await arm.send('POST', path, { body: {} });
  assert.equal(missing.body.error.code, 'CertificateAuthorityMissing');
  await arm.send('PUT', ROOT, { body: {} });
  const reader = await arm.newPrincipal();
  await arm.assign(reader.objectId, 'Reader', '/');
  assert.equal((await arm.send('POST', path, { body: {}, as: reader })).status, 403);
  assert.equal((await arm.send('POST', path, { body: { reason: 'mood' } })).status, 400);
  assert.equal((await arm.send('POST', `${ROOT}/revoke`, { body: {} })).status, 404);
  for (const name of ['intermediate-9', 'a b']) {
    assert.equal((await arm.send('GET', `${BASE}/authorities/${name}`)).status, 404, name);
  }
  const revoked = await arm.send('POST', path, { body: { reason: 'keyCompromise' } });
  const { isIssuing, revocationReason } = revoked.body.properties;
  assert.deepEqual([revoked.status, isIssuing, revocationReason], [200, false, 'keyCompromise']);
  const details = arm.outcomes.at(-1)?.details ?? {};
  assert.deepEqual([details.authority, details.reason], ['intermediate-1', 'keyCompromise']);
  const next = await arm.send('GET', `${BASE}/authorities/intermediate-2`);
  assert.equal(next.body.properties.isIssuing, true);
  await arm.send('POST', `${ROOT}/removeKey`);
  const other = `${BASE}/authorities/intermediate-2/revoke`;
  const offline = await arm.send('POST', other, { body: {} });
  assert.equal(offline.body.error.code, 'RootKeyOffline');
});
