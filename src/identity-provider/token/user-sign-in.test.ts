import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import {
  createApplication,
  createServicePrincipal,
  createUser,
  deleteUser,
  revokeSignInSessions,
  type User,
  updateUser,
  wellKnownAppIds,
} from '#directory';
import { ManualClock, parseJson, z } from '#kernel';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import { purgeExpiredSignIns } from './refresh-token-store.ts';
import { SignInLimits } from './sign-in-limits.ts';

const PASSWORD = 'Correct-Horse-7';
const DAY_MS = 24 * 3_600_000;

let tenant: Tenant;
let user: User;
let address = 0;
before(async () => {
  tenant = await openTenant();
});
beforeEach(async () => {
  address += 1;
  const userPrincipalName = `user${address}@test.localhost`;
  const passwordProfile = { password: PASSWORD, forceChangePasswordNextSignIn: false };
  const input = { userPrincipalName, displayName: 'Ann', passwordProfile };
  user = await createUser(tenant.view, input, tenant.clock);
});

function post(form: Readonly<Record<string, string>>, path = '/organizations/oauth2/v2.0/token') {
  return tenant.call({
    url: tenant.urls.login + path,
    clientAddress: `10.0.0.${address}`,
    form: {
      client_id: wellKnownAppIds.azureCli,
      client_info: '1',
      scope: `${tenant.urls.vaultResource}/.default openid profile offline_access`,
      ...form,
    },
  });
}

const signIn = (form: Readonly<Record<string, string>> = {}) =>
  post({
    grant_type: 'password',
    username: user.userPrincipalName,
    password: PASSWORD,
    ...form,
  });
const refresh = (token: string, form: Readonly<Record<string, string>> = {}) =>
  post({ grant_type: 'refresh_token', refresh_token: token, ...form });

const text = (value: unknown) => z.string().parse(value);
const codes = ({ status, body }: TestAnswer) => [
  status,
  body.error,
  z.array(z.int()).parse(body.error_codes)[0],
];
function claimsOf(token: unknown): Record<string, unknown> {
  const payload = Buffer.from(text(token).split('.')[1] ?? '', 'base64url').toString();
  return z.record(z.string(), z.unknown()).parse(parseJson(payload));
}
const opens = (answer: TestAnswer) =>
  tenant.authenticator.authenticate(`Bearer ${answer.body.access_token}`, tenant.audiences.vault);

describe('a person signs in', () => {
  test('and the client gets all that MSAL needs', async () => {
    const answer = await signIn();
    assert.equal(answer.status, 200, answer.text);
    const resource = tenant.urls.vaultResource;
    assert.equal(answer.body.scope, `${resource}/user_impersonation ${resource}/.default`);
    assert.equal(answer.body.foci, '1');
    const info = Buffer.from(text(answer.body.client_info), 'base64url').toString();
    assert.deepEqual(parseJson(info), { uid: user.id, utid: tenant.tenantId });
    const id = claimsOf(answer.body.id_token);
    assert.equal(id.aud, wellKnownAppIds.azureCli);
    assert.equal(id.iss, `${tenant.urls.login}/${tenant.tenantId}/v2.0`);
    assert.equal(id.preferred_username, user.userPrincipalName);
    assert.equal(id.tid, tenant.tenantId);
    const access = claimsOf(answer.body.access_token);
    assert.deepEqual(
      [access.idtyp, access.appidacr, access.scp],
      ['user', '0', 'user_impersonation'],
    );
    assert.equal(opens(answer).type, 'User');
  });

  test('an id token opens no plane', async () => {
    const header = `Bearer ${(await signIn()).body.id_token}`;
    const everything = new Set([wellKnownAppIds.azureCli, ...tenant.audiences.vault]);
    assert.throws(() => tenant.authenticator.authenticate(header, everything));
  });

  test('a token for one’s own profile reads /me and nothing else', async () => {
    const answer = await signIn({ scope: 'User.Read openid' });
    const headers = { authorization: `Bearer ${answer.body.access_token}` };
    const graph = `${tenant.urls.graph}/v1.0`;
    const me = await tenant.call({ url: `${graph}/me`, headers });
    assert.equal(me.body.id, user.id);
    assert.equal((await tenant.call({ url: `${graph}/users`, headers })).status, 403);
  });

  test('v1 answers strings and a refresh token', async () => {
    const form = { resource: tenant.urls.management, scope: 'openid' };
    const answer = await post(
      { grant_type: 'password', username: user.userPrincipalName, password: PASSWORD, ...form },
      '/common/oauth2/token',
    );
    assert.equal(answer.body.expires_in, '3599');
    assert.equal(answer.body.resource, tenant.urls.management);
    assert.ok(answer.body.refresh_token);
  });
});

