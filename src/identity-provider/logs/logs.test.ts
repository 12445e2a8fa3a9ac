import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { directoryRoleIds } from '#directory';
import { z } from '#kernel';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { authorizeAddress, makeUser, signIn } from '../authorize/authorize.fixture.ts';
import { GraphCaller, PASSWORD } from '../graph/graph-caller.fixture.ts';

const SIGN_INS = '/auditLogs/signIns';
const AUDITS = '/auditLogs/directoryAudits';
const DENIED = [403, 'Authorization_RequestDenied'];

let admin: GraphCaller;
before(async () => {
  admin = await GraphCaller.administrator();
});

const filtered = (path: string, filter: string, more = '') =>
  admin.get(`${path}?$filter=${encodeURIComponent(filter)}${more}`);

async function newest(path: string, filter: string) {
  const answer = await filtered(path, filter, '&$top=1');
  assert.equal(answer.status, 200, answer.text);
  const [event] = answer.items;
  assert.ok(event, `nothing in the log: ${filter}`);
  return event;
}

function token(form: Readonly<Record<string, string>>, clientAddress = '203.0.113.7') {
  const { tenant } = admin;
  return tenant.call({
    url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
    form: { scope: `${tenant.urls.graph}/.default`, ...form },
    headers: { 'client-request-id': '11111111-2222-3333-4444-555555555555' },
    clientAddress,
  });
}

const wrongSecret = (clientId: string) =>
  token({ grant_type: 'client_credentials', client_id: clientId, client_secret: 'not-the-secret' });

