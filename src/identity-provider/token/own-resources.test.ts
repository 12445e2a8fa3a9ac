// Tokens for applications of the tenant: names, versions, app roles, exposed scopes, consent.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  type Application,
  type ApplicationApi,
  addPassword,
  addReferences,
  assignAppRole,
  createApplication,
  createGroup,
  createServicePrincipal,
  createUser,
  DEFAULT_APP_ROLE,
  grantPermission,
  revokePermission,
  type ServicePrincipal,
  type User,
  unassignAppRole,
  updateApplication,
  updateServicePrincipal,
} from '#directory';
import { newGuid, parseJson, z } from '#kernel';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

const PASSWORD = 'Correct-Horse-7';

interface Registered {
  readonly application: Application;
  readonly principal: ServicePrincipal;
  readonly secret: string;
}

let tenant: Tenant;
let api: Registered;
let caller: Registered;
let user: User;
const readRole = newGuid();
const disabledRole = newGuid();
const scopes = { read: newGuid(), write: newGuid(), off: newGuid() };

const apiUri = () => `api://${api.application.appId}`;

async function register(displayName: string): Promise<Registered> {
  const { view, clock } = tenant;
  const made = await createApplication(view, { displayName, isFallbackPublicClient: true }, clock);
  const principal = await createServicePrincipal(view, { appId: made.appId, displayName }, clock);
  const { secretText } = await addPassword(view, { id: made.id, password: {} }, clock);
  return { application: made, principal, secret: secretText };
}

function exposing(changes: Partial<ApplicationApi> = {}): ApplicationApi {
  const text = { adminConsentDisplayName: null, adminConsentDescription: null };
  const more = { userConsentDisplayName: null, userConsentDescription: null };
  const scope = (value: string, id: string, isEnabled = true) => ({
    ...{ id, value, isEnabled, type: 'User' as const },
    ...{ ...text, ...more },
  });
  return {
    requestedAccessTokenVersion: null,
    oauth2PermissionScopes: [
      scope('Data.Read', scopes.read),
      scope('Data.Write', scopes.write),
      scope('Data.Off', scopes.off, false),
    ],
    preAuthorizedApplications: [],
    acceptMappedClaims: null,
    knownClientApplications: [],
    ...changes,
  };
}

const setApi = (changes: Partial<ApplicationApi>) =>
  updateApplication(tenant.view, api.application.id, { api: exposing(changes) });

before(async () => {
  tenant = await openTenant();
  [api, caller] = await Promise.all([register('the api'), register('a caller')]);
  const both = ['Application', 'User'];
  const role = { displayName: 'r', description: 'r', allowedMemberTypes: both };
  await updateApplication(tenant.view, api.application.id, {
    identifierUris: [apiUri(), 'https://Test.localhost/api'],
    api: exposing(),
    appRoles: [
      { ...role, id: readRole, value: 'Task.Read', isEnabled: true },
      { ...role, id: disabledRole, value: 'Task.Off', isEnabled: false },
    ],
  });
  const passwordProfile = { password: PASSWORD, forceChangePasswordNextSignIn: false };
  const input = { userPrincipalName: 'ann@test.localhost', displayName: 'Ann', passwordProfile };
  user = await createUser(tenant.view, input, tenant.clock);
});

function post(form: Readonly<Record<string, string>>, path = 'oauth2/v2.0/token') {
  return tenant.call({
    url: `${tenant.urls.login}/${tenant.tenantId}/${path}`,
    form: { client_id: caller.application.appId, ...form },
  });
}

const asApp = (name = apiUri(), form: Readonly<Record<string, string>> = {}) =>
  post({
    grant_type: 'client_credentials',
    client_secret: caller.secret,
    scope: `${name}/.default`,
    ...form,
  });

const asUser = (scope: string, form: Readonly<Record<string, string>> = {}) =>
  post({
    grant_type: 'password',
    username: user.userPrincipalName,
    password: PASSWORD,
    scope,
    ...form,
  });

function claimsOf(answer: TestAnswer, name = 'access_token'): Record<string, unknown> {
  assert.equal(answer.status, 200, answer.text);
  const payload = z.string().parse(answer.body[name]).split('.')[1] ?? '';
  const json = parseJson(Buffer.from(payload, 'base64url').toString());
  return z.record(z.string(), z.unknown()).parse(json);
}

const codeOf = ({ status, body }: TestAnswer) => [
  status,
  body.error,
  z.array(z.int()).parse(body.error_codes)[0],
];

