// Issuers and contacts of a vault: what they may be, and that an account's password goes in and
// never comes out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IssueRequest } from '#certificate-authority';
import { doDueWork } from '../due-work-job.ts';
import { openTestVault, type TestVault } from '../vault.fixture.ts';

const params = { 'issuer-name': 'ours' };
const PASSWORD = 'hunter2-hunter2';
const WHOLE = {
  provider: 'Test',
  credentials: { account_id: 'account', pwd: PASSWORD },
  org_details: {
    id: 'org',
    admin_details: [{ first_name: 'A', last_name: 'B', email: 'a@b.example', phone: '1' }],
  },
  attributes: { enabled: false },
};
const ID = 'https://contoso.vault.example:8443/certificates/issuers/ours';

const put = (vault: TestVault, body: unknown, name = 'ours') =>
  vault.call('SetCertificateIssuer', { params: { 'issuer-name': name }, body });
const patch = (vault: TestVault, body?: unknown) =>
  vault.call('UpdateCertificateIssuer', { params, body });
const get = (vault: TestVault) => vault.call('GetCertificateIssuer', { params });

/** What a provider is asked with once a certificate of this issuer is due. */
async function accountUsed(vault: TestVault): Promise<unknown> {
  const policy = { ...{ x509_props: { subject: 'CN=web' } }, issuer: { name: 'ours' } };
  const name = `c${vault.clock.now()}`;
  const call = { params: { name }, body: { policy } };
  assert.equal((await vault.call('CreateCertificate', call)).status, 202);
  vault.clock.advance(2000);
  const asked: IssueRequest[] = [];
  const issue = async (request: IssueRequest) => {
    asked.push(request);
    return { kind: 'failed', code: 'No', message: 'no' } as const;
  };
  await doDueWork({
    ...{ ...vault.options, resources: vault.resources },
    issuerProviders: [{ provider: 'Test', issue }],
    audit: async () => undefined,
    logError: (_name, cause) => assert.fail(String(cause)),
  });
  return asked[0]?.account;
}

describe("an issuer's password", () => {
  test('is in no answer, whoever asks for the issuer in whatever way', async () => {
    const vault = await openTestVault();
    const answers = [
      await put(vault, WHOLE),
      await put(vault, WHOLE),
      await patch(vault, { credentials: { pwd: PASSWORD } }),
      await get(vault),
      await vault.call('GetCertificateIssuers'),
      await vault.call('DeleteCertificateIssuer', { params }),
    ];
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      assert.equal(JSON.stringify(body).includes('hunter2'), false);
      assert.equal(JSON.stringify(body).includes('pwd'), false);
    }
  });

  test('is not in the refusal of one that is too long', async () => {
    const vault = await openTestVault();
    const pwd = `hunter2${'x'.repeat(4090)}`;
    const { status, body } = await put(vault, { provider: 'Test', credentials: { pwd } });
    assert.equal(status, 400);
    assert.equal(body.error.message, 'Property credentials.pwd has invalid value\r\n');
  });

  test('stays with an issuer whose account or anything else is changed', async () => {
    const vault = await openTestVault();
    await put(vault, { ...WHOLE, attributes: { enabled: true } });
    await patch(vault, { credentials: { account_id: 'other' }, attributes: { enabled: true } });
    const account = await accountUsed(vault);
    assert.partialDeepStrictEqual(account, { accountId: 'other', password: PASSWORD });
    await patch(vault, { credentials: { pwd: 'new' } });
    const after = await accountUsed(vault);
    assert.partialDeepStrictEqual(after, { accountId: 'other', password: 'new' });
  });

  test('does not outlive a PUT that gives none', async () => {
    const vault = await openTestVault();
    await put(vault, WHOLE);
    const replaced = await put(vault, { provider: 'Test' });
    assert.equal('credentials' in replaced.body, false);
    assert.equal('org_details' in replaced.body, false);
    const text = JSON.stringify(await accountUsed(vault));
    assert.equal(text.includes('hunter2') || text.includes('"account"'), false, text);
  });
});

test('an issuer is shown as Azure prints it, under the name of the first PUT', async () => {
  const vault = await openTestVault();
  const first = await put(vault, WHOLE);
  const created = vault.clock.now() / 1000;
  assert.deepEqual(first.body, {
    id: ID,
    provider: 'Test',
    credentials: { account_id: 'account' },
    org_details: { id: 'org', zip: 0, admin_details: WHOLE.org_details.admin_details },
    attributes: { enabled: false, created, updated: created },
  });
  assert.deepEqual((await get(vault)).body, first.body);
  vault.clock.advance(5000);
  const second = await put(vault, { provider: 'Other' }, 'OURS');
  assert.deepEqual(second.body, {
    ...{ id: ID, provider: 'Other' },
    attributes: { enabled: true, created, updated: created + 5 },
  });
});

