import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import { deleteUser, revokeSignInSessions, type User, updateUser } from '#directory';
import { FormBrowser, redirected, tenantNetwork } from '#test/kit/form-browser.ts';
import { openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';
import {
  authorizeAddress,
  isSignedIn,
  makeApplication,
  makeUser,
  newProofKey,
  PASSWORD,
  redeem,
  said,
  signIn,
} from '../authorize/authorize.fixture.ts';

const HOUR_MS = 3_600_000;
const SESSION = '__Host-strongroom-session';
const NEW_PASSWORD = 'Battery-Staple-9';

let tenant: Tenant;
let user: User;
let browser: FormBrowser<TestAnswer>;
let addresses = 0;
before(async () => {
  tenant = await openTenant();
});
beforeEach(async () => {
  user = await makeUser(tenant);
  addresses += 1;
  browser = new FormBrowser(tenantNetwork(tenant, `10.1.0.${addresses}`));
});

async function signedIn(): Promise<FormBrowser<TestAnswer>> {
  await browser.open(authorizeAddress(tenant));
  redirected(await signIn(browser, user));
  return browser;
}

describe('every page', () => {
  test('is found from the bare host name, which a new installation shows', async () => {
    const { status, headers } = await browser.open('/');
    assert.deepEqual([status, headers.Location], [302, '/security-info']);
  });

  test('forbids frames, caches, referrers, foreign content and inline script', async () => {
    const pages = [
      await browser.open(authorizeAddress(tenant)),
      await browser.open('/security-info'),
      await browser.open('/common/oauth2/v2.0/logout'),
      await browser.open(authorizeAddress(tenant, { redirect_uri: 'https://evil.example' })),
    ];
    for (const { headers, text } of pages) {
      const policy = headers['Content-Security-Policy'] ?? '';
      assert.match(policy, /^default-src 'none'; style-src 'self'; script-src 'self';/);
      assert.match(policy, /frame-ancestors 'none'; base-uri 'none'$/);
      assert.doesNotMatch(policy, /unsafe|\*/);
      assert.equal(headers['X-Frame-Options'], 'DENY');
      assert.equal(headers['Referrer-Policy'], 'no-referrer');
      assert.equal(headers['Cache-Control'], 'no-store');
      assert.doesNotMatch(text, /<script>|\son[a-z]+=|\sstyle=/);
      assert.match(text, /<html lang="en">/);
      for (const [, name] of text.matchAll(/<label for="([^"]+)"/g)) {
        assert.match(text, new RegExp(`id="${name}"`));
      }
    }
  });

  test('shows what came in as text', async () => {
    const page = await browser.open(
      authorizeAddress(tenant, { login_hint: `"><script>alert(1)</script>` }),
    );
    assert.doesNotMatch(page.text, /<script>alert/);
  });

  test('has its style and scripts in files that may be kept for good', async () => {
    const page = await browser.open(authorizeAddress(tenant));
    const files = [...page.text.matchAll(/"(\/sign-in\/assets\/[^"]+)"/g)].map(([, file]) => file);
    assert.equal(files.length, 3);
    for (const file of files) {
      const answer = await browser.open(file ?? '');
      assert.equal(answer.status, 200);
      assert.match(answer.headers['Cache-Control'] ?? '', /immutable/);
    }
    assert.equal((await browser.open('/sign-in/assets/other.css')).status, 404);
  });
});