describe('an own application as a resource', () => {
  test('is known by its client id and by each of its URIs, in any case', async () => {
    const { appId } = api.application;
    for (const [asked, audience] of [
      [appId, appId],
      [apiUri(), apiUri()],
      [apiUri().toUpperCase(), apiUri()],
      ['https://test.localhost/api', 'https://Test.localhost/api'],
    ] as const) {
      assert.equal(claimsOf(await asApp(asked)).aud, audience);
    }
  });

  test('is not known by a URI that it does not have, deleted or disabled', async () => {
    const { appId } = caller.application;
    for (const name of [`api://${appId}`, `${apiUri()}/`, `${apiUri()}x`, 'api://', 'api:']) {
      assert.deepEqual(codeOf(await asApp(name)), [400, 'invalid_resource', 500011], name);
    }
    await updateServicePrincipal(tenant.view, api.principal.id, { accountEnabled: false });
    assert.deepEqual(codeOf(await asApp()), [400, 'invalid_resource', 500011]);
    await updateServicePrincipal(tenant.view, api.principal.id, { accountEnabled: true });
    assert.equal((await asApp()).status, 200);
  });

  test('gets tokens of version 1 unless it asks for version 2', async () => {
    const one = claimsOf(await asApp());
    assert.deepEqual(
      [one.ver, one.iss, one.appid, one.appidacr],
      ['1.0', `${tenant.urls.login}/${tenant.tenantId}/`, caller.application.appId, '1'],
    );
    await setApi({ requestedAccessTokenVersion: 2 });
    const two = claimsOf(await asApp());
    assert.deepEqual(
      [two.ver, two.iss, two.aud, two.azp, two.azpacr, two.appid],
      [
        ...['2.0', `${tenant.urls.login}/${tenant.tenantId}/v2.0`, api.application.appId],
        ...[caller.application.appId, '1', undefined],
      ],
    );
    await setApi({});
  });

  test('opens none of our planes, in either version', async () => {
    for (const requestedAccessTokenVersion of [1, 2] as const) {
      await setApi({ requestedAccessTokenVersion });
      const header = `Bearer ${(await asApp()).body.access_token}`;
      for (const audience of Object.values(tenant.audiences)) {
        assert.throws(() => tenant.authenticator.authenticate(header, audience));
      }
    }
    await setApi({});
  });
});

describe('app roles', () => {
  const assign = (principalId: string, appRoleId: string) =>
    assignAppRole(
      tenant.view,
      { principalId, appRoleId, resourceId: api.principal.id },
      tenant.clock,
    );

  test('that an application holds are in its token, and no others', async () => {
    assert.equal(claimsOf(await asApp()).roles, undefined);
    const made = await assign(caller.principal.id, readRole);
    await assign(caller.principal.id, disabledRole);
    await assign(newGuid(), readRole);
    assert.deepEqual(claimsOf(await asApp()).roles, ['Task.Read']);
    assert.equal(claimsOf(await asApp(tenant.urls.management)).roles, undefined);
    await unassignAppRole(tenant.view, made.id);
    assert.equal(claimsOf(await asApp()).roles, undefined);
  });

  test('that a person holds directly or through a group are in his token', async () => {
    await setApi({
      preAuthorizedApplications: [
        { appId: caller.application.appId, delegatedPermissionIds: [scopes.read] },
      ],
    });
    const scope = `${apiUri()}/Data.Read`;
    assert.equal(claimsOf(await asUser(scope)).roles, undefined);
    const input = { displayName: 'g', mailNickname: 'g', securityEnabled: true };
    const group = await createGroup(tenant.view, input, tenant.clock);
    const outer = await createGroup(tenant.view, { ...input, displayName: 'o' }, tenant.clock);
    await addReferences(tenant.view, {
      kind: 'group',
      id: group.id,
      property: 'members',
      objectIds: [user.id],
    });
    await addReferences(tenant.view, {
      kind: 'group',
      id: outer.id,
      property: 'members',
      objectIds: [group.id],
    });
    // As in Entra, a group within a group hands no app role down.
    const nested = await assign(outer.id, readRole);
    assert.equal(claimsOf(await asUser(scope)).roles, undefined);
    await unassignAppRole(tenant.view, nested.id);
    await assign(group.id, readRole);
    assert.deepEqual(claimsOf(await asUser(scope)).roles, ['Task.Read']);
    await setApi({});
  });

  test('may be required: who has none gets no token, application or person', async () => {
    await updateServicePrincipal(tenant.view, api.principal.id, {
      appRoleAssignmentRequired: true,
    });
    const other = await register('not assigned');
    const client = { client_id: other.application.appId, client_secret: other.secret };
    assert.deepEqual(codeOf(await asApp(apiUri(), client)), [400, 'invalid_grant', 501051]);
    await assign(other.principal.id, DEFAULT_APP_ROLE);
    const admitted = claimsOf(await asApp(apiUri(), client));
    assert.equal(admitted.roles, undefined);
    await updateServicePrincipal(tenant.view, api.principal.id, {
      appRoleAssignmentRequired: false,
    });
    await updateServicePrincipal(tenant.view, caller.principal.id, {
      appRoleAssignmentRequired: true,
    });
    const vault = `${tenant.urls.vaultResource}/.default`;
    assert.deepEqual(codeOf(await asUser(vault)), [400, 'invalid_grant', 50105]);
    await updateServicePrincipal(tenant.view, caller.principal.id, {
      appRoleAssignmentRequired: false,
    });
    assert.equal((await asUser(vault)).status, 200);
  });
});

