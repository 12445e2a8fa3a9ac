// What a certificate's policy may be: each limit at its edge and beyond, what is filled up, and
// what a change leaves as it was.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeVault, openTestVault, type TestVault } from '../vault.fixture.ts';

const params = { name: 'web' };
const x509 = (more: object = {}) => ({ x509_props: { subject: 'CN=web', ...more } });
const key = (key_props: object) => ({ ...x509(), key_props });
const actions = (...lifetime_actions: object[]) => ({ ...x509(), lifetime_actions });
const renew = (trigger: object, action_type = 'AutoRenew') => ({
  trigger,
  action: { action_type },
});
const many = (count: number, text = 'x') => Array.from({ length: count }, (_, i) => `${text}${i}`);

async function create(vault: TestVault, policy: object, apiVersion?: string) {
  const version = apiVersion === undefined ? {} : { apiVersion };
  return await vault.call('CreateCertificate', { params, body: { policy }, ...version });
}

/** The policy as it is shown after a creation with an issuer that waits for a merge. */
async function policyOf(vault: TestVault, apiVersion = '2026-04-01') {
  const { status, body } = await vault.call('GetCertificatePolicy', { params, apiVersion });
  assert.equal(status, 200);
  return body;
}

async function created(policy: object): Promise<TestVault> {
  const vault = await openTestVault();
  const answer = await create(vault, policy);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return vault;
}

const accepted: Record<string, object> = {
  'an RSA key of 4096 bits': key({ kty: 'RSA', key_size: 4096 }),
  'an RSA key of 3072 bits': key({ kty: 'RSA', key_size: 3072 }),
  'a curve without a size': key({ kty: 'EC', crv: 'P-384' }),
  'a curve with its size': key({ kty: 'EC', crv: 'P-521', key_size: 521 }),
  'P-256K with 256 bits': key({ kty: 'EC', crv: 'P-256K', key_size: 256 }),
  'no subject but an alternative name': x509({ subject: '', sans: { dns_names: ['web.example'] } }),
  'a hundred alternative names': x509({ sans: { dns_names: many(100, 'host') } }),
  'a validity of a month': { ...x509({ validity_months: 1 }), ...{ lifetime_actions: [] } },
  'a validity of 100 years': x509({ validity_months: 1200 }),
  'a renewal after 1 %': actions(renew({ lifetime_percentage: 1 })),
  'a renewal after 99 %': actions(renew({ lifetime_percentage: 99 })),
  'a renewal a day before the end': actions(renew({ days_before_expiry: 1 })),
  'a renewal as early as 27 days for each month': actions(renew({ days_before_expiry: 324 })),
  'one action of each kind': actions(
    renew({ lifetime_percentage: 80 }),
    renew({ days_before_expiry: 9 }, 'EmailContacts'),
  ),
  'a null for everything that may be': {
    ...x509({ sans: null, ekus: null, key_usage: null, validity_months: null }),
    ...{ key_props: null, secret_props: null, lifetime_actions: null, issuer: null },
    ...{ attributes: null, platformManaged: null },
  },
  'metadata of 4096 bytes': {
    ...x509(),
    platformManaged: { certificateUsage: 'web', metadata: { a: 'x'.repeat(4096 - 8) } },
  },
  'an issuer type of 256 characters': { ...x509(), issuer: { cty: 'x'.repeat(256) } },
};