test('a PATCH changes what it names, and without a body nothing but the date', async () => {
  const vault = await openTestVault();
  const { body: before } = await put(vault, WHOLE);
  vault.clock.advance(5000);
  const attributes = { ...before.attributes, updated: before.attributes.updated + 5 };
  for (const body of [undefined, null, {}, { credentials: null, org_details: null }]) {
    assert.deepEqual((await patch(vault, body)).body, { ...before, attributes });
  }
  assert.deepEqual((await patch(vault, { provider: 'Other' })).body, {
    ...{ ...before, provider: 'Other', attributes },
  });
  const organization = await patch(vault, { org_details: { id: 'org2' } });
  assert.deepEqual(organization.body.org_details, { ...before.org_details, id: 'org2' });
  const administrators = await patch(vault, { org_details: { admin_details: [{ phone: '2' }] } });
  assert.deepEqual(administrators.body.org_details, {
    ...{ id: 'org2', zip: 0, admin_details: [{ phone: '2' }] },
  });
  const enabled = await patch(vault, { attributes: { enabled: true } });
  assert.equal(enabled.body.attributes.enabled, true);
  assert.deepEqual((await get(vault)).body, enabled.body);
});

test('an issuer that is not there is not found, and none is made by changing it', async () => {
  const vault = await openTestVault();
  for (const id of ['GetCertificateIssuer', 'DeleteCertificateIssuer', 'UpdateCertificateIssuer']) {
    const { status, body } = await vault.call(id, { params, body: { provider: 'Test' } });
    assert.deepEqual([status, body.error.code], [404, 'CertificateIssuerNotFound'], id);
  }
  assert.deepEqual((await vault.call('GetCertificateIssuers')).body.value, []);
});

test('a deleted issuer is gone, with its password', async () => {
  const vault = await openTestVault();
  const { body } = await put(vault, WHOLE);
  const deleted = await vault.call('DeleteCertificateIssuer', { params });
  assert.deepEqual([deleted.status, deleted.body], [200, body]);
  assert.equal((await get(vault)).status, 404);
  const patched = await patch(vault, { attributes: { enabled: true } });
  assert.equal(patched.status, 404);
});

test('issuers are listed by name and provider alone, page by page', async () => {
  const vault = await openTestVault();
  for (const name of ['b', 'A', 'c']) await put(vault, WHOLE, name);
  const seen: unknown[] = [];
  let query: Record<string, string> = { maxresults: '2' };
  for (;;) {
    const { body } = await vault.call('GetCertificateIssuers', { query });
    seen.push(body.value);
    if (body.nextLink === null) break;
    query = Object.fromEntries(new URL(body.nextLink).searchParams);
  }
  const item = (name: string) => ({ id: ID.replace('ours', name), provider: 'Test' });
  assert.deepEqual(seen, [[item('A'), item('b')], [item('c')]]);
});

test('what a policy means by Self and Unknown is no name of an issuer, in any case', async () => {
  const vault = await openTestVault();
  for (const name of ['Self', 'self', 'UNKNOWN', 'unknown']) {
    const { status, body } = await put(vault, { provider: 'Test' }, name);
    assert.deepEqual([status, body.error?.code], [400, 'BadParameter'], name);
  }
  for (const name of ['selfish', 'unknowns']) {
    assert.equal((await put(vault, { provider: 'Test' }, name)).status, 200);
  }
});

describe('what an issuer may have ends', () => {
  const text = (count: number) => 'x'.repeat(count);
  const people = (count: number) => Array.from({ length: count }, () => ({ first_name: 'A' }));
  const accepted: Record<string, object> = {
    'with a provider of 127 characters': { provider: text(127) },
    'with an account of 256': { provider: 'T', credentials: { account_id: text(256) } },
    'with a password of 4096': { provider: 'T', credentials: { pwd: text(4096) } },
    'with 50 administrators': { provider: 'T', org_details: { admin_details: people(50) } },
  };
  const refused: Record<string, object> = {
    'before no provider': {},
    'before an empty provider': { provider: '' },
    'before a provider of 128 characters': { provider: text(128) },
    'before an account of 257': { provider: 'T', credentials: { account_id: text(257) } },
    'before a password of 4097': { provider: 'T', credentials: { pwd: text(4097) } },
    'before an organization of 257': { provider: 'T', org_details: { id: text(257) } },
    'before 51 administrators': { provider: 'T', org_details: { admin_details: people(51) } },
    'before half a surrogate pair': { provider: 'T', credentials: { account_id: '\ud800' } },
    'before an enabled that is text': { provider: 'T', attributes: { enabled: 'true' } },
  };
  for (const [what, body] of Object.entries(accepted)) {
    test(what, async () => assert.equal((await put(await openTestVault(), body)).status, 200));
  }
  for (const [what, body] of Object.entries(refused)) {
    test(what, async () => {
      const vault = await openTestVault();
      const answer = await put(vault, body);
      assert.deepEqual([answer.status, answer.body.error?.code], [400, 'BadParameter']);
      assert.equal((await get(vault)).status, 404, 'nothing was kept');
    });
  }
});

