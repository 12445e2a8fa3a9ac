import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import {
  addPassword,
  createApplication,
  createServicePrincipal,
  updateServicePrincipal,
} from '#directory';
import { newGuid, parseJson, z } from '#kernel';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

let tenant: Tenant;
before(async () => {
  tenant = await openTenant();
});

interface Asked {
  readonly path?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask({ path, form, headers }: Asked = {}): Promise<TestAnswer> {
  const { automation } = tenant.made;
  return tenant.call({
    url: `${tenant.urls.login}${path ?? `/${tenant.tenantId}/oauth2/v2.0/token`}`,
    ...(headers ? { headers } : {}),
    form: {
      grant_type: 'client_credentials',
      client_id: automation.clientId,
      client_secret: automation.clientSecret,
      scope: `${tenant.urls.vaultResource}/.default`,
      ...form,
    },
  });
}

function codes(answer: TestAnswer): unknown {
  return [answer.status, answer.body.error, answer.body.error_codes];
}

function claimsOf(answer: TestAnswer): Record<string, unknown> {
  const payload = z.string().parse(answer.body.access_token).split('.')[1] ?? '';
  const json = parseJson(Buffer.from(payload, 'base64url').toString());
  return z.record(z.string(), z.unknown()).parse(json);
}

describe('a right secret', () => {
  test('gets a token that a stranger’s validator accepts with our published keys', async () => {
    const answer = await ask();
    assert.equal(answer.status, 200);
    const token = z.string().parse(answer.body.access_token);
    const keys = await tenant.call({ url: `${tenant.urls.login}/common/discovery/v2.0/keys` });
    const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }).parse(keys.body);
    const verified = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: `${tenant.urls.login}/${tenant.tenantId}/`,
      audience: tenant.urls.vaultResource,
      typ: 'JWT',
      algorithms: ['RS256'],
      currentDate: new Date(tenant.clock.now()),
    });
    const { automation } = tenant.made;
    const { payload } = verified;
    assert.equal(payload.oid, automation.objectId);
    assert.equal(payload.sub, automation.objectId);
    assert.equal(payload.appid, automation.clientId);
    assert.equal(payload.appidacr, '1');
    assert.equal(payload.idtyp, 'app');
    assert.equal(payload.tid, tenant.tenantId);
    assert.equal(payload.ver, '1.0');
    assert.equal(typeof payload.aud, 'string');
  });

  test('v2.0 and adfs answer with numbers, v1 with strings', async () => {
    const v2 = await ask();
    assert.deepEqual([v2.body.expires_in, v2.body.token_type], [3599, 'Bearer']);
    const resource = tenant.urls.management;
    const v1 = await ask({ path: `/${tenant.tenantId}/oauth2/token`, form: { resource } });
    assert.equal(v1.body.expires_in, '3599');
    assert.equal(v1.body.resource, resource);
    const nowS = tenant.clock.now() / 1000;
    assert.equal(v1.body.expires_on, String(nowS + 3599));
    for (const form of [{}, { resource }]) {
      const adfs = await ask({ path: '/adfs/oauth2/token', form });
      assert.equal(adfs.body.expires_in, 3599);
    }
  });

  test('no cache may keep the answer', async () => {
    const { headers } = await ask();
    assert.match(headers['Cache-Control'] ?? '', /no-store/);
  });

  test('works in a Basic header, form-encoded as RFC 6749 wants', async () => {
    const { clientId, clientSecret } = tenant.made.automation;
    const basic = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64');
    const headers = { authorization: `Basic ${basic}` };
    const answer = await ask({ headers, form: { client_id: '', client_secret: '' } });
    assert.equal(answer.status, 200);
  });

  test('the tenant may be named by GUID, domain or adfs, and must be ours', async () => {
    for (const name of [tenant.tenantId.toUpperCase(), 'test.localhost', 'adfs']) {
      assert.equal((await ask({ path: `/${name}/oauth2/token` })).status, 200, name);
    }
    const other = await ask({ path: `/${newGuid()}/oauth2/v2.0/token` });
    assert.deepEqual(codes(other), [400, 'invalid_request', [90002]]);
    for (const name of ['common', 'organizations']) {
      const none = await ask({ path: `/${name}/oauth2/v2.0/token` });
      assert.deepEqual(codes(none), [400, 'invalid_request', [50059]], name);
    }
  });
});

