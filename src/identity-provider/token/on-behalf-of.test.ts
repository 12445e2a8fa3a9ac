import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import {
  type Application,
  addPassword,
  createApplication,
  createServicePrincipal,
  createUser,
  deleteUser,
  grantPermission,
  removePassword,
  revokeSignInSessions,
  rollSigningKeys,
  type ServicePrincipal,
  type User,
  updateApplication,
  updateServicePrincipal,
  updateUser,
  wellKnownAppIds,
} from '#directory';
import { newGuid, parseJson, z } from '#kernel';
import { automationHeader, openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

const PASSWORD = 'Correct-Horse-7';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

interface Registered {
  readonly application: Application;
  readonly principal: ServicePrincipal;
  readonly secret: string;
  readonly keyId: string;
}

let tenant: Tenant;
let frontend: Registered;
let middle: Registered;
let user: User;
let count = 0;

interface Kind {
  readonly version?: 1 | 2;
  /** Clients that may call it without consent; those registered before, unless given. */
  readonly trusted?: readonly Registered[];
}

async function register(displayName: string, kind: Kind = {}): Promise<Registered> {
  const { version = 1, trusted = [frontend, middle] } = kind;
  const { view, clock } = tenant;
  const { id, appId } = await createApplication(view, { displayName }, clock);
  const principal = await createServicePrincipal(view, { appId, displayName }, clock);
  const added = await addPassword(view, { id, password: {} }, clock);
  const texts = { adminConsentDisplayName: null, adminConsentDescription: null };
  const scope = { ...texts, userConsentDisplayName: null, userConsentDescription: null };
  const scopeId = newGuid();
  const application = await updateApplication(view, id, {
    identifierUris: [`api://${appId}`],
    api: {
      requestedAccessTokenVersion: version,
      oauth2PermissionScopes: [
        { ...scope, id: scopeId, value: 'call', type: 'User', isEnabled: true },
      ],
      preAuthorizedApplications: trusted.map(({ application: { appId: client } }) => ({
        appId: client,
        delegatedPermissionIds: [scopeId],
      })),
      acceptMappedClaims: null,
      knownClientApplications: [],
    },
  });
  return { application, principal, secret: added.secretText, keyId: added.credential.keyId };
}

/** An administrator's consent for everyone: the service may use vaults in people's names. */
async function allowVaults({ principal }: Registered): Promise<void> {
  const vaults = tenant.directory.servicePrincipalByAppId(wellKnownAppIds.keyVault);
  assert.ok(vaults);
  await grantPermission(tenant.view, {
    clientId: principal.id,
    resourceId: vaults.id,
    consentType: 'AllPrincipals',
    principalId: null,
    scope: 'user_impersonation',
  });
}

before(async () => {
  tenant = await openTenant();
  frontend = await register('frontend', { trusted: [] });
  middle = await register('middle', { trusted: [frontend] });
  await allowVaults(middle);
});

beforeEach(async () => {
  count += 1;
  const passwordProfile = { password: PASSWORD, forceChangePasswordNextSignIn: false };
  const userPrincipalName = `ann${count}@test.localhost`;
  const input = { userPrincipalName, displayName: 'Ann', passwordProfile };
  user = await createUser(tenant.view, input, tenant.clock);
});

function post(form: Readonly<Record<string, string>>): Promise<TestAnswer> {
  return tenant.call({
    url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
    form,
  });
}

const as = ({ application, secret }: Registered) => ({
  client_id: application.appId,
  client_secret: secret,
});
const scopeOf = ({ application }: Registered) => `api://${application.appId}/call`;

/** Ann's token for `resource`, through the frontend. */
async function userToken(resource = middle): Promise<string> {
  const answer = await post({
    ...as(frontend),
    grant_type: 'password',
    username: user.userPrincipalName,
    password: PASSWORD,
    scope: scopeOf(resource),
  });
  return tokenOf(answer);
}

function onBehalf(
  assertion: string,
  form: Readonly<Record<string, string>> = {},
  client: Registered = middle,
) {
  return post({
    ...as(client),
    grant_type: GRANT,
    requested_token_use: 'on_behalf_of',
    scope: `${tenant.urls.vaultResource}/.default`,
    assertion,
    ...form,
  });
}

function tokenOf(answer: TestAnswer): string {
  assert.equal(answer.status, 200, answer.text);
  return z.string().parse(answer.body.access_token);
}

function claimsOf(token: string): Record<string, unknown> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return z.record(z.string(), z.unknown()).parse(parseJson(payload));
}

const codeOf = ({ status, body }: TestAnswer) => [
  status,
  body.error,
  z.array(z.int()).parse(body.error_codes)[0],
];