describe('nothing tells who exists', () => {
  test('a wrong password, an unknown, a deleted and a disabled user look the same', async () => {
    const wrong = await signIn({ password: 'Wrong-Horse-7' });
    assert.deepEqual(codes(wrong), [400, 'invalid_grant', 50126]);
    const shape = (answer: TestAnswer) => text(answer.body.error_description).split('\r\n')[0];
    const unknown = await signIn({ username: 'nobody@test.localhost' });
    assert.equal(shape(unknown), shape(wrong));
    const { id } = user;
    await updateUser(tenant.view, { id, changes: { accountEnabled: false } }, tenant.clock);
    assert.equal(shape(await signIn({ password: 'Wrong-Horse-7' })), shape(wrong));
    assert.deepEqual(codes(await signIn()), [400, 'invalid_grant', 50057]);
    await deleteUser(tenant.view, id, tenant.clock);
    assert.equal(shape(await signIn()), shape(wrong));
  });

  test('the lock comes for users that do not exist as for those that do', async () => {
    for (const username of [user.userPrincipalName, `ghost${address}@test.localhost`]) {
      const seen: unknown[] = [];
      for (let guess = 0; guess < 12; guess++) {
        seen.push(codes(await signIn({ username, password: `Guess-${guess}-xx` }))[2]);
      }
      assert.deepEqual(seen, [...Array(10).fill(50126), 50053, 50053], username);
    }
    assert.deepEqual(codes(await signIn()), [400, 'invalid_grant', 50053]);
    tenant.clock.advance(60_000);
    assert.equal((await signIn()).status, 200);
  });
});

test('a one-time password signs nobody in before it is changed', async () => {
  const passwordProfile = { password: 'Another-Horse-8', forceChangePasswordNextSignIn: true };
  await updateUser(tenant.view, { id: user.id, changes: { passwordProfile } }, tenant.clock);
  assert.deepEqual(codes(await signIn({ password: 'Another-Horse-8' })), [
    400,
    'invalid_grant',
    50055,
  ]);
});