describe('a session', () => {
  test('its cookies are for this host, TLS and no script', async () => {
    await browser.open(authorizeAddress(tenant));
    const [first] = [browser.page.headers['Set-Cookie'] ?? ''];
    const answer = await signIn(browser, user);
    for (const cookie of [first, answer.headers['Set-Cookie'] ?? '']) {
      assert.match(cookie, /^__Host-strongroom-(browser|session)=[\w-]{43}; /);
      assert.match(cookie, /; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    }
  });

  test('ends when it lies idle, and a day after the sign-in however busy', async () => {
    await signedIn();
    for (let hour = 0; hour < 23; hour += 1) {
      tenant.clock.advance(HOUR_MS);
      assert.ok(await isSignedIn(tenant, browser), `hour ${hour}`);
    }
    tenant.clock.advance(HOUR_MS);
    assert.equal(await isSignedIn(tenant, browser), false);
    await signedIn();
    tenant.clock.advance(8 * HOUR_MS);
    assert.equal(await isSignedIn(tenant, browser), false);
  });

  test('ends at once with the account, its sessions or its password', async () => {
    const { view, clock } = tenant;
    const { id } = user;
    const ends: readonly (() => Promise<unknown>)[] = [
      () => revokeSignInSessions(view, id, clock),
      () => updateUser(view, { id, changes: { accountEnabled: false } }, clock),
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
      () => deleteUser(view, id, clock),
    ];
    for (const end of ends) {
      await updateUser(view, { id, changes: { accountEnabled: true } }, clock);
      tenant.clock.advance(2000);
      browser = new FormBrowser(tenantNetwork(tenant));
      await signedIn();
      assert.ok(await isSignedIn(tenant, browser));
      await end();
      assert.equal(await isSignedIn(tenant, browser), false);
    }
  });

  test('fixation: a cookie from before the sign-in is worth nothing after it', async () => {
    await signedIn();
    const planted = browser.clone();
    await browser.open(authorizeAddress(tenant, { prompt: 'login' }));
    await signIn(browser, user);
    assert.notEqual(browser.cookies.get(SESSION), planted.cookies.get(SESSION));
    assert.equal(await isSignedIn(tenant, planted), false);
    assert.ok(await isSignedIn(tenant, browser));
  });

  test('fixation: a made-up session cookie is not taken over', async () => {
    const planted = 'A'.repeat(43);
    browser.cookies.set(SESSION, planted);
    await signedIn();
    assert.notEqual(browser.cookies.get(SESSION), planted);
  });

  test('no cookie is taken from anything but its own name and shape', async () => {
    const { cookies } = await signedIn();
    const value = cookies.get(SESSION) ?? '';
    for (const cookie of [
      `strongroom-session=${value}`,
      `${SESSION}=${value}A`,
      `x${SESSION}=${value}`,
    ]) {
      const answer = await new FormBrowser(tenantNetwork(tenant)).open(
        authorizeAddress(tenant, { prompt: 'none' }),
        { cookie },
      );
      assert.equal(redirected(answer).searchParams.get('error'), 'login_required', cookie);
    }
  });
});

describe('signing out', () => {
  test('asks, then forgets who was signed in, also for who copied the cookie', async () => {
    await signedIn();
    const thief = browser.clone();
    const page = await browser.open('/common/oauth2/v2.0/logout');
    assert.match(page.text, new RegExp(user.userPrincipalName));
    assert.ok(await isSignedIn(tenant, thief));
    await browser.open('/common/oauth2/v2.0/logout');
    const answer = await browser.submit('/sign-out');
    assert.match(answer.text, /You are signed out/);
    assert.equal(browser.cookies.has(SESSION), false);
    assert.equal(await isSignedIn(tenant, thief), false);
  });

  test('leads on to a registered address only', async () => {
    const uri = 'https://app.example/bye';
    await makeApplication(tenant, { webRedirectUris: [uri] });
    const leave = (to: string) =>
      browser.open(
        `/common/oauth2/v2.0/logout?post_logout_redirect_uri=${encodeURIComponent(to)}&state=s`,
      );
    assert.equal(redirected(await leave(uri)).href, `${uri}?state=s`);
    for (const foreign of ['https://evil.example/', `${uri}.evil.example`, 'javascript:alert(1)']) {
      assert.equal((await leave(foreign)).status, 200, foreign);
    }
    await signedIn();
    await leave(uri);
    assert.equal(redirected(await browser.submit('/sign-out')).href, `${uri}?state=s`);
  });
});

describe('CSRF: a form', () => {
  const actions = [
    '/sign-in/password',
    '/sign-in/code',
    '/sign-in/passkey',
    '/sign-in/account',
    '/sign-in/new-password',
    '/sign-in/consent',
    '/sign-in/cancel',
    '/security-info/password',
    '/security-info/password/change',
    '/security-info/authenticator',
    '/security-info/authenticator/confirm',
    '/security-info/authenticator/remove',
    '/security-info/passkey',
    '/security-info/passkey/remove',
    '/sign-out',
  ];
  for (const action of actions) {
    test(`${action} is taken from this browser and this site only`, async () => {
      await signedIn();
      const foreign = new FormBrowser(tenantNetwork(tenant, '10.2.0.1'));
      await foreign.open(authorizeAddress(tenant));
      const stolen = foreign.forms()[0]?.fields.flow ?? '';
      await browser.open('/security-info');
      const own = browser.forms()[0]?.fields.flow ?? '';
      assert.deepEqual(said(await browser.post(action, {})), [400, 'AADSTS90014']);
      assert.deepEqual(said(await browser.post(action, { flow: 'x' })), [400, 'AADSTS90014']);
      assert.deepEqual(said(await browser.post(action, { flow: stolen })), [400, 'AADSTS90014']);
      const damaged = `${own.slice(0, -4)}AAAA`;
      assert.deepEqual(said(await browser.post(action, { flow: damaged })), [400, 'AADSTS90014']);
      const cross = { 'sec-fetch-site': 'cross-site' };
      const fromElsewhere = await browser.post(action, { flow: own }, cross);
      assert.deepEqual(said(fromElsewhere), [403, 'AADSTS900144']);
      const neighbour = { 'sec-fetch-site': 'same-site' };
      assert.equal((await browser.post(action, { flow: own }, neighbour)).status, 403);
      assert.ok(await isSignedIn(tenant, browser));
    });
  }

  test('is good for an hour, what was proved in it for ten minutes', async () => {
    const mustChange = await makeUser(tenant, { mustChange: true });
    await browser.open(authorizeAddress(tenant));
    const early = browser.clone();
    tenant.clock.advance(HOUR_MS);
    assert.deepEqual(said(await signIn(early, user)), [400, 'AADSTS90014']);
    await browser.open(authorizeAddress(tenant));
    assert.match((await signIn(browser, mustChange)).text, /Choose a new password/);
    tenant.clock.advance(600_000);
    const late = await browser.submit('/sign-in/new-password', {
      password: PASSWORD,
      newPassword: NEW_PASSWORD,
      repeated: NEW_PASSWORD,
    });
    assert.deepEqual(said(late), [400, 'AADSTS90014']);
  });

  test('that is too large is refused', async () => {
    await browser.open(authorizeAddress(tenant));
    const large = { userName: 'a'.repeat(257), password: PASSWORD };
    assert.equal((await browser.submit('/sign-in/password', large)).status, 400);
    assert.equal(
      (await browser.post('/sign-in/password', { flow: 'a'.repeat(131_073) })).status,
      400,
    );
  });

  test('is taken 300 times a minute from one address', async () => {
    for (let count = 0; count < 300; count += 1) await browser.post('/sign-out', {});
    assert.deepEqual(said(await browser.post('/sign-out', {})), [429, 'AADSTS90055']);
    const page = await browser.open(authorizeAddress(tenant));
    assert.deepEqual([...said(page), page.headers['Retry-After']], [429, 'AADSTS90055', '60']);
    tenant.clock.advance(60_000);
    assert.equal((await browser.open(authorizeAddress(tenant))).status, 200);
  });
});

describe('nothing tells who exists', () => {
  test('a wrong password, an unknown and a deleted user get the same page', async () => {
    const shape = async (userName: string, password: string) => {
      await browser.open(authorizeAddress(tenant));
      const answer = await browser.submit('/sign-in/password', { userName, password });
      return answer.text
        .replaceAll(userName, 'NAME')
        .replace(/name="flow" value="[^"]*"/g, '')
        .replace(/data-options="[^"]*"/g, '');
    };
    const wrong = await shape(user.userPrincipalName, 'Wrong-Horse-7');
    assert.match(wrong, /AADSTS50126/);
    assert.equal(await shape('nobody@test.localhost', PASSWORD), wrong);
    await deleteUser(tenant.view, user.id, tenant.clock);
    assert.equal(await shape(user.userPrincipalName, PASSWORD), wrong);
  });

  test('that an account is disabled is said to who knows its password', async () => {
    const { id } = user;
    await updateUser(tenant.view, { id, changes: { accountEnabled: false } }, tenant.clock);
    await browser.open(authorizeAddress(tenant));
    assert.deepEqual(said(await signIn(browser, user)), [400, 'AADSTS50057']);
    const { userPrincipalName: userName } = user;
    const wrong = await browser.submit('/sign-in/password', { userName, password: 'x' });
    assert.deepEqual(said(wrong), [400, 'AADSTS50126']);
  });

  test('lockout: other letters, spaces and new pages do not get round it', async () => {
    const { userPrincipalName } = user;
    const names = [userPrincipalName, userPrincipalName.toUpperCase(), ` ${userPrincipalName} `];
    for (let guess = 0; guess < 10; guess += 1) {
      await browser.open(authorizeAddress(tenant));
      const userName = names[guess % names.length] ?? '';
      const answer = await browser.submit('/sign-in/password', { userName, password: `x${guess}` });
      assert.deepEqual(said(answer), [400, 'AADSTS50126']);
    }
    for (const userName of names) {
      const answer = await browser.submit('/sign-in/password', { userName, password: PASSWORD });
      assert.deepEqual(said(answer), [400, 'AADSTS50053']);
    }
    const elsewhere = new FormBrowser(tenantNetwork(tenant, '10.3.0.1'));
    await elsewhere.open(authorizeAddress(tenant));
    assert.ok(redirected(await signIn(elsewhere, user)));
  });

  test('lockout: the token endpoint and the pages count together', async () => {
    const { userPrincipalName: userName } = user;
    await browser.open(authorizeAddress(tenant));
    for (let guess = 0; guess < 10; guess += 1) {
      await browser.submit('/sign-in/password', { userName, password: `x${guess}` });
    }
    const answer = await tenant.call({
      url: `${tenant.urls.login}/organizations/oauth2/v2.0/token`,
      clientAddress: `10.1.0.${addresses}`,
      form: {
        grant_type: 'password',
        client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
        scope: 'openid',
        username: userName,
        password: PASSWORD,
      },
    });
    assert.match(answer.text, /AADSTS50053/);
  });
});

describe('a one-time password', () => {
  test('has to be changed before anything comes of it', async () => {
    user = await makeUser(tenant, { mustChange: true });
    await browser.open(authorizeAddress(tenant));
    await signIn(browser, user);
    assert.equal(await isSignedIn(tenant, browser.clone()), false);
    const change = (values: Record<string, string>) =>
      browser.submit('/sign-in/new-password', {
        password: PASSWORD,
        newPassword: NEW_PASSWORD,
        repeated: NEW_PASSWORD,
        ...values,
      });
    assert.deepEqual(said(await change({ repeated: 'Other-Staple-9' })), [400, 'AADSTS50056']);
    const weak = { newPassword: 'weak', repeated: 'weak' };
    assert.deepEqual(said(await change(weak)), [400, 'AADSTS50178']);
    const same = { newPassword: PASSWORD, repeated: PASSWORD };
    assert.deepEqual(said(await change(same)), [400, 'AADSTS50178']);
    const name = user.userPrincipalName.split('@')[0] ?? '';
    const named = { newPassword: `X-${name}-9`, repeated: `X-${name}-9` };
    assert.deepEqual(said(await change(named)), [400, 'AADSTS50178']);
    assert.deepEqual(said(await change({ password: 'wrong' })), [400, 'AADSTS50126']);
    assert.ok(redirected(await change({})).searchParams.get('code'));
    assert.ok(await isSignedIn(tenant, browser));
    await browser.open(authorizeAddress(tenant, { prompt: 'login' }));
    assert.deepEqual(said(await signIn(browser, user)), [400, 'AADSTS50126']);
  });
});

describe('consent', () => {
  const redirectUri = 'https://app.example/done';
  const asking = async () => {
    const { application } = await makeApplication(tenant, { webRedirectUris: [redirectUri] });
    const values = { client_id: application.appId, redirect_uri: redirectUri };
    return (changes = {}) => browser.open(authorizeAddress(tenant, { ...values, ...changes }));
  };

  test('is asked for once, and kept as Graph’s oauth2PermissionGrant', async () => {
    const open = await asking();
    await open();
    const page = await signIn(browser, user);
    assert.match(page.text, /Permissions requested/);
    assert.match(page.text, /Use secrets, keys and certificates as you/);
    assert.ok(redirected(await browser.submit('/sign-in/consent', { answer: 'yes' })));
    const grant = tenant.directory.permissionGrants().at(-1);
    assert.deepEqual(
      [grant?.consentType, grant?.principalId, grant?.scope],
      ['Principal', user.id, 'user_impersonation'],
    );
    assert.ok(redirected(await open()).searchParams.get('code'));
    assert.match((await open({ prompt: 'consent' })).text, /Permissions requested/);
  });

  test('declined leaves nothing behind and is told to the client', async () => {
    const open = await asking();
    await open();
    await signIn(browser, user);
    const count = tenant.directory.permissionGrants().length;
    const answer = await browser.submit('/sign-in/consent', { answer: 'no' });
    assert.equal(redirected(answer).searchParams.get('error'), 'access_denied');
    assert.equal(tenant.directory.permissionGrants().length, count);
    const silent = redirected(await open({ prompt: 'none' }));
    assert.equal(silent.searchParams.get('error'), 'consent_required');
  });

  test('for one resource opens no other: not by the code, not by the refresh token', async () => {
    const { application } = await makeApplication(tenant, {
      publicClientRedirectUris: ['http://localhost'],
    });
    const { verifier, challenge } = newProofKey();
    const asked = { client_id: application.appId, scope: 'User.Read offline_access' };
    const codeFor = async () => {
      const address = authorizeAddress(tenant, { ...asked, code_challenge: challenge });
      const page = await browser.open(address);
      if (/action="\/sign-in\/password"/.test(page.text)) {
        await signIn(browser, user);
        await browser.submit('/sign-in/consent', { answer: 'yes' });
      }
      return redirected(browser.page).searchParams.get('code') ?? '';
    };
    const form = { client_id: application.appId, code_verifier: verifier };
    const scope = `${tenant.urls.vaultResource}/.default`;
    const stretched = await redeem(tenant, { ...form, code: await codeFor(), scope });
    assert.match(stretched.text, /AADSTS65001/);
    const tokens = await redeem(tenant, { ...form, code: await codeFor() });
    assert.equal(tokens.status, 200, tokens.text);
    const refresh = { grant_type: 'refresh_token', refresh_token: `${tokens.body.refresh_token}` };
    const other = await redeem(tenant, { client_id: application.appId, ...refresh, scope });
    assert.match(other.text, /AADSTS65001/);
    const same = { client_id: application.appId, ...refresh, scope: 'User.Read' };
    assert.equal((await redeem(tenant, same)).status, 200);
  });

  test('for everyone is given by an administrator only', async () => {
    const open = await asking();
    await open();
    const page = await signIn(browser, user);
    assert.doesNotMatch(page.text, /name="everyone"/);
    await browser.submit('/sign-in/consent', { answer: 'yes', everyone: 'yes' });
    assert.equal(tenant.directory.permissionGrants().at(-1)?.consentType, 'Principal');
  });
});