const KEY_SIZE = 'policy.key_props.key_size';
const ACTIONS = 'policy.lifetime_actions';
const refused: Record<string, readonly [object, RegExp]> = {
  'no x509_props': [{}, /^Property policy\.x509_props has/],
  'an RSA key of 1024 bits': [key({ kty: 'RSA', key_size: 1024 }), RegExp(`Property ${KEY_SIZE} `)],
  'an RSA key of 2049 bits': [key({ kty: 'RSA', key_size: 2049 }), RegExp(`Property ${KEY_SIZE} `)],
  'the size of another curve': [
    key({ kty: 'EC', crv: 'P-256', key_size: 384 }),
    RegExp(`Property ${KEY_SIZE} `),
  ],
  'a key that leaves its HSM': [
    key({ kty: 'RSA-HSM', exportable: true }),
    /^Property policy\.key_props\.exportable has/,
  ],
  'an unknown kind of key': [key({ kty: 'oct' }), /policy\.key_props\.kty/],
  'an unknown curve': [key({ kty: 'EC', crv: 'P-192' }), /policy\.key_props\.crv/],
  'a renewal after 0 %': [actions(renew({ lifetime_percentage: 0 })), RegExp(ACTIONS)],
  'a renewal after 100 %': [actions(renew({ lifetime_percentage: 100 })), RegExp(ACTIONS)],
  'a renewal 0 days before the end': [actions(renew({ days_before_expiry: 0 })), RegExp(ACTIONS)],
  'a renewal earlier than 27 days for each month': [
    actions(renew({ days_before_expiry: 325 })),
    RegExp(ACTIONS),
  ],
  'both triggers in one action': [
    actions(renew({ lifetime_percentage: 80, days_before_expiry: 9 })),
    RegExp(ACTIONS),
  ],
  'an action without a trigger': [actions(renew({})), RegExp(ACTIONS)],
  'two actions of one kind': [
    actions(renew({ lifetime_percentage: 80 }), renew({ days_before_expiry: 9 })),
    RegExp(ACTIONS),
  ],
  'three actions': [
    actions(renew({ lifetime_percentage: 80 }), ...many(2).map(() => renew({}, 'EmailContacts'))),
    RegExp(ACTIONS),
  ],
  'an unknown action': [actions(renew({ lifetime_percentage: 80 }, 'Shred')), RegExp(ACTIONS)],
  'a validity of no month': [x509({ validity_months: 0 }), /policy\.x509_props\.validity_months/],
  'a validity of 1201 months': [
    x509({ validity_months: 1201 }),
    /policy\.x509_props\.validity_months/,
  ],
  'half a month': [x509({ validity_months: 1.5 }), /policy\.x509_props\.validity_months/],
  'neither subject nor name': [x509({ subject: ' ' }), /Invalid X\.500 distinguished name/],
  'empty lists of names and no subject': [
    x509({ subject: '', sans: { dns_names: [] } }),
    /Invalid X\.500 distinguished name/,
  ],
  'a subject that is none': [x509({ subject: 'web' }), /Invalid X\.500 distinguished name/],
  '101 alternative names': [x509({ sans: { dns_names: many(101) } }), /sans\.dns_names/],
  'an empty alternative name': [x509({ sans: { emails: [''] } }), /sans\.emails/],
  'an alternative name of 2049 characters': [
    x509({ sans: { uris: ['x'.repeat(2049)] } }),
    /sans\.uris/,
  ],
  'a subject of 4097 characters': [
    x509({ subject: `CN=${'x'.repeat(4094)}` }),
    /x509_props.subject/,
  ],
  'half a surrogate pair in the subject': [x509({ subject: 'CN=\ud800' }), /x509_props.subject/],
  '33 extended usages': [x509({ ekus: many(33, '1.3.6.') }), /x509_props\.ekus/],
  'an extended usage that is no identifier': [x509({ ekus: ['web'] }), /policy\.x509_props/],
  'an unknown key usage': [x509({ key_usage: ['signEverything'] }), /x509_props\.key_usage/],
  '33 key usages': [x509({ key_usage: many(33).map(() => 'cRLSign') }), /x509_props\.key_usage/],
  'an address that is none': [x509({ sans: { ipAddresses: ['1.2.3'] } }), /policy\.x509_props/],
  'another form of secret': [
    { ...x509(), secret_props: { contentType: 'text/plain' } },
    /policy\.secret_props\.contentType/,
  ],
  'an issuer without a name': [{ ...x509(), issuer: { name: '' } }, /policy\.issuer\.name/],
  'an issuer of 128 characters': [
    { ...x509(), issuer: { name: 'x'.repeat(128) } },
    /policy\.issuer\.name/,
  ],
  'an issuer type of 257 characters': [
    { ...x509(), issuer: { cty: 'x'.repeat(257) } },
    /policy\.issuer\.cty/,
  ],
  'metadata of 4097 bytes': [
    {
      ...x509(),
      platformManaged: { certificateUsage: 'web', metadata: { a: 'x'.repeat(4097 - 8) } },
    },
    /policy\.platformManaged\.metadata/,
  ],
  'an exportable that is text': [key({ exportable: 'false' }), /policy\.key_props\.exportable/],
};