describe('the contacts of a vault', () => {
  const setContacts = (vault: TestVault, contacts: unknown) =>
    vault.call('SetCertificateContacts', { body: { contacts } });
  const contact = { email: 'a@b.example', name: 'A', phone: '1' };

  test('are one list, replaced as a whole and not found once deleted', async () => {
    const vault = await openTestVault();
    const notFound = async (id: string) => {
      const { status, body } = await vault.call(id);
      assert.deepEqual([status, body.error?.code], [404, 'ContactsNotFound'], id);
    };
    await notFound('GetCertificateContacts');
    await notFound('DeleteCertificateContacts');
    const id = 'https://contoso.vault.example:8443/certificates/contacts';
    const set = await setContacts(vault, [contact, { email: 'c@d', name: null, phone: null }]);
    const contacts = [contact, { email: 'c@d' }];
    assert.deepEqual([set.status, set.body], [200, { id, contacts }]);
    assert.deepEqual((await vault.call('GetCertificateContacts')).body, set.body);
    const replaced = await setContacts(vault, [{ email: 'e@f' }]);
    assert.deepEqual(replaced.body.contacts, [{ email: 'e@f' }]);
    const deleted = await vault.call('DeleteCertificateContacts');
    assert.deepEqual(deleted.body, replaced.body);
    await notFound('GetCertificateContacts');
    assert.deepEqual((await setContacts(vault, null)).body, { id, contacts: [] });
    assert.equal((await vault.call('GetCertificateContacts')).status, 200, 'an empty list is one');
  });

  test('hold no address that would change the header of a mail', async () => {
    const bad = [
      ...['', 'a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b c', 'a@b\r\nBcc: x@y', 'a@b,c@d', 'a@b;c@d'],
      ...['<a@b>', 'A <a@b>', '"a"@b', 'a@[192.0.2.1]', 'a(b)@c', 'a:b@c', 'a\\@b', 'a@b\t'],
      ...[`${'x'.repeat(65)}@b`, `a@${'x'.repeat(254)}`],
    ];
    const vault = await openTestVault();
    for (const email of bad) {
      const { status, body } = await setContacts(vault, [contact, { email }]);
      assert.deepEqual([status, body.error?.code], [400, 'BadParameter'], email);
    }
    assert.equal((await vault.call('GetCertificateContacts')).status, 404, 'nothing was kept');
    const longest = `${'x'.repeat(64)}@${'y'.repeat(253)}`;
    assert.equal((await setContacts(vault, [{ email: longest }])).status, 200);
  });

  test('hold no control character in an address', async () => {
    const vault = await openTestVault();
    for (const email of ['a@b\0', 'a\u0001@b', 'a@b\u007f', 'a\ud800@b']) {
      assert.equal((await setContacts(vault, [{ email }])).status, 400, JSON.stringify(email));
    }
  });

  test('are a hundred at most, with names and numbers of 256 characters', async () => {
    const vault = await openTestVault();
    const list = (count: number) => Array.from({ length: count }, (_, i) => ({ email: `a${i}@b` }));
    assert.equal((await setContacts(vault, list(100))).status, 200);
    assert.equal((await setContacts(vault, list(101))).status, 400);
    for (const property of ['name', 'phone']) {
      const of = (count: number) => [{ email: 'a@b', [property]: 'x'.repeat(count) }];
      assert.equal((await setContacts(vault, of(256))).status, 200, property);
      assert.equal((await setContacts(vault, of(257))).status, 400, property);
      const half = [{ email: 'a@b', [property]: '\ud800' }];
      assert.equal((await setContacts(vault, half)).status, 400, property);
    }
    assert.equal((await setContacts(vault, [{ name: 'A' }])).status, 400, 'no address');
  });
});
