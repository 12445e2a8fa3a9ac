import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import {
  changeFederatedCredentials,
  createApplication,
  createManagedIdentity,
  createServicePrincipal,
  deleteHost,
  deleteManagedIdentity,
  type Host,
  putHost,
  type ServicePrincipal,
  updateServicePrincipal,
} from '#directory';
import { newGuid, parseJson, z } from '#kernel';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

const MACHINE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.HybridCompute/machines/web';
const IDENTITIES = '/subscriptions/s/resourcegroups/g/providers/P/userAssignedIdentities';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let tenant: Tenant;
let key: KeyObject;
let host: Host;
let own: ServicePrincipal;
let worker: ServicePrincipal;

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (publicKey: KeyObject) =>
  publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const endpoint = (segment = tenant.tenantId) =>
  `${tenant.urls.login}/${segment}/oauth2/managed-identity/token`;

function makeIdentity(name: string, resourceId = `${IDENTITIES}/${name}`) {
  return createManagedIdentity(tenant.view, { resourceId, displayName: name }, tenant.clock);
}

beforeEach(async () => {
  tenant = await openTenant();
  const pair = newKey();
  key = pair.privateKey;
  own = await makeIdentity('web', MACHINE);
  worker = await makeIdentity('worker');
  host = {
    id: newGuid(),
    resourceId: MACHINE,
    publicKey: spki(pair.publicKey),
    systemAssignedPrincipalId: own.id,
    userAssignedPrincipalIds: [worker.id],
  };
  await putHost(tenant.view, host);
});

interface Assertion {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signer?: KeyObject;
  readonly header?: Readonly<Record<string, unknown>>;
}

function assertionOf({ claims, signer = key, header }: Assertion = {}): Promise<string> {
  const nowS = Math.floor(tenant.clock.now() / 1000);
  const all = {
    ...{ iss: MACHINE, sub: MACHINE, aud: endpoint(), jti: randomUUID() },
    ...{ iat: nowS, exp: nowS + 120, ...claims },
  };
  const defined = Object.entries(all).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(defined))
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(signer);
}

async function ask(
  form: Readonly<Record<string, string>> = {},
  assertion?: string,
): Promise<TestAnswer> {
  return tenant.call({
    url: endpoint(),
    form: {
      client_assertion_type: JWT_BEARER,
      client_assertion: assertion ?? (await assertionOf()),
      resource: tenant.urls.vaultResource,
      ...form,
    },
  });
}

function claimsOf(answer: TestAnswer): Record<string, unknown> {
  assert.equal(answer.status, 200, answer.text);
  const payload = z.string().parse(answer.body.access_token).split('.')[1] ?? '';
  return z
    .record(z.string(), z.unknown())
    .parse(parseJson(Buffer.from(payload, 'base64url').toString()));
}

function opens(answer: TestAnswer): boolean {
  try {
    const header = `Bearer ${z.string().parse(answer.body.access_token)}`;
    tenant.authenticator.authenticate(header, tenant.audiences.vault);
    return true;
  } catch {
    return false;
  }
}

async function refused(assertion: Assertion | string): Promise<void> {
  const text = typeof assertion === 'string' ? assertion : await assertionOf(assertion);
  const answer = await ask({}, text);
  assert.equal(answer.status, 401, JSON.stringify(assertion));
  assert.equal(answer.body.error, 'invalid_client');
  assert.match(z.string().parse(answer.body.error_description), /not that of a registered machine/);
}

