// What clients read before they sign in. Test names carry the quirks of real clients
// (`azure/clients.md` §0–§2).
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { rollSigningKeys } from '#directory';
import { newGuid, z } from '#kernel';
import { openTenant, type Tenant } from '#test/kit/tenant.ts';

let tenant: Tenant;
before(async () => {
  tenant = await openTenant();
});

const get = (path: string) => tenant.call({ url: `${tenant.urls.login}${path}` });
const KEYS = z.object({ keys: z.array(z.object({ kid: z.string() })) });

describe('OpenID configuration', () => {
  const paths = () => [
    `/${tenant.tenantId}/v2.0/.well-known/openid-configuration`,
    '/test.localhost/v2.0/.well-known/openid-configuration',
    '/common/v2.0/.well-known/openid-configuration',
    '/organizations/v2.0/.well-known/openid-configuration',
    '/adfs/.well-known/openid-configuration',
    `/${tenant.tenantId}/.well-known/openid-configuration`,
  ];

  test('JS, Python and Go: the endpoints each of them requires are there', async () => {
    for (const path of paths()) {
      const { body } = await get(path);
      for (const name of ['authorization_endpoint', 'token_endpoint', 'issuer', 'jwks_uri']) {
        assert.match(String(body[name]), /^https:\/\/login\.localhost:8443\//, `${path} ${name}`);
      }
    }
  });

  test('JS 16.13 and MSAL-Go 1.9: issuer has scheme, host and port of the authority', async () => {
    for (const path of paths()) {
      const { body } = await get(path);
      assert.equal(new URL(String(body.issuer)).origin, tenant.urls.login, path);
    }
  });

  test('common and organizations: the issuer holds the placeholder {tenantid}', async () => {
    for (const name of ['common', 'organizations']) {
      const { body } = await get(`/${name}/v2.0/.well-known/openid-configuration`);
      assert.equal(body.issuer, `${tenant.urls.login}/{tenantid}/v2.0`);
      assert.equal(body.token_endpoint, `${tenant.urls.login}/${name}/oauth2/v2.0/token`);
    }
  });

  test('JS and Go derive the device endpoint from the token endpoint, and it is that', async () => {
    for (const path of paths()) {
      const { body } = await get(path);
      const derived = String(body.token_endpoint).replace(/\/token$/, '/devicecode');
      assert.equal(body.device_authorization_endpoint, derived, path);
    }
  });

  test('the adfs alias names its own paths, which .NET and Java hard-code', async () => {
    const { body } = await get('/adfs/.well-known/openid-configuration');
    assert.equal(body.token_endpoint, `${tenant.urls.login}/adfs/oauth2/token`);
    assert.equal(body.authorization_endpoint, `${tenant.urls.login}/adfs/oauth2/authorize`);
    assert.equal(body.device_authorization_endpoint, `${tenant.urls.login}/adfs/oauth2/devicecode`);
  });

  test('a doubled slash and unknown query parameters do not matter', async () => {
    const path = `/${tenant.tenantId}/v2.0/.well-known/openid-configuration`;
    for (const form of [`/${path}`, `${path}?client-request-id=x&appid=y`, `${path}?`]) {
      assert.equal((await get(form)).status, 200, form);
    }
  });

  test('a tenant of others is not found', async () => {
    const answer = await get(`/${newGuid()}/v2.0/.well-known/openid-configuration`);
    assert.deepEqual(
      [answer.status, answer.body.error, answer.body.error_codes],
      [400, 'invalid_tenant', [90002]],
    );
  });
});

describe('keys', () => {
  test('are the same under every path, cached for an hour at most, and open to pages', async () => {
    const paths = [
      `/${tenant.tenantId}/discovery/v2.0/keys`,
      `/${tenant.tenantId}/discovery/keys`,
      '/common/discovery/v2.0/keys',
      '/adfs/discovery/keys',
    ];
    const all = await Promise.all(paths.map(get));
    for (const { body, headers } of all) {
      assert.deepEqual(body, all[0]?.body);
      assert.match(headers['Cache-Control'] ?? '', /max-age=3600/);
      assert.equal(headers['Access-Control-Allow-Origin'], '*');
    }
  });

  test('hold the next key already, and after an emergency no old one', async () => {
    const path = `/${tenant.tenantId}/discovery/v2.0/keys`;
    const before = KEYS.parse((await get(path)).body).keys.map(({ kid }) => kid);
    assert.equal(before.length, 2);
    await rollSigningKeys(tenant.view, tenant.clock);
    const after = KEYS.parse((await get(path)).body).keys.map(({ kid }) => kid);
    assert.ok(after.every((kid) => !before.includes(kid)));
  });
});

describe('instance discovery, where DNS sends login.microsoftonline.com here', () => {
  const ask = (authorization_endpoint: string) => {
    const query = new URLSearchParams({ 'api-version': '1.1', authorization_endpoint });
    return get(`/common/discovery/instance?${query}`);
  };

  test('names the tenant asked for, and host and port of our own', async () => {
    const { body } = await ask(`${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/authorize`);
    assert.equal(
      body.tenant_discovery_endpoint,
      `${tenant.urls.login}/${tenant.tenantId}/v2.0/.well-known/openid-configuration`,
    );
    assert.equal(body['api-version'], '1.1');
    assert.deepEqual(body.metadata, [
      {
        preferred_network: 'login.localhost:8443',
        preferred_cache: 'login.localhost:8443',
        aliases: ['login.localhost:8443'],
      },
    ]);
  });

  test('Python drops the port in its question; the answer has it all the same', async () => {
    const { body } = await ask('https://login.localhost/common/oauth2/v2.0/authorize');
    assert.equal(
      body.tenant_discovery_endpoint,
      `${tenant.urls.login}/common/v2.0/.well-known/openid-configuration`,
    );
  });

  test('another host in the question is not led anywhere', async () => {
    const { body } = await ask('https://evil.example/x/oauth2/v2.0/authorize');
    assert.ok(String(body.tenant_discovery_endpoint).startsWith(`${tenant.urls.login}/`));
  });
});

describe('the realm of a user', () => {
  test('Go: all four of its fields, under its own spelling UserRealm', async () => {
    for (const name of ['userrealm', 'UserRealm']) {
      const { body } = await get(`/common/${name}/ann@test.localhost?api-version=1.0`);
      assert.deepEqual(body, {
        ver: '1.0',
        account_type: 'Managed',
        domain_name: 'test.localhost',
        cloud_instance_name: 'login.localhost:8443',
        cloud_audience_urn: 'urn:federation:MicrosoftOnline',
      });
    }
  });

  test('of another domain is unknown', async () => {
    const { body } = await get('/common/userrealm/ann@elsewhere.example?api-version=1.0');
    assert.equal(body.account_type, 'Unknown');
  });
});

describe('webfinger', () => {
  const REALM = 'http://schemas.microsoft.com/rel/trusted-realm';
  const ask = (resource: string) =>
    get(`/.well-known/webfinger?rel=${REALM}&resource=${encodeURIComponent(resource)}`);

  test('.NET in ADFS mode: the link is the address it asked for, letter by letter', async () => {
    for (const resource of ['https://login.localhost', 'https://LOGIN.localhost:8443']) {
      const { body } = await ask(resource);
      assert.deepEqual(body.links, [{ rel: REALM, href: resource }]);
    }
  });

  test('trusts no other host', async () => {
    for (const resource of ['https://evil.example', 'nonsense', '']) {
      assert.equal((await ask(resource)).status, 404, resource);
    }
  });
});