describe('exposed scopes', () => {
  const read = () => `${apiUri()}/Data.Read`;
  const consent = (scope: string, principalId: string | null) =>
    grantPermission(tenant.view, {
      clientId: caller.principal.id,
      consentType: principalId === null ? 'AllPrincipals' : 'Principal',
      principalId,
      resourceId: api.principal.id,
      scope,
    });

  test('need consent, given by one person for himself or by an administrator for all', async () => {
    assert.deepEqual(codeOf(await asUser(read())), [400, 'invalid_grant', 65001]);
    const others = await consent('Data.Read', newGuid());
    assert.deepEqual(codeOf(await asUser(read())), [400, 'invalid_grant', 65001]);
    await revokePermission(tenant.view, others.id);
    for (const principalId of [user.id, null]) {
      const { id } = await consent('Data.Read', principalId);
      const answer = await asUser(read());
      assert.equal(claimsOf(answer).scp, 'Data.Read');
      assert.equal(answer.body.scope, read());
      const more = await asUser(`${read()} ${apiUri()}/Data.Write`);
      assert.deepEqual(codeOf(more), [400, 'invalid_grant', 65001]);
      await revokePermission(tenant.view, id);
    }
  });

  test('by .default are those consented to; none at all is no token', async () => {
    const all = `${apiUri()}/.default`;
    assert.deepEqual(codeOf(await asUser(all)), [400, 'invalid_grant', 65001]);
    const { id } = await consent('Data.Read Data.Off Data.Gone', user.id);
    const answer = await asUser(all);
    assert.equal(claimsOf(answer).scp, 'Data.Read');
    assert.equal(answer.body.scope, `${read()} ${all}`);
    await revokePermission(tenant.view, id);
  });

  test('of a pre-authorized client need none, and only those that were named', async () => {
    await setApi({
      preAuthorizedApplications: [
        { appId: caller.application.appId, delegatedPermissionIds: [scopes.write, scopes.off] },
      ],
    });
    assert.equal(claimsOf(await asUser(`${apiUri()}/Data.Write`)).scp, 'Data.Write');
    assert.deepEqual(codeOf(await asUser(read())), [400, 'invalid_grant', 65001]);
    await setApi({});
  });

  test('an application may have its own without asking', async () => {
    const form = { client_id: api.application.appId };
    assert.equal(claimsOf(await asUser(read(), form)).scp, 'Data.Read');
  });

  test('that are absent or disabled, or of an application without any, are refused', async () => {
    for (const name of ['Data.Off', 'Data.Gone', 'user_impersonation', 'data.read']) {
      const answer = await asUser(`${apiUri()}/${name}`);
      assert.deepEqual(codeOf(answer), [400, 'invalid_client', 650053], name);
    }
    const none = await asUser(`${caller.application.appId}/.default`);
    assert.deepEqual(codeOf(none), [400, 'invalid_client', 650053]);
  });

  test('withdrawn consent ends with the next refresh, and the session goes on', async () => {
    const { id } = await consent('Data.Read', user.id);
    const first = await asUser(`${read()} openid offline_access`);
    const refresh = (token: unknown, scope: string) =>
      post({ grant_type: 'refresh_token', refresh_token: z.string().parse(token), scope });
    await revokePermission(tenant.view, id);
    const refused = await refresh(first.body.refresh_token, read());
    assert.deepEqual(codeOf(refused), [400, 'invalid_grant', 65001]);
    tenant.clock.advance(120_000);
    const vault = `${tenant.urls.vaultResource}/.default`;
    assert.equal((await refresh(first.body.refresh_token, vault)).status, 200);
  });

  test('stand in a token of version 2 beside the person’s name', async () => {
    await setApi({ requestedAccessTokenVersion: 2 });
    await consent('Data.Read', user.id);
    const claims = claimsOf(await asUser(read()));
    assert.deepEqual(
      [claims.preferred_username, claims.scp, claims.upn, claims.azpacr],
      [user.userPrincipalName, 'Data.Read', undefined, '0'],
    );
    await setApi({});
  });
});

test('the id token names the roles that the person holds on the client', async () => {
  const role = newGuid();
  await updateApplication(tenant.view, caller.application.id, {
    appRoles: [
      {
        ...{ id: role, value: 'Editor', displayName: 'e', description: 'e', isEnabled: true },
        allowedMemberTypes: ['User'],
      },
    ],
  });
  const input = { principalId: user.id, resourceId: caller.principal.id, appRoleId: role };
  await assignAppRole(tenant.view, input, tenant.clock);
  const answer = await asUser(`${tenant.urls.vaultResource}/.default openid`);
  assert.deepEqual(claimsOf(answer, 'id_token').roles, ['Editor']);
});
