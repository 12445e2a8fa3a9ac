import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { createApplication, createServicePrincipal, updateApplication } from '#directory';
import { newGuid, z } from '#kernel';
import { automationHeader, openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import { type CertificateIdentity, makeIdentity } from './certificate-identity.fixture.ts';

let tenant: Tenant;
let own: CertificateIdentity;
let stranger: CertificateIdentity;
let appId: string;
let applicationId: string;

before(async () => {
  tenant = await openTenant();
  [own, stranger] = await Promise.all([makeIdentity(), makeIdentity()]);
  const { view, clock } = tenant;
  const application = await createApplication(view, { displayName: 'worker' }, clock);
  ({ appId, id: applicationId } = application);
  await createServicePrincipal(view, { appId, displayName: 'worker' }, clock);
  await updateApplication(view, applicationId, {
    keyCredentials: [
      {
        keyId: newGuid(),
        displayName: null,
        type: 'AsymmetricX509Cert',
        usage: 'Verify',
        certificate: own.certificate.raw.toString('base64'),
        startDateTime: '2025-01-01T00:00:00Z',
        endDateTime: '2027-01-01T00:00:00Z',
      },
    ],
  });
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sha1 = ({ certificate }: CertificateIdentity) =>
  createHash('sha1').update(certificate.raw).digest();
const sha256 = ({ certificate }: CertificateIdentity) =>
  createHash('sha256').update(certificate.raw).digest();
const tokenUrl = () => `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`;

interface Assertion {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signer?: CertificateIdentity;
}

async function assertionOf({ header, claims, signer = own }: Assertion = {}): Promise<string> {
  const nowS = tenant.clock.now() / 1000;
  const allHeader = { alg: 'RS256', typ: 'JWT', x5t: sha1(own).toString('base64url'), ...header };
  const payload = {
    iss: appId,
    sub: appId,
    aud: tokenUrl(),
    exp: nowS + 600,
    jti: 'always-the-same',
    ...claims,
  };
  const signed = Buffer.from(`${encode(allHeader)}.${encode(payload)}`);
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', signer.key));
  const key = { key: pkcs8, format: 'der', type: 'pkcs8' } as const;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const signature = sign('sha256', signed, allHeader.alg === 'PS256' ? { ...key, ...pss } : key);
  return `${signed}.${signature.toString('base64url')}`;
}

function present(assertion: string, form: Readonly<Record<string, string>> = {}) {
  return tenant.call({
    url: tokenUrl(),
    form: {
      grant_type: 'client_credentials',
      client_id: appId,
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      scope: `${tenant.urls.vaultResource}/.default`,
      ...form,
    },
  });
}

const codes = ({ status, body }: TestAnswer) => [
  status,
  z.array(z.int()).parse(body.error_codes)[0],
];

async function isAccepted(assertion: Assertion): Promise<boolean> {
  return (await present(await assertionOf(assertion))).status === 200;
}

describe('clients’ own ways to name their certificate are all understood', () => {
  const no = { x5t: undefined };
  const der = () => own.certificate.raw.toString('base64');
  const ways: Readonly<Record<string, () => Assertion>> = {
    'JS: PS256 with x5t#S256': () => ({
      header: { ...no, alg: 'PS256', 'x5t#S256': sha256(own).toString('base64url') },
    }),
    'Python: padded base64url and float times': () => ({
      header: { x5t: `${sha1(own).toString('base64url')}=` },
      claims: { exp: tenant.clock.now() / 1000 + 600.25, iat: tenant.clock.now() / 1000 + 0.5 },
    }),
    'Go: standard base64, nbf': () => ({
      header: { x5t: sha1(own).toString('base64') },
      claims: { nbf: tenant.clock.now() / 1000 },
    }),
    'Go 1.9: padded x5t#S256 with PS256': () => ({
      header: { ...no, alg: 'PS256', 'x5t#S256': `${sha256(own).toString('base64url')}=` },
    }),
    'Terraform: kid is the thumbprint, an hour to live': () => ({
      header: { ...no, kid: sha1(own).toString('base64url') },
      claims: { exp: tenant.clock.now() / 1000 + 3600 },
    }),
    'a thumbprint in hex': () => ({
      header: { ...no, kid: sha1(own).toString('hex').toUpperCase() },
    }),
    'only x5c': () => ({ header: { ...no, x5c: [der()] } }),
    'az: x5c with line breaks': () => ({
      header: { ...no, x5c: [der().replace(/.{64}/g, '$&\n')] },
    }),
    'Rust: x5c is base64 of PEM': () => ({
      header: { x5c: [Buffer.from(own.certificate.toString()).toString('base64')] },
    }),
  };
  for (const [name, assertion] of Object.entries(ways)) {
    test(name, async () => assert.ok(await isAccepted(assertion())));
  }

  test('the audience may be any name of our token endpoint', async () => {
    const { login } = tenant.urls;
    for (const path of [
      '/adfs/oauth2/token',
      '/common/oauth2/v2.0/token',
      '/test.localhost/v2.0',
    ]) {
      assert.ok(await isAccepted({ claims: { aud: `${login}${path}` } }), path);
    }
    assert.ok(await isAccepted({ claims: { aud: `${login}/${tenant.tenantId}/` } }));
  });

  test('JS sends one assertion again for each resource, and may', async () => {
    const assertion = await assertionOf();
    for (const scope of ['https://vault.azure.net/.default', `${tenant.urls.graph}/.default`]) {
      assert.equal((await present(assertion, { scope })).status, 200);
    }
  });

  test('the token says that a certificate was used', async () => {
    const answer = await present(await assertionOf());
    const token = z.string().parse(answer.body.access_token);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    assert.equal(claims.appidacr, '2');
  });
});

describe('an assertion is refused', () => {
  const refused = async (assertion: Assertion, code: number) =>
    assert.deepEqual(codes(await present(await assertionOf(assertion))), [401, code]);

  test('signed with a certificate that is not registered, even if it brings it along', async () => {
    const x5c = [stranger.certificate.raw.toString('base64')];
    const x5t = sha1(stranger).toString('base64url');
    await refused({ signer: stranger, header: { x5t, x5c } }, 700027);
    await refused({ signer: stranger, header: { x5t: undefined, x5c } }, 700027);
    await refused({ signer: stranger, header: { x5c } }, 700027);
    await refused({ header: { x5t: undefined } }, 700027);
  });

  test('when tampered with, by every third character', async () => {
    const assertion = await assertionOf();
    for (let at = 0; at < assertion.length; at += 31) {
      const other = assertion[at] === 'A' ? 'B' : 'A';
      const changed = assertion.slice(0, at) + other + assertion.slice(at + 1);
      assert.notEqual((await present(changed)).status, 200, `position ${at}`);
    }
  });

  test('for another audience, as if stolen from another service', async () => {
    const { login } = tenant.urls;
    for (const aud of [
      'https://login.microsoftonline.com/common/oauth2/v2.0/token',
      `${login}.evil.test/${tenant.tenantId}/oauth2/v2.0/token`,
      `${login}/${newGuid()}/oauth2/v2.0/token`,
      `${login}/${tenant.tenantId}/oauth2/v2.0/tokens`,
      login,
    ]) {
      await refused({ claims: { aud } }, 700023);
    }
  });

  test('out of its time, or alive for too long', async () => {
    const nowS = tenant.clock.now() / 1000;
    await refused({ claims: { exp: nowS - 301 } }, 700024);
    await refused({ claims: { nbf: nowS + 301 } }, 700024);
    await refused({ claims: { exp: nowS + 100_000 } }, 700024);
    await refused({ claims: { exp: 1e300 } }, 700024);
  });

  test('of another application', async () => {
    await refused({ claims: { iss: newGuid() } }, 700021);
    await refused({ claims: { sub: newGuid() } }, 700021);
    const { clientId } = tenant.made.automation;
    const answer = await present(await assertionOf(), { client_id: clientId });
    assert.deepEqual(codes(answer), [401, 700021]);
  });

  test('without a signature, with an HMAC, or of no form', async () => {
    const good = await assertionOf();
    const [, payload] = good.split('.');
    for (const alg of ['none', 'HS256']) {
      const header = encode({ alg, x5t: sha1(own).toString('base64url') });
      assert.deepEqual(codes(await present(`${header}.${payload}.`)), [400, 50027]);
    }
    for (const text of ['', 'x', 'a.b.c', '..', good.repeat(3)]) {
      assert.notEqual((await present(text)).status, 200);
    }
    const typed = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2' };
    assert.equal((await present(good, typed)).status, 400);
  });

  test('once its certificate is taken from the application', async () => {
    const { view } = tenant;
    const before = tenant.directory.application(applicationId)?.keyCredentials ?? [];
    const assertion = await assertionOf();
    const token = `Bearer ${(await present(assertion)).body.access_token}`;
    await updateApplication(view, applicationId, { keyCredentials: [] });
    assert.deepEqual(codes(await present(assertion)), [401, 700027]);
    assert.throws(() => tenant.authenticator.authenticate(token, tenant.audiences.vault));
    await updateApplication(view, applicationId, { keyCredentials: before });
  });
});

describe('federated credentials', () => {
  const issuer = 'https://kubernetes.test';
  const subject = 'system:serviceaccount:default:worker';
  const audience = 'api://AzureADTokenExchange';
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one' };

  before(async () => {
    await updateApplication(tenant.view, applicationId, {
      federatedIdentityCredentials: [
        {
          id: newGuid(),
          name: 'k8s',
          issuer,
          subject,
          audiences: [audience],
          description: null,
          jwks: { keys: [jwk] },
        },
      ],
    });
  });

  function external(claims: Readonly<Record<string, unknown>> = {}, header = {}): string {
    const exp = tenant.clock.now() / 1000 + 600;
    const all = { iss: issuer, sub: subject, aud: [audience], exp, ...claims };
    const signed = `${encode({ alg: 'ES256', kid: 'one', ...header })}.${encode(all)}`;
    const key = { key: keys.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  }

  test('a token of the trusted issuer signs in, also with a line break behind it', async () => {
    assert.equal((await present(external())).status, 200);
    assert.equal((await present(`${external()}\n`)).status, 200);
  });

  test('issuer, subject and audience must fit exactly', async () => {
    const cases: readonly [Readonly<Record<string, unknown>>, number][] = [
      [{ iss: `${issuer}/` }, 700211],
      [{ sub: `${subject}2` }, 700213],
      [{ aud: 'api://other' }, 700212],
      [{ exp: tenant.clock.now() / 1000 - 301 }, 700024],
    ];
    for (const [claims, code] of cases) {
      assert.deepEqual(codes(await present(external(claims))), [401, code]);
    }
  });

  test('another key, or none of that id, is refused', async () => {
    assert.deepEqual(codes(await present(external({}, { kid: 'two' }))), [401, 5001256]);
    const token = external();
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    assert.deepEqual(codes(await present(forged)), [401, 5001256]);
    const confused = external({}, { alg: 'RS256' });
    assert.deepEqual(codes(await present(confused)), [401, 5001256]);
  });

  test('who is trusted can be read and changed; tokens of the trust before are void', async () => {
    const graph = tenant.urls.graph;
    const headers = { authorization: await automationHeader(tenant, graph) };
    const url = `${graph}/v1.0/applications/${applicationId}/federatedIdentityCredentials/k8s`;
    const shown = await tenant.call({ url, headers });
    assert.deepEqual([shown.status, shown.body.subject], [200, subject]);
    const token = `Bearer ${(await present(external())).body.access_token}`;
    tenant.authenticator.authenticate(token, tenant.audiences.vault);
    tenant.clock.advance(2000);
    const patch = (json: object) => tenant.call({ url, headers, method: 'PATCH', json });
    assert.equal((await patch({ name: 'other' })).status, 400);
    assert.equal((await patch({ name: 'k8s', subject: 'new' })).status, 204);
    assert.throws(() => tenant.authenticator.authenticate(token, tenant.audiences.vault));
    assert.deepEqual(codes(await present(external())), [401, 700213]);
    tenant.clock.advance(1000);
    assert.equal((await present(external({ sub: 'new' }))).status, 200);

    // Keys that came with one issuer do not vouch for another.
    assert.equal((await patch({ issuer: 'https://other.test' })).status, 204);
    const changed = await tenant.call({ url, headers });
    assert.equal(changed.body.jwks, undefined);
    assert.equal(changed.body.id, shown.body.id);
    assert.equal(changed.body.trustedSince, undefined);
    const missing = await tenant.call({ url: `${url}x`, headers });
    assert.equal(missing.status, 404);
  });
});