describe('refresh tokens', () => {
  test('serve every resource, and are replaced at each use', async () => {
    const first = text((await signIn()).body.refresh_token);
    const scope = `${tenant.urls.management}//.default`;
    const second = await refresh(first, { scope });
    assert.equal(second.status, 200, second.text);
    assert.equal(claimsOf(second.body.access_token).aud, `${tenant.urls.management}/`);
    assert.notEqual(second.body.refresh_token, first);
    assert.equal((await refresh(text(second.body.refresh_token))).status, 200);
  });

  test('a stolen one ends the whole family', async () => {
    const stolen = text((await signIn()).body.refresh_token);
    const current = text((await refresh(stolen)).body.refresh_token);
    tenant.clock.advance(60_000);
    assert.deepEqual(codes(await refresh(stolen)), [400, 'invalid_grant', 50173]);
    assert.equal((await refresh(current)).status, 400);
  });

  test('two requests at once with one token are no theft, and make one new token', async () => {
    const token = text((await signIn()).body.refresh_token);
    const answers = await Promise.all([refresh(token), refresh(token)]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    const made = answers.flatMap(({ body }) => body.refresh_token ?? []);
    assert.equal(made.length, 1);
    assert.equal((await refresh(text(made[0]))).status, 200);
  });

  test('are of no use to another client, and are not harmed by it', async () => {
    const token = text((await signIn()).body.refresh_token);
    const { view, clock } = tenant;
    const input = { displayName: 'thief', isFallbackPublicClient: true };
    const { appId } = await createApplication(view, input, clock);
    await createServicePrincipal(view, { appId, displayName: 'thief' }, clock);
    assert.equal((await refresh(token, { client_id: appId })).status, 400);
    const sibling = { client_id: wellKnownAppIds.azurePowerShell };
    assert.equal((await refresh(token, sibling)).status, 200);
  });

  test('end with the account, the password and the sessions', async () => {
    const { view, clock } = tenant;
    const { id } = user;
    const endings = [
      () => revokeSignInSessions(view, id, clock),
      () =>
        updateUser(
          view,
          {
            id,
            changes: {
              passwordProfile: { password: PASSWORD, forceChangePasswordNextSignIn: false },
            },
          },
          clock,
        ),
      () => updateUser(view, { id, changes: { accountEnabled: false } }, clock),
    ];
    for (const end of endings) {
      const answer = await signIn();
      const token = text(answer.body.refresh_token);
      assert.equal(opens(answer).objectId, id);
      await end();
      assert.equal((await refresh(token)).status, 400);
      assert.throws(() => opens(answer));
    }
  });

  test('a sign-in in the very second of a revocation stands', async () => {
    await revokeSignInSessions(tenant.view, user.id, tenant.clock);
    const answer = await signIn();
    assert.equal(opens(answer).objectId, user.id);
    assert.equal((await refresh(text(answer.body.refresh_token))).status, 200);
  });

  test('die after ninety days without use and are then deleted', async () => {
    const token = text((await signIn()).body.refresh_token);
    tenant.clock.advance(89 * DAY_MS);
    const next = text((await refresh(token)).body.refresh_token);
    await purgeExpiredSignIns(tenant.view, tenant.clock);
    tenant.clock.advance(90 * DAY_MS);
    await purgeExpiredSignIns(tenant.view, tenant.clock);
    const left = await tenant.view.scan({ prefix: 'sign-in/refresh/', limit: 10 });
    assert.equal(left.length, 0);
    assert.equal((await refresh(next)).status, 400);
  });

  test('garbage is refused', async () => {
    const token = text((await signIn()).body.refresh_token);
    const [, family] = token.split('.');
    for (const other of ['x', '1..', `1.${family}.AAAA`, `2${token.slice(1)}`, `${token}.x`]) {
      assert.deepEqual(codes(await refresh(other)), [400, 'invalid_grant', 9002313], other);
    }
    assert.equal((await refresh(token)).status, 200);
  });

  test('nothing that is stored contains one', async () => {
    const token = text((await signIn()).body.refresh_token);
    const kept = await tenant.view.scan({ prefix: 'sign-in/', limit: 100 });
    assert.ok(kept.length > 0);
    assert.ok(!JSON.stringify(kept).includes(token.split('.')[2] ?? token));
  });
});

describe('which client', () => {
  test('a confidential application must prove itself for people, too', async () => {
    const { clientId, clientSecret } = tenant.made.automation;
    assert.deepEqual(codes(await signIn({ client_id: clientId })), [
      401,
      'invalid_client',
      7000218,
    ]);
    const wrong = { client_id: clientId, client_secret: 'guess' };
    assert.deepEqual(codes(await signIn(wrong)), [401, 'invalid_client', 7000215]);
    const right = await signIn({ client_id: clientId, client_secret: clientSecret });
    assert.equal(claimsOf(right.body.access_token).appidacr, '1');
  });

  test('scopes of two resources, or of no known permission, are refused', async () => {
    const { vaultResource, graph } = tenant.urls;
    const two = await signIn({ scope: `${vaultResource}/.default ${graph}/.default` });
    assert.deepEqual(codes(two), [400, 'invalid_scope', 28000]);
    for (const scope of [`${vaultResource}/Everything`, 'Directory.ReadWrite.All']) {
      assert.deepEqual(codes(await signIn({ scope })), [400, 'invalid_scope', 70011], scope);
    }
  });
});

describe('limits on guessing', () => {
  test('count attempts from their beginning, so many at once gain nothing', () => {
    const limits = new SignInLimits(new ManualClock());
    const begun = Array.from({ length: 50 }, () => limits.begin('ann', '10.0.0.1'));
    assert.equal(begun.filter((attempt) => attempt !== undefined).length, 10);
  });

  test('do not lock the user out elsewhere, until guesses come from everywhere', () => {
    const limits = new SignInLimits(new ManualClock());
    for (let n = 0; n < 20; n++) limits.begin('ann', '10.0.0.1');
    assert.ok(limits.begin('ann', '10.0.0.2'));
    for (let n = 0; n < 200; n++) limits.begin('ann', `10.0.1.${n}`);
    assert.equal(limits.begin('ann', '10.0.0.3'), undefined);
  });

  test('stop one address from trying many users', () => {
    const limits = new SignInLimits(new ManualClock());
    for (let n = 0; n < 200; n++) limits.begin(`user${n}`, '10.0.0.1');
    assert.equal(limits.begin('another', '10.0.0.1'), undefined);
    assert.ok(limits.begin('another', '10.0.0.2'));
  });

  test('count the addresses of one IPv6 network as one', () => {
    const limits = new SignInLimits(new ManualClock());
    for (let n = 0; n < 200; n++) limits.begin(`user${n}`, `2001:db8:1:2::${n.toString(16)}`);
    assert.equal(limits.begin('another', '2001:db8:1:2:ffff::1'), undefined);
    assert.ok(limits.begin('another', '2001:db8:1:3::1'));
  });

  test('are not lifted by somebody’s own success at the same time', () => {
    const limits = new SignInLimits(new ManualClock());
    for (let n = 0; n < 198; n++) limits.begin(`user${n}`, '10.0.0.1');
    const own = limits.begin('mallory', '10.0.0.1');
    assert.ok(limits.begin('victim', '10.0.0.1'));
    own?.succeeded();
    assert.equal(limits.begin('another', '10.0.0.1'), undefined);
  });

  test('success forgives, and a lock grows with every failure after it', () => {
    const clock = new ManualClock();
    const limits = new SignInLimits(clock);
    for (let n = 0; n < 9; n++) limits.begin('ann', '10.0.0.1');
    limits.begin('ann', '10.0.0.1')?.succeeded();
    for (let n = 0; n < 10; n++) assert.ok(limits.begin('ann', '10.0.0.1'));
    clock.advance(60_000);
    assert.ok(limits.begin('ANN', '10.0.0.1'));
    clock.advance(60_000);
    assert.equal(limits.begin('ann', '10.0.0.1'), undefined);
    clock.advance(60_000);
    assert.ok(limits.begin('ann', '10.0.0.1'));
  });
});