function opens(token: string): string {
  try {
    const header = `Bearer ${token}`;
    return tenant.authenticator.authenticate(header, tenant.audiences.vault).objectId;
  } catch (error) {
    return z.object({ refusal: z.object({ what: z.string() }) }).parse(error).refusal.what;
  }
}

describe('a person’s token is passed on', () => {
  test('in the person’s name, through the service, as strongly as it was signed in', async () => {
    const assertion = await userToken();
    tenant.clock.advance(60_000);
    const token = tokenOf(await onBehalf(assertion));
    assert.equal(opens(token), user.id);
    const claims = claimsOf(token);
    const before = claimsOf(assertion);
    assert.deepEqual(
      [claims.appid, claims.appidacr, claims.idtyp, claims.scp, claims.amr, claims.auth_time],
      [...[middle.application.appId, '1', 'user', 'user_impersonation', ['pwd']], before.auth_time],
    );
  });

  test('to a service that wants tokens of version 2, which passes it on in turn', async () => {
    const last = await register('last', { version: 2 });
    await allowVaults(last);
    const second = tokenOf(await onBehalf(await userToken(), { scope: scopeOf(last) }));
    assert.equal(claimsOf(second).ver, '2.0');
    const third = tokenOf(await onBehalf(second, {}, last));
    assert.equal(opens(third), user.id);
    assert.equal(z.array(z.string()).parse(claimsOf(third).chain).length, 2);
  });

  test('with a refresh token where offline_access is asked for, and none elsewhere', async () => {
    const assertion = await userToken();
    assert.equal((await onBehalf(assertion)).body.refresh_token, undefined);
    const scope = `${tenant.urls.vaultResource}/.default offline_access`;
    const first = await onBehalf(assertion, { scope });
    const refresh_token = z.string().parse(first.body.refresh_token);
    const form = { ...as(middle), grant_type: 'refresh_token', scope, refresh_token };
    const again = tokenOf(await post(form));
    assert.deepEqual(claimsOf(again).chain, claimsOf(tokenOf(first)).chain);
  });

  test('only with consent of its own', async () => {
    const stranger = await register('stranger', { trusted: [frontend] });
    const answer = await onBehalf(await userToken(), { scope: scopeOf(stranger) });
    assert.deepEqual(codeOf(answer), [400, 'invalid_grant', 65001]);
  });

  // Nobody is asked about an application that only wants to be called itself.
  test('to our own planes only where the person, or an administrator, consented', async () => {
    const service = await register('only its own', { trusted: [frontend] });
    const assertion = await userToken(service);
    const { vaultResource, management, graph } = tenant.urls;
    for (const resource of [vaultResource, management, graph]) {
      const refused = await onBehalf(assertion, { scope: `${resource}/.default` }, service);
      assert.deepEqual(codeOf(refused), [400, 'invalid_grant', 65001], resource);
    }
    await allowVaults(service);
    assert.equal(opens(tokenOf(await onBehalf(assertion, {}, service))), user.id);
    const elsewhere = await onBehalf(assertion, { scope: `${management}/.default` }, service);
    assert.deepEqual(codeOf(elsewhere), [400, 'invalid_grant', 65001]);
  });

  test('and a refresh token is not stretched beyond what was consented to', async () => {
    const scope = `${tenant.urls.vaultResource}/.default offline_access`;
    const first = await onBehalf(await userToken(), { scope });
    const refresh_token = z.string().parse(first.body.refresh_token);
    const wider = `${tenant.urls.management}/.default`;
    const form = { ...as(middle), grant_type: 'refresh_token', refresh_token, scope: wider };
    assert.deepEqual(codeOf(await post(form)), [400, 'invalid_grant', 65001]);
  });
});

