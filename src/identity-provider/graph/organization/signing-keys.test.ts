import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUser } from '#directory';
import { newGuid, z } from '#kernel';
import { automationHeader, openTenant, type Tenant } from '#test/kit/tenant.ts';

const KEYS = z.object({ keys: z.array(z.object({ kid: z.string() })) });

const roll = (tenant: Tenant, authorization: string, id = tenant.tenantId) =>
  tenant.call({
    url: `${tenant.urls.graph}/v1.0/organization/${id}/rollSigningKeys`,
    method: 'POST',
    headers: { authorization },
  });

test('an emergency roll refuses every token at once, and new ones work', async () => {
  const tenant = await openTenant();
  const header = await automationHeader(tenant, tenant.urls.graph);
  const vault = await automationHeader(tenant, tenant.urls.vaultResource);
  const answer = await roll(tenant, header);
  assert.equal(answer.status, 200, answer.text);
  assert.throws(() => tenant.authenticator.authenticate(vault, tenant.audiences.vault));
  assert.equal((await roll(tenant, header)).status, 401);
  const shown = await tenant.call({ url: `${tenant.urls.login}/common/discovery/keys` });
  const kids = KEYS.parse(shown.body).keys.map(({ kid }) => kid);
  assert.deepEqual(kids, answer.body.published);
  assert.equal(kids[0], answer.body.kid);
  const next = await automationHeader(tenant, tenant.urls.vaultResource);
  tenant.authenticator.authenticate(next, tenant.audiences.vault);
});

test('is a Global Administrator’s alone, and of this tenant', async () => {
  const tenant = await openTenant();
  const userPrincipalName = 'ann@test.localhost';
  const passwordProfile = { password: 'Correct-Horse-7', forceChangePasswordNextSignIn: false };
  const input = { userPrincipalName, displayName: 'Ann', passwordProfile };
  await createUser(tenant.view, input, tenant.clock);
  const signedIn = await tenant.call({
    url: `${tenant.urls.login}/organizations/oauth2/v2.0/token`,
    form: {
      grant_type: 'password',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      username: userPrincipalName,
      password: 'Correct-Horse-7',
      scope: `${tenant.urls.graph}/.default`,
    },
  });
  assert.equal((await roll(tenant, `Bearer ${signedIn.body.access_token}`)).status, 403);
  const header = await automationHeader(tenant, tenant.urls.graph);
  assert.equal((await roll(tenant, header, newGuid())).status, 404);
  assert.equal((await roll(tenant, 'Bearer x')).status, 401);
  tenant.authenticator.authenticate(header, tenant.audiences.graph);
});