describe('the sign-in log', () => {
  test('tells of an application: who, how, for what, from where', async () => {
    const app = await admin.register('logged in');
    const event = await newest(SIGN_INS, `appId eq '${app.appId}'`);
    assert.equal(event.appDisplayName, 'logged in');
    assert.equal(event.servicePrincipalId, app.principalId);
    assert.equal(event.clientCredentialType, 'secret');
    assert.equal(event.resourceDisplayName, admin.tenant.urls.graph);
    assert.equal(event.ipAddress, '127.0.0.1');
    assert.equal(event.userPrincipalName, null);
    assert.equal(z.object({ errorCode: z.number() }).parse(event.status).errorCode, 0);
    const one = await admin.get(`${SIGN_INS}/${event.id}`);
    assert.equal(one.body.correlationId, event.correlationId);
    assert.equal((await admin.get(`${SIGN_INS}/unknown`)).status, 404);
  });

  test('tells of a refusal with its AADSTS number, and never the secret', async () => {
    const app = await admin.register('refused');
    assert.equal((await wrongSecret(app.appId)).status, 401);
    const event = await newest(SIGN_INS, `appId eq '${app.appId}' and status/errorCode eq 7000215`);
    assert.equal(event.ipAddress, '203.0.113.7');
    assert.equal(event.correlationId, '11111111-2222-3333-4444-555555555555');
    assert.ok(!JSON.stringify(event).includes('not-the-secret'));
  });

  test('tells of a person, also of one who does not exist', async () => {
    const ann = await admin.person('logged.ann');
    const event = await newest(SIGN_INS, "userPrincipalName eq 'logged.ann@test.localhost'");
    assert.equal(event.userId, ann.objectId);
    assert.equal(event.isInteractive, true);
    const guess = {
      grant_type: 'password',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      username: 'nobody@test.localhost',
      password: 'Wrong-Horse-7',
    };
    assert.equal((await token(guess)).status, 400);
    const failed = await newest(SIGN_INS, "userPrincipalName eq 'nobody@test.localhost'");
    assert.equal(failed.userId, null);
    assert.equal(z.object({ errorCode: z.number() }).parse(failed.status).errorCode, 50126);
    assert.ok(!JSON.stringify(failed).includes('Wrong-Horse'));
  });

  test('tells of a person at the pages: the wrong password, and the right one', async () => {
    const { tenant } = admin;
    const user = await makeUser(tenant);
    const browser = new FormBrowser(tenantNetwork(tenant, '198.51.100.4'));
    await browser.open(authorizeAddress(tenant));
    const form = { userName: user.userPrincipalName, password: 'Wrong-Horse-7' };
    await browser.submit('/sign-in/password', form);
    redirected(await signIn(browser, user));
    const { items } = await filtered(
      SIGN_INS,
      `userId eq '${user.id}' and isInteractive eq true`,
      '&$orderby=createdDateTime asc',
    );
    assert.deepEqual(
      items.map(({ status }) => z.object({ errorCode: z.number() }).parse(status).errorCode),
      [50126, 0],
    );
    for (const event of items) {
      assert.equal(event.ipAddress, '198.51.100.4');
      assert.equal(event.appDisplayName, 'Microsoft Azure CLI');
      assert.ok(!JSON.stringify(event).includes('Wrong-Horse'));
    }
  });

  test('shows the newest first, page by page, within a time', async () => {
    const app = await admin.register('paged');
    const { clock } = admin.tenant;
    for (let at = 0; at < 5; at += 1) {
      clock.advance(1000);
      await wrongSecret(app.appId);
    }
    const filter = `appId eq '${app.appId}' and status/errorCode ne 0`;
    const times: string[] = [];
    let page = await filtered(SIGN_INS, filter, '&$top=2');
    for (;;) {
      assert.ok(page.items.length <= 2);
      times.push(...page.items.map((event) => String(event.createdDateTime)));
      const next = z.string().optional().parse(page.body['@odata.nextLink']);
      if (next === undefined) break;
      page = await admin.get(next);
    }
    assert.equal(times.length, 5);
    assert.deepEqual(times, times.toSorted().toReversed());
    const since = await filtered(SIGN_INS, `${filter} and createdDateTime ge ${times[2]}`);
    assert.equal(since.items.length, 3);
    const upward = await filtered(SIGN_INS, filter, '&$orderby=createdDateTime asc');
    assert.deepEqual(
      upward.items.map((event) => event.createdDateTime),
      times.toReversed(),
    );
    clock.advance(-5000);
  });

  test('folds a flood of the same into few entries that say how many', async () => {
    const app = await admin.register('flooded');
    await admin.tenant.logs.flush();
    for (let at = 0; at < 50; at += 1) await wrongSecret(app.appId);
    const { items } = await filtered(SIGN_INS, `appId eq '${app.appId}' and status/errorCode ne 0`);
    assert.equal(items.length, 6);
    const occurrences = items.map((event) => z.number().parse(event.occurrences));
    assert.equal(
      occurrences.reduce((sum, one) => sum + one),
      50,
    );
  });
});