for (const [what, policy] of Object.entries(accepted)) {
  test(`a policy may have ${what}`, async () => {
    const vault = await created(policy);
    assert.equal((await policyOf(vault)).attributes.enabled, true);
  });
}

for (const [what, [policy, message]] of Object.entries(refused)) {
  test(`a policy may not have ${what}`, async () => {
    const vault = await openTestVault();
    const { status, body } = await create(vault, policy);
    assert.deepEqual([status, body.error?.code], [400, 'BadParameter']);
    assert.match(body.error.message, message);
    assert.equal((await vault.call('GetCertificate', { params })).status, 404, 'nothing was kept');
  });
}

describe('what a policy leaves open', () => {
  test('is an unknown issuer, whose contacts are told at 80 %', async () => {
    const vault = await created(x509());
    const { issuer, lifetime_actions } = await policyOf(vault);
    assert.deepEqual(issuer, { name: 'Unknown' });
    const trigger = { lifetime_percentage: 80 };
    assert.deepEqual(lifetime_actions, [renew(trigger, 'EmailContacts')]);
  });

  test('is a key that may leave, but for one in an HSM, which stays there', async () => {
    const soft = await policyOf(await created(key({ kty: 'EC' })));
    assert.deepEqual(soft.key_props, {
      ...{ exportable: true, kty: 'EC', key_size: 256, reuse_key: false, crv: 'P-256' },
    });
    const hard = await policyOf(await created(key({ kty: 'EC-HSM', crv: 'P-384' })));
    assert.equal(hard.key_props.exportable, false);
    assert.equal(hard.key_props.key_size, 384);
  });

  test('is not filled up where it was given, even with nothing', async () => {
    const given = { ekus: [], key_usage: [], basic_constraints: { ca: true } };
    const { x509_props, lifetime_actions } = await policyOf(
      await created({ ...x509({ ...given, key_usage: ['keyCertSign'] }), lifetime_actions: [] }),
    );
    assert.deepEqual(x509_props.ekus, []);
    assert.deepEqual(x509_props.key_usage, ['keyCertSign']);
    assert.deepEqual(x509_props.basic_constraints, { ca: true });
    assert.deepEqual(lifetime_actions, []);
  });
});

test('key usages are understood in any case, and shown once each, sorted, in theirs', async () => {
  const key_usage = ['KEYENCIPHERMENT', 'digitalSignature', 'keyEncipherment', 'dataencipherment'];
  const { x509_props } = await policyOf(await created(x509({ key_usage })));
  assert.deepEqual(x509_props.key_usage, [
    ...['dataEncipherment', 'digitalSignature', 'keyEncipherment'],
  ]);
});

test('Self and Unknown are meant in any case; other names are issuers of the vault', async () => {
  for (const [name, shown] of [
    ['sELF', 'Self'],
    ['UNKNOWN', 'Unknown'],
  ]) {
    const vault = await created({ ...x509(), issuer: { name } });
    assert.equal((await policyOf(vault)).issuer.name, shown);
  }
  const vault = await openTestVault();
  const { status, body } = await create(vault, { ...x509(), issuer: { name: 'Selfish' } });
  assert.deepEqual([status, body.error.code], [404, 'CertificateIssuerNotFound']);
  assert.equal(body.error.message, 'Issuer Selfish not found');
});