describe('a registered machine', () => {
  test('gets a token for its own identity, good for less than an hour', async () => {
    const answer = await ask();
    const claims = claimsOf(answer);
    assert.deepEqual(
      [claims.oid, claims.appid, claims.idtyp, claims.appidacr, claims.ver],
      [own.id, own.appId, 'app', '2', '1.0'],
    );
    assert.equal(claims.xms_mirid, MACHINE);
    assert.equal(claims.xms_az_rid, MACHINE);
    assert.equal(claims.aud, tenant.urls.vaultResource);
    assert.ok(Number(claims.exp) - Number(claims.iat) <= 3600);
    assert.ok(opens(answer));
  });

  test('gets it in the form that IMDS has: times as strings, both of them', async () => {
    const { body, headers } = await ask();
    const nowS = Math.floor(tenant.clock.now() / 1000);
    assert.equal(body.expires_in, '3599');
    assert.equal(body.expires_on, String(nowS + 3599));
    assert.equal(body.token_type, 'Bearer');
    assert.equal(body.client_id, own.appId);
    assert.equal(body.resource, tenant.urls.vaultResource);
    assert.match(headers['Cache-Control'] ?? '', /no-store/);
  });

  test('names a user-assigned identity by client id, object id or resource id', async () => {
    for (const form of [
      { client_id: worker.appId.toUpperCase() },
      { object_id: worker.id },
      { msi_res_id: `${IDENTITIES}/WORKER` },
    ]) {
      const claims = claimsOf(await ask(form));
      assert.equal(claims.oid, worker.id);
      assert.equal(claims.xms_mirid, `${IDENTITIES}/worker`);
      assert.equal(claims.xms_az_rid, MACHINE);
    }
  });

  test('without one of its own gets its only one, and has to choose among several', async () => {
    const { systemAssignedPrincipalId: _, ...rest } = host;
    await putHost(tenant.view, rest);
    assert.equal(claimsOf(await ask()).oid, worker.id);
    const other = await makeIdentity('other');
    await putHost(tenant.view, { ...rest, userAssignedPrincipalIds: [worker.id, other.id] });
    const several = await ask();
    assert.equal(several.status, 400);
    assert.match(several.text, /Multiple user assigned identities exist/);
    await putHost(tenant.view, { ...rest, userAssignedPrincipalIds: [] });
    assert.match((await ask()).text, /Identity not found/);
  });

  test('is served under every name of its tenant, and under none of another', async () => {
    const call = async (segment: string, aud: string) =>
      (
        await tenant.call({
          url: endpoint(segment),
          form: {
            client_assertion_type: JWT_BEARER,
            client_assertion: await assertionOf({ claims: { aud } }),
            resource: tenant.urls.vaultResource,
          },
        })
      ).status;
    assert.equal(await call('test.localhost', endpoint()), 200);
    assert.equal(await call('adfs', endpoint('adfs')), 200);
    assert.equal(await call('common', endpoint('common')), 400);
    assert.equal(await call(randomUUID(), endpoint()), 400);
  });

  test('may say that it understands claims challenges', async () => {
    const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });
    assert.deepEqual(claimsOf(await ask({ claims })).xms_cc, ['cp1']);
  });

  test('gets a token for an application that is a resource', async () => {
    const { view, clock } = tenant;
    const made = await createApplication(
      view,
      { displayName: 'api', identifierUris: ['api://orders'] },
      clock,
    );
    await createServicePrincipal(view, { appId: made.appId, displayName: 'api' }, clock);
    assert.equal(claimsOf(await ask({ resource: 'api://orders' })).aud, 'api://orders');
  });

  test('leaves its sign-ins in the audit log, with machine and identity', async () => {
    await ask({ client_id: worker.appId });
    const outcome = tenant.outcomes.at(-1);
    assert.deepEqual(outcome?.details, {
      grantType: 'managed_identity',
      clientId: worker.appId,
      resource: tenant.urls.vaultResource,
      host: MACHINE,
      credential: 'certificate',
      servicePrincipalId: worker.id,
    });
  });
});

describe('no token is given', () => {
  test('for an identity that the machine does not have, however it is named', async () => {
    const foreign = await makeIdentity('foreign');
    for (const form of [
      { client_id: foreign.appId },
      { object_id: foreign.id },
      { msi_res_id: `${IDENTITIES}/foreign` },
      { client_id: tenant.made.automation.clientId },
      { object_id: tenant.made.administrator.objectId },
      { client_id: '' },
    ]) {
      const answer = await ask(form);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /Identity not found/);
    }
  });

  test('for an identity named twice', async () => {
    const answer = await ask({ client_id: worker.appId, object_id: own.id });
    assert.equal(answer.status, 400);
    assert.match(answer.text, /by one of client_id/);
  });

  test('for a resource that nobody registered', async () => {
    for (const resource of ['https://evil.example', 'https://vault.azure.net.evil.example']) {
      const answer = await ask({ resource });
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_resource']);
    }
  });

  test('for an identity that was disabled or deleted, and what it had is refused', async () => {
    const before = await ask({ client_id: worker.appId });
    assert.ok(opens(before));
    await updateServicePrincipal(tenant.view, worker.id, { accountEnabled: false });
    assert.equal(opens(before), false);
    assert.match((await ask({ client_id: worker.appId })).text, /AADSTS7000112/);
    await deleteManagedIdentity(tenant.view, worker.id);
    assert.match((await ask({ client_id: worker.appId })).text, /Identity not found/);
    assert.equal(opens(before), false);
  });

  test('to a machine that lost the identity, and what it had is refused', async () => {
    const before = await ask({ client_id: worker.appId });
    await putHost(tenant.view, { ...host, userAssignedPrincipalIds: [] });
    assert.equal(opens(before), false);
    assert.match((await ask({ client_id: worker.appId })).text, /Identity not found/);
  });

  test('to a machine that was deleted, and what it had is refused', async () => {
    const before = await ask({ client_id: worker.appId });
    await deleteHost(tenant.view, host.id);
    assert.equal(opens(before), false);
    await refused({});
  });

  test('to a machine that was registered anew, for tokens of the old registration', async () => {
    const before = await ask();
    await deleteHost(tenant.view, host.id);
    await putHost(tenant.view, { ...host, id: newGuid() });
    assert.equal(opens(before), false);
    assert.ok(opens(await ask()));
  });
});