describe('the directory audit log', () => {
  test('tells of each change: by whom, of what, from which value to which', async () => {
    const id = await admin.createUser('audited');
    await admin.patch(`/users/${id}`, { displayName: 'Renamed' });
    const event = await newest(AUDITS, "activityDisplayName eq 'Update user'");
    const shape = z.object({
      result: z.literal('success'),
      category: z.literal('UserManagement'),
      initiatedBy: z.object({ app: z.object({ servicePrincipalId: z.string() }) }),
      targetResources: z.tuple([
        z.object({
          id: z.literal(id),
          type: z.literal('User'),
          userPrincipalName: z.literal('audited@test.localhost'),
          modifiedProperties: z.tuple([
            z.object({
              displayName: z.literal('displayName'),
              oldValue: z.literal('"audited"'),
              newValue: z.literal('"Renamed"'),
            }),
          ]),
        }),
      ]),
    });
    const { initiatedBy } = shape.parse(event);
    assert.equal(initiatedBy.app.servicePrincipalId, admin.objectId);
    assert.equal((await admin.get(`${AUDITS}/${event.id}`)).body.result, 'success');
  });

  test('holds no password, hash, key or secret, whatever is changed', async () => {
    const app = await admin.register('secretive');
    const person = await admin.person('secretive');
    const change = { currentPassword: PASSWORD, newPassword: 'Correct-Horse-8' };
    assert.equal((await person.post('/me/changePassword', change)).status, 204);
    const jwk = { kty: 'RSA', n: 'modulus-of-the-issuer', e: 'AQAB' };
    await admin.post(`/applications/${app.id}/federatedIdentityCredentials`, {
      name: 'trust',
      issuer: 'https://issuer.test',
      subject: 's',
      audiences: ['a'],
      jwks: { keys: [jwk] },
    });
    const all = await admin.get(`${AUDITS}?$top=999`);
    assert.ok(all.items.length > 5);
    for (const secret of [
      PASSWORD,
      change.newPassword,
      app.clientSecret,
      'modulus-of-the-issuer',
      '$argon2id',
      'secretHash',
      admin.tenant.directory.user(person.objectId)?.passwordHash ?? '?',
    ]) {
      assert.ok(!all.text.includes(secret), secret);
    }
    const reset = await newest(AUDITS, "activityDisplayName eq 'Reset user password'");
    assert.ok(JSON.stringify(reset.initiatedBy).includes('secretive@test.localhost'));
    const title = 'Update application – Certificates and secrets management';
    await newest(AUDITS, `activityDisplayName eq '${title}'`);
  });

  test('names members and roles as they come and go', async () => {
    const group = await admin.createGroup('watched');
    const user = await admin.createUser('watched');
    await admin.post(`/groups/${group}/members/$ref`, admin.reference(user));
    await admin.delete(`/groups/${group}/members/${user}/$ref`);
    await admin.post(
      `/directoryRoles/${directoryRoleIds.directoryReaders}/members/$ref`,
      admin.reference(user),
    );
    await admin.delete(`/groups/${group}`);
    for (const activity of [
      'Add group',
      'Add member to group',
      'Remove member from group',
      'Add member to role',
      'Delete group',
    ]) {
      const event = await newest(AUDITS, `activityDisplayName eq '${activity}'`);
      if (activity.includes('member')) assert.ok(JSON.stringify(event).includes(user), activity);
    }
  });

  test('tells of refused attempts, but not of what only reads', async () => {
    const person = await admin.person('trespasser');
    const victim = await admin.createUser('victim');
    assert.deepEqual((await person.delete(`/users/${victim}`)).refusal, DENIED);
    await person.post('/me/getMemberGroups');
    await person.get('/users');
    const { items } = await filtered(AUDITS, "result eq 'failure'");
    const mine = items.filter((event) => JSON.stringify(event).includes(person.objectId));
    assert.deepEqual(
      mine.map((event) => event.activityDisplayName),
      ['User delete'],
    );
    assert.ok(JSON.stringify(mine[0]?.targetResources).includes('victim@test.localhost'));
  });
});

describe('the logs', () => {
  test('are read with a role only', async () => {
    const person = await admin.person('curious');
    const reader = await admin.person('reader', directoryRoleIds.globalReader);
    const other = await admin.person('other', directoryRoleIds.userAdministrator);
    for (const path of [SIGN_INS, AUDITS]) {
      assert.deepEqual((await person.get(path)).refusal, DENIED);
      assert.deepEqual((await other.get(path)).refusal, DENIED);
      assert.equal((await reader.get(path)).status, 200);
    }
  });

  test('refuse a question they do not understand', async () => {
    for (const query of [
      '$orderby=appId',
      '$orderby=createdDateTime upward',
      '$filter=x',
      '$search=x',
      '$count=true',
      '$skiptoken=x',
      '$top=0',
    ]) {
      assert.equal((await admin.get(`${SIGN_INS}?${query}`)).status, 400, query);
    }
  });

  test('are forgotten after 30 days', async () => {
    const one = await GraphCaller.administrator();
    await one.createUser('old');
    await one.tenant.logs.flush();
    const days = 24 * 3_600_000;
    await one.tenant.logs.dropExpired(one.tenant.clock.now() + 29 * days);
    assert.ok((await one.get(AUDITS)).items.length > 0);
    await one.tenant.logs.dropExpired(one.tenant.clock.now() + 31 * days);
    assert.equal((await one.get(AUDITS)).items.length, 0);
    assert.equal((await one.get(SIGN_INS)).items.length, 0);
  });
});