test('a key in an HSM is for Premium vaults, at creation as by a change', async () => {
  const vault = await openTestVault(makeVault({ sku: 'standard' }));
  const refused = await create(vault, key({ kty: 'RSA-HSM' }));
  assert.equal(refused.status, 403);
  assert.equal((await create(vault, key({ kty: 'RSA' }))).status, 202);
  const body = { key_props: { kty: 'EC-HSM', exportable: false } };
  const changed = await vault.call('UpdateCertificatePolicy', { params, body });
  assert.equal(changed.status, 403);
  assert.equal(changed.body.error.message, refused.body.error.message);
  assert.equal((await policyOf(vault)).key_props.kty, 'RSA');
});

describe('a change of a policy', () => {
  const whole = {
    key_props: { kty: 'EC', crv: 'P-384', exportable: false, reuse_key: true },
    secret_props: { contentType: 'application/x-pem-file' },
    x509_props: {
      subject: 'CN=web',
      sans: { dns_names: ['a.example'] },
      ekus: ['1.3.6.1.5.5.7.3.1'],
      key_usage: ['digitalSignature'],
      validity_months: 6,
      basic_constraints: { ca: false },
    },
    lifetime_actions: [renew({ days_before_expiry: 9 }, 'EmailContacts')],
    issuer: { name: 'Unknown', cty: 'EV', cert_transparency: false },
    attributes: { enabled: false },
  };
  const change = async (vault: TestVault, body: object) => {
    vault.clock.advance(5000);
    const answer = await vault.call('UpdateCertificatePolicy', { params, body });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };

  test('that names nothing changes nothing but its date', async () => {
    const vault = await created(whole);
    const before = await policyOf(vault);
    const after = await change(vault, {});
    assert.equal(after.attributes.updated - before.attributes.updated, 5);
    assert.deepEqual(after, {
      ...before,
      attributes: { ...before.attributes, updated: after.attributes.updated },
    });
    assert.deepEqual(await policyOf(vault), after);
  });

  const named: Record<string, object> = {
    subject: { x509_props: { subject: 'CN=other' } },
    names: { x509_props: { sans: { emails: ['a@b.example'] } } },
    'extended usages': { x509_props: { ekus: [] } },
    usages: { x509_props: { key_usage: ['cRLSign'] } },
    validity: { x509_props: { validity_months: 7 } },
    constraints: { x509_props: { basic_constraints: { ca: true }, key_usage: ['keyCertSign'] } },
    'the form of the secret': { secret_props: { contentType: 'application/x-pkcs12' } },
    actions: { lifetime_actions: [renew({ lifetime_percentage: 50 })] },
    issuer: { issuer: { name: 'Self' } },
    'being enabled': { attributes: { enabled: true } },
    'whether a key is used again': { key_props: { reuse_key: false } },
    'whether a key may leave': { key_props: { exportable: true } },
    'the kind of key': { key_props: { kty: 'RSA', key_size: 3072 } },
    curve: { key_props: { crv: 'P-521' } },
  };
  for (const [what, body] of Object.entries(named)) {
    test(`replaces ${what} and leaves the rest`, async () => {
      const vault = await created(whole);
      const before = await policyOf(vault);
      const after = await change(vault, body);
      const [part = '', properties] = Object.entries(body)[0] ?? [];
      const others = Object.keys(whole).filter((name) => name !== part && name !== 'attributes');
      for (const name of others) assert.deepEqual(after[name], before[name], name);
      assert.partialDeepStrictEqual(after[part], properties);
      assert.notDeepEqual(after[part], before[part]);
    });
  }

  test('to another kind of key does not take over size and curve', async () => {
    const vault = await created(whole);
    const rsa = await change(vault, { key_props: { kty: 'RSA' } });
    assert.deepEqual(rsa.key_props, {
      ...{ exportable: false, kty: 'RSA', key_size: 2048, reuse_key: true },
    });
    const curve = await change(vault, { key_props: { kty: 'EC' } });
    assert.deepEqual([curve.key_props.key_size, curve.key_props.crv], [256, 'P-256']);
  });

  test('is refused as a creation would be, and then changes nothing', async () => {
    const vault = await created(whole);
    const before = await policyOf(vault);
    const bodies = [
      { x509_props: { subject: 'web' } },
      // Nine days before the end is fine, but not half a year before the end of a month.
      { x509_props: { validity_months: 1 }, lifetime_actions: [renew({ days_before_expiry: 28 })] },
      { key_props: { key_size: 2048 } },
      { lifetime_actions: [renew({ lifetime_percentage: 0 })] },
    ];
    for (const body of bodies) {
      const answer = await vault.call('UpdateCertificatePolicy', { params, body });
      assert.deepEqual([answer.status, answer.body.error?.code], [400, 'BadParameter']);
    }
    assert.deepEqual(await policyOf(vault), before);
  });

  test('is not found where there is no certificate', async () => {
    const vault = await openTestVault();
    const answer = await vault.call('UpdateCertificatePolicy', { params, body: {} });
    assert.deepEqual([answer.status, answer.body.error.code], [404, 'CertificateNotFound']);
  });
});