describe('an assertion is refused', () => {
  test('when another machine’s key signed it', async () => {
    const other = newKey();
    const elsewhere = `${MACHINE}-2`;
    await putHost(tenant.view, {
      id: newGuid(),
      resourceId: elsewhere,
      publicKey: spki(other.publicKey),
      userAssignedPrincipalIds: [],
    });
    await refused({ signer: other.privateKey });
    await refused({ claims: { iss: elsewhere, sub: elsewhere } });
  });

  test('when it was used before', async () => {
    const assertion = await assertionOf();
    assert.equal((await ask({}, assertion)).status, 200);
    await refused(assertion);
    tenant.clock.advance(100_000);
    await refused(assertion);
  });

  test('when it is for another endpoint, tenant or server', async () => {
    const { login } = tenant.urls;
    for (const aud of [
      `${login}/${tenant.tenantId}/oauth2/v2.0/token`,
      endpoint(randomUUID()),
      endpoint('common'),
      'https://elsewhere.example',
      undefined,
    ]) {
      await refused({ claims: { aud } });
    }
  });

  test('when it is expired, from the future, without times, or good for long', async () => {
    const nowS = Math.floor(tenant.clock.now() / 1000);
    await refused({ claims: { exp: nowS - 61 } });
    await refused({ claims: { nbf: nowS + 120 } });
    await refused({ claims: { exp: nowS + 361 } });
    await refused({ claims: { exp: undefined } });
    await refused({ claims: { iat: undefined } });
    await refused({ claims: { jti: undefined } });
    await refused({ claims: { jti: 'short' } });
    await refused({ claims: { jti: 'x'.repeat(65) } });
    assert.equal((await ask({}, await assertionOf({ claims: { exp: nowS - 59 } }))).status, 200);
  });

  test('when it speaks for somebody else', async () => {
    await refused({ claims: { sub: `${MACHINE}-2` } });
    await refused({ claims: { sub: undefined } });
    await refused({ claims: { iss: 'x' } });
    await refused({ claims: { iss: undefined } });
  });

  test('when it is not signed with ES256: no `none`, no HMAC of the public key', async () => {
    const [, payload = ''] = (await assertionOf()).split('.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    await refused(`${encode({ alg: 'none' })}.${payload}.`);
    const content = `${encode({ alg: 'HS256' })}.${payload}`;
    for (const secret of [host.publicKey, Buffer.from(host.publicKey, 'base64')]) {
      const mac = createHmac('sha256', secret).update(content).digest('base64url');
      await refused(`${content}.${mac}`);
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await refused({ signer: rsa.privateKey, header: { alg: 'RS256' } });
  });

  test('when it brings its own key along', async () => {
    const other = newKey();
    const jwk = other.publicKey.export({ format: 'jwk' });
    await refused({ signer: other.privateKey, header: { jwk } });
    await refused({ signer: other.privateKey, header: { jku: 'https://evil.example/keys' } });
  });

  test('when it was changed, or is no assertion', async () => {
    const [header, , signature] = (await assertionOf()).split('.');
    const nowS = Math.floor(tenant.clock.now() / 1000);
    const payload = { iss: MACHINE, sub: MACHINE, aud: endpoint(), iat: nowS, exp: nowS + 60 };
    const changed = Buffer.from(JSON.stringify({ ...payload, jti: randomUUID() }));
    await refused(`${header}.${changed.toString('base64url')}.${signature}`);
    for (const text of ['x', 'x.y.z', '..', '{}']) await refused(text);
  });

  test('when its form is another’s, or there is none', async () => {
    const type = await ask({ client_assertion_type: 'other' });
    assert.match(type.text, /AADSTS900145/);
    for (const parameter of ['client_assertion', 'resource']) {
      assert.match((await ask({ [parameter]: '' })).text, /AADSTS900144/);
    }
    assert.equal((await ask({ client_assertion: 'x'.repeat(8193) })).status, 400);
  });

  test('and why stands in the audit log, not in the answer', async () => {
    const answer = await ask({}, await assertionOf({ signer: newKey().privateKey }));
    assert.doesNotMatch(answer.text, /signature/);
    assert.match(JSON.stringify(tenant.outcomes.at(-1)), /signature verification failed/);
    await ask({ client_id: 'foreign' });
    const refused = JSON.stringify(tenant.outcomes.at(-1));
    assert.ok(refused.includes('managed_identity') && refused.includes(MACHINE));
    assert.ok(refused.includes('foreign'));
  });
});

describe('a user-assigned identity by a token of an outside issuer', () => {
  const issuer = 'https://kubernetes.example';
  const trusted = {
    id: 'trust',
    name: 'workload',
    issuer,
    subject: 'system:serviceaccount:ns:worker',
    audiences: ['api://AzureADTokenExchange'],
    description: null,
  };
  const outside = newKey();

  beforeEach(async () => {
    const jwks = { keys: [{ ...outside.publicKey.export({ format: 'jwk' }), kid: 'k' }] };
    await changeFederatedCredentials(tenant.view, worker.id, () => [{ ...trusted, jwks }]);
  });

  async function exchange(claims: Readonly<Record<string, unknown>> = {}, signer?: KeyObject) {
    const assertion = await assertionOf({
      claims: { iss: issuer, sub: trusted.subject, aud: trusted.audiences[0], ...claims },
      header: { kid: 'k' },
      signer: signer ?? outside.privateKey,
    });
    return tenant.call({
      url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
      form: {
        grant_type: 'client_credentials',
        client_id: worker.appId,
        client_assertion_type: JWT_BEARER,
        client_assertion: assertion,
        scope: `${tenant.urls.vaultResource}/.default`,
      },
    });
  }

  test('gets a token, which names no machine and dies with the credential', async () => {
    const answer = await exchange();
    const claims = claimsOf(answer);
    assert.deepEqual([claims.oid, claims.appidacr], [worker.id, '2']);
    assert.equal(claims.xms_mirid, `${IDENTITIES}/worker`);
    assert.equal(claims.xms_az_rid, undefined);
    assert.ok(opens(answer));
    await changeFederatedCredentials(tenant.view, worker.id, () => []);
    assert.equal(opens(answer), false);
    assert.match((await exchange()).text, /AADSTS700211/);
  });

  test('may show the same token again until it expires', async () => {
    const jti = 'the-same-as-before';
    assert.equal((await exchange({ jti })).status, 200);
    assert.equal((await exchange({ jti })).status, 200);
  });

  test('is refused for another issuer, subject, audience or key', async () => {
    assert.match((await exchange({ iss: `${issuer}/` })).text, /AADSTS700211/);
    assert.match((await exchange({ sub: 'system:serviceaccount:ns:x' })).text, /AADSTS700213/);
    assert.match((await exchange({ aud: 'api://other' })).text, /AADSTS700212/);
    assert.match((await exchange({}, newKey().privateKey)).text, /AADSTS5001256/);
  });

  test('has no other way in: no secret and no machine’s assertion', async () => {
    const url = `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`;
    const scope = `${tenant.urls.vaultResource}/.default`;
    const form = { grant_type: 'client_credentials', client_id: worker.appId, scope };
    for (const secret of [{}, { client_secret: '' }, { client_secret: 'x' }]) {
      assert.equal((await tenant.call({ url, form: { ...form, ...secret } })).status, 401);
    }
    const assertion = await assertionOf({ claims: { aud: url } });
    const asHost = { client_assertion_type: JWT_BEARER, client_assertion: assertion };
    assert.notEqual((await tenant.call({ url, form: { ...form, ...asHost } })).status, 200);
  });
});