describe('an assertion is refused', () => {
  test('that is for another service than the one that presents it', async () => {
    const other = await register('other');
    const answer = await onBehalf(await userToken(), {}, other);
    assert.deepEqual(codeOf(answer), [400, 'invalid_grant', 500131]);
    const vault = tokenOf(await onBehalf(await userToken()));
    assert.deepEqual(codeOf(await onBehalf(vault)), [400, 'invalid_grant', 500131]);
  });

  test('of an application: nobody is there to act for', async () => {
    const answer = await post({
      ...as(frontend),
      grant_type: 'client_credentials',
      scope: `api://${middle.application.appId}/.default`,
    });
    const refused = await onBehalf(tokenOf(answer));
    assert.deepEqual(codeOf(refused), [400, 'invalid_grant', 7000114]);
  });

  test('that is no token of ours, was changed, or is an id token', async () => {
    const assertion = await userToken();
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    const changed = Buffer.from(payload, 'base64url').toString().replace('ann', 'bob');
    const forged = Buffer.from(changed).toString('base64url');
    const foreign = await openTenant();
    const vaultHeader = await automationHeader(foreign, foreign.urls.vaultResource);
    for (const bad of [
      'x',
      'a.b.c',
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.`,
      vaultHeader.slice('Bearer '.length),
    ]) {
      assert.deepEqual(codeOf(await onBehalf(bad)), [400, 'invalid_grant', 50013], bad);
    }
    const signedIn = await post({
      ...as(middle),
      grant_type: 'password',
      username: user.userPrincipalName,
      password: PASSWORD,
      scope: `${tenant.urls.vaultResource}/.default openid`,
    });
    const idToken = z.string().parse(signedIn.body.id_token);
    assert.deepEqual(codeOf(await onBehalf(idToken)), [400, 'invalid_grant', 50013]);
  });

  test('whose time is over', async () => {
    const assertion = await userToken();
    tenant.clock.advance(3_700_000);
    assert.deepEqual(codeOf(await onBehalf(assertion)), [400, 'invalid_grant', 500133]);
  });

  test('whose person was disabled, deleted, or whose sessions were ended', async () => {
    const assertion = await userToken();
    tenant.clock.advance(1_000);
    await revokeSignInSessions(tenant.view, user.id, tenant.clock);
    tenant.clock.advance(2_000);
    assert.deepEqual(codeOf(await onBehalf(assertion)), [400, 'invalid_grant', 50173]);
    const next = await userToken();
    const changes = { accountEnabled: false };
    await updateUser(tenant.view, { id: user.id, changes }, tenant.clock);
    assert.deepEqual(codeOf(await onBehalf(next)), [400, 'invalid_grant', 50173]);
    await deleteUser(tenant.view, user.id, tenant.clock);
    assert.deepEqual(codeOf(await onBehalf(next)), [400, 'invalid_grant', 50173]);
  });

  test('made with a signing key that was withdrawn', async () => {
    const assertion = await userToken();
    await rollSigningKeys(tenant.view, tenant.clock);
    assert.deepEqual(codeOf(await onBehalf(assertion)), [400, 'invalid_grant', 50173]);
  });

  test('without a credential of the service, or without saying what it is for', async () => {
    const assertion = await userToken();
    const anonymous = await onBehalf(assertion, { client_secret: '' });
    assert.equal(anonymous.status, 401);
    const unsaid = await onBehalf(assertion, { requested_token_use: '' });
    assert.deepEqual(codeOf(unsaid), [400, 'invalid_request', 900144]);
    const other = await onBehalf(assertion, { requested_token_use: 'logon' });
    assert.deepEqual(codeOf(other), [400, 'invalid_request', 90023]);
    const missing = await onBehalf('');
    assert.deepEqual(codeOf(missing), [400, 'invalid_request', 900144]);
  });
});

describe('what was passed on ends with what came before it', () => {
  async function passedOn() {
    const scope = `${tenant.urls.vaultResource}/.default offline_access`;
    const answer = await onBehalf(await userToken(), { scope });
    const token = tokenOf(answer);
    assert.equal(opens(token), user.id);
    const refresh_token = z.string().parse(answer.body.refresh_token);
    const refresh = () =>
      post({ ...as(middle), grant_type: 'refresh_token', scope, refresh_token });
    return { token, refresh };
  }

  test('when the secret is removed that the first client had its token by', async () => {
    const { view, clock } = tenant;
    const { id } = frontend.application;
    const { token, refresh } = await passedOn();
    const added = await addPassword(view, { id, password: {} }, clock);
    await removePassword(view, id, frontend.keyId);
    assert.equal(opens(token), 'credential');
    assert.deepEqual(codeOf(await refresh()), [400, 'invalid_grant', 50173]);
    frontend = { ...frontend, secret: added.secretText, keyId: added.credential.keyId };
  });

  test('when the first client is disabled, and when the service itself is', async () => {
    for (const one of [frontend, middle]) {
      const { token } = await passedOn();
      await updateServicePrincipal(tenant.view, one.principal.id, { accountEnabled: false });
      assert.equal(opens(token), 'application');
      await updateServicePrincipal(tenant.view, one.principal.id, { accountEnabled: true });
      assert.equal(opens(token), user.id);
    }
  });

  test('when the person’s sessions are ended', async () => {
    const { token, refresh } = await passedOn();
    tenant.clock.advance(1_000);
    await revokeSignInSessions(tenant.view, user.id, tenant.clock);
    assert.equal(opens(token), 'session');
    assert.deepEqual(codeOf(await refresh()), [400, 'invalid_grant', 50173]);
  });
});

test('a token is passed on eight times and no further', async () => {
  let token = await userToken();
  for (let times = 0; times < 8; times += 1) {
    token = tokenOf(await onBehalf(token, { scope: scopeOf(middle) }));
  }
  const once = await onBehalf(token, { scope: scopeOf(middle) });
  assert.deepEqual(codeOf(once), [400, 'invalid_grant', 7000114]);
});