test('URIs and addresses are shown from 2025-07-01, the usage from 2026-04-01', async () => {
  const sans = { dns_names: ['a.example'], uris: ['urn:a:b'], ipAddresses: ['192.0.2.1'] };
  const platformManaged = { certificateUsage: 'web', metadata: { a: [1] } };
  const vault = await created({ ...x509({ sans }), platformManaged });
  const shown = async (version: string) => {
    const policy = await policyOf(vault, version);
    return [policy.x509_props.sans, policy.platformManaged];
  };
  assert.deepEqual(await shown('7.6'), [{ dns_names: ['a.example'] }, undefined]);
  assert.deepEqual(await shown('2025-07-01'), [sans, undefined]);
  assert.deepEqual(await shown('2026-04-01'), [sans, platformManaged]);
});

test('any policy that is taken is shown as it can be sent again, without a change', async () => {
  const vault = await openTestVault();
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,9}\.example$/), {
    maxLength: 5,
  });
  const policies = fc.record(
    {
      key_props: fc.constantFrom(
        ...[{ kty: 'RSA', key_size: 2048 }, { kty: 'EC' }, { kty: 'EC', crv: 'P-521' }],
      ),
      x509_props: fc.record(
        {
          subject: fc.stringMatching(/^CN=[A-Za-z][A-Za-z ,+"\\]{0,5}[A-Za-z]$/),
          sans: fc.record({ dns_names: names }),
          validity_months: fc.integer({ min: 1, max: 1200 }),
          key_usage: fc.subarray(['digitalSignature', 'keyEncipherment', 'nonRepudiation']),
        },
        { requiredKeys: ['subject'] },
      ),
      lifetime_actions: fc.array(
        fc.record({
          trigger: fc.record({ lifetime_percentage: fc.integer({ min: 1, max: 99 }) }),
          action: fc.record({ action_type: fc.constantFrom('AutoRenew', 'EmailContacts') }),
        }),
        { maxLength: 1 },
      ),
    },
    { requiredKeys: ['x509_props'] },
  );
  assert.equal((await create(vault, x509())).status, 202);
  const property = fc.asyncProperty(policies, async (policy) => {
    const first = await vault.call('UpdateCertificatePolicy', { params, body: policy });
    fc.pre(first.status === 200);
    const again = await vault.call('UpdateCertificatePolicy', { params, body: first.body });
    assert.deepEqual(again.body, first.body);
  });
  await fc.assert(property, { numRuns: 100 });
});