describe('the resource', () => {
  test('exactly one /.default is cut off, so az’s double slash keeps its slash', async () => {
    const scope = `${tenant.urls.management}//.default`;
    const answer = await ask({ form: { scope } });
    assert.equal(claimsOf(answer).aud, `${tenant.urls.management}/`);
  });

  test('Go’s OpenID scopes beside it are ignored', async () => {
    const scope = `${tenant.urls.graph}/.default openid offline_access profile`;
    assert.equal(claimsOf(await ask({ form: { scope } })).aud, tenant.urls.graph);
  });

  test('every name of the vault resource is known', async () => {
    for (const name of [
      'https://vault.localhost:8443',
      'https://vault.localhost',
      'https://vault.azure.net',
      'cfa8b339-82a2-471a-a3c9-0fc0be7a4093',
    ]) {
      assert.equal(claimsOf(await ask({ form: { scope: `${name}/.default` } })).aud, name);
    }
  });

  test('an unknown resource is refused, never replaced by a default', async () => {
    for (const name of [
      'https://vault.evil.test',
      newGuid(),
      'https://vault.localhost.evil.test',
    ]) {
      const answer = await ask({ form: { scope: `${name}/.default` } });
      assert.deepEqual(codes(answer), [400, 'invalid_resource', [500011]], name);
    }
  });

  test('a scope without /.default, none, or two resources are refused', async () => {
    const { vaultResource, graph } = tenant.urls;
    for (const scope of [vaultResource, `${vaultResource}/.default ${graph}/.default`, 'openid']) {
      const answer = await ask({ form: { scope } });
      assert.deepEqual(codes(answer), [400, 'invalid_scope', [1002012]], scope);
    }
    const missing = await ask({ form: { scope: '' } });
    assert.deepEqual(codes(missing), [400, 'invalid_request', [900144]]);
  });
});

describe('refusals', () => {
  test('a wrong secret, none, one of another application, and the key id instead', async () => {
    const wrong = { client_secret: 'x'.repeat(43) };
    assert.deepEqual(codes(await ask({ form: wrong })), [401, 'invalid_client', [7000215]]);
    const { secretText } = await registered('other');
    const foreign = { client_secret: secretText };
    assert.deepEqual(codes(await ask({ form: foreign })), [401, 'invalid_client', [7000215]]);
    const application = tenant.directory.applicationByAppId(tenant.made.automation.clientId);
    const [password] = application?.passwordCredentials ?? [];
    for (const near of [password?.keyId ?? '', password?.secretHash ?? '', password?.hint ?? '']) {
      assert.equal((await ask({ form: { client_secret: near } })).status, 401);
    }
  });

  test('an expired secret is told apart only by who knows it', async () => {
    const { appId, secretText } = await registered('brief', 60_000);
    tenant.clock.advance(60_000);
    const answer = await ask({ form: { client_id: appId, client_secret: secretText } });
    assert.deepEqual(codes(answer), [401, 'invalid_client', [7000222]]);
    const guess = await ask({ form: { client_id: appId, client_secret: 'guess' } });
    assert.deepEqual(codes(guess), [401, 'invalid_client', [7000215]]);
  });

  test('an unknown application, one without a principal, a disabled one', async () => {
    const unknown = await ask({ form: { client_id: newGuid() } });
    assert.deepEqual(codes(unknown), [400, 'unauthorized_client', [700016]]);
    const { appId, secretText, principalId } = await registered('soon disabled');
    const form = { client_id: appId, client_secret: secretText };
    assert.equal((await ask({ form })).status, 200);
    await updateServicePrincipal(tenant.view, principalId, { accountEnabled: false });
    assert.deepEqual(codes(await ask({ form })), [400, 'unauthorized_client', [7000112]]);
  });

  test('a public client of Microsoft’s has no secret to be guessed', async () => {
    const form = { client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46', client_secret: '' };
    assert.equal((await ask({ form })).status, 401);
  });

  test('a grant type that is missing or unknown', async () => {
    const missing = await ask({ form: { grant_type: '' } });
    assert.deepEqual(codes(missing), [400, 'invalid_request', [900144]]);
    const unknown = await ask({ form: { grant_type: 'constructor' } });
    assert.deepEqual(codes(unknown), [400, 'unsupported_grant_type', [70003]]);
  });

  test('carry Entra’s whole shape and the caller’s correlation id, and no secret', async () => {
    const id = newGuid();
    const answer = await ask({
      headers: { 'client-request-id': id },
      form: { client_secret: 'hunter2hunter2' },
    });
    const { body } = answer;
    assert.match(String(body.error_description), /^AADSTS7000215: .*\r\nTrace ID: .*\r\nCorr/);
    assert.match(String(body.timestamp), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
    assert.equal(body.correlation_id, id);
    assert.equal(answer.headers['client-request-id'], id);
    assert.ok(!answer.text.includes('hunter2'));
    assert.ok(!JSON.stringify(tenant.outcomes.at(-1)?.reason ?? null).includes('hunter2'));
  });

  test('oversize and malformed forms are refused in shape', async () => {
    const long = await ask({ form: { scope: 'x'.repeat(20_000) } });
    assert.deepEqual(codes(long), [400, 'invalid_request', [9002313]]);
    for (const claims of ['{', '[]', '{"access_token":7}', '{"access_token":{"xms_cc":{}}}']) {
      assert.deepEqual(codes(await ask({ form: { claims } })), [400, 'invalid_request', [50029]]);
    }
  });
});

async function registered(displayName: string, lifetimeMs?: number) {
  const { view, clock } = tenant;
  const { id, appId } = await createApplication(view, { displayName }, clock);
  const principal = await createServicePrincipal(view, { appId, displayName }, clock);
  const endDateTime =
    lifetimeMs === undefined ? undefined : new Date(clock.now() + lifetimeMs).toISOString();
  const { secretText } = await addPassword(view, { id, password: { endDateTime } }, clock);
  return { appId, secretText, principalId: principal.id };
}
